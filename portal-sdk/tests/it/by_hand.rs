//! The calls of applications without `portal-tower`: the cross-site check, links and sign-out.

use http::header::{COOKIE, HOST};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, Request};
use portal_sdk::authenticator::Authenticator;
use portal_sdk::instance::Instance;
use portal_sdk::portal::{LinkError, PortalPage, ReturnBackUrl, ReturnBackUrlError};
use portal_sdk::request::PublicUrl;
use portal_sdk::sign_out::{SignOutError, sign_out_headers};
use portal_sdk::testing::{FakeBackend, TestInstance, TestKey, TestSession};

use crate::common::{LIVE_KEY, TEST_KEY, TEST_SUFFIX, down, error_answer};

const HERE: &str = "http://localhost:3000/sign-out";

fn clerk() -> TestInstance {
    let settings = Instance::builder(TEST_KEY, "sk_test_x");
    TestInstance::from_builder(settings).unwrap()
}

fn parts(method: Method, url: &str, headers: &[(&str, &str)]) -> Parts {
    let mut request = Request::builder().method(method).uri(url);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(()).unwrap().into_parts().0
}

fn post_of(session: &TestSession) -> Parts {
    session.request(Method::POST, HERE).body(()).unwrap().into_parts().0
}

#[test]
fn cross_site_change_with_cookies_is_recognized() {
    let (cookie, evil) = ((COOKIE.as_str(), "a=b"), ("origin", "https://evil.example"));
    let authenticator = clerk().authenticator();
    for (method, headers, expected) in [
        (Method::POST, vec![cookie, evil], true),
        (Method::POST, vec![cookie, ("sec-fetch-site", "same-site")], true),
        (Method::POST, vec![cookie, ("origin", "http://localhost:3000")], false),
        (Method::POST, vec![evil], false),
        (Method::GET, vec![cookie, evil], false),
    ] {
        let parts = parts(method, HERE, &headers);
        assert_eq!(authenticator.is_cross_site(&parts), expected, "{headers:?}");
    }
}

#[test]
fn link_leads_back_to_the_request_without_clerks_parameters() {
    let authenticator = clerk().authenticator();
    let back = "redirect_url=http%3A%2F%2Flocalhost%3A3000%2Finbox%3Fpage%3D2";
    let expected = format!("https://foo-bar-13.accounts.dev/sign-up?{back}&__clerk_db_jwt=browser");
    for parameter in [
        "",
        "&__clerk_handshake_nonce=n",
        "&__clerk_handshake=h",
        "&__clerk_db_jwt=browser",
    ] {
        let url = format!("http://localhost:3000/inbox?page=2{parameter}");
        let parts = parts(Method::GET, &url, &[(COOKIE.as_str(), "__clerk_db_jwt=browser")]);
        let link = authenticator.link(&parts, PortalPage::SignUp).unwrap();
        assert_eq!(link.as_str(), expected, "{parameter}");
    }
}

#[test]
fn link_back_to_a_url_that_the_portal_drops_is_an_error() {
    let authenticator = clerk().authenticator();
    let origin = "http://localhost:3000/";
    let link = |length: usize| {
        let url = format!("{origin}{}", "a".repeat(length - origin.len()));
        authenticator.link(&parts(Method::GET, &url, &[]), PortalPage::SignIn)
    };
    assert!(link(ReturnBackUrl::MAX_BYTES).is_ok());
    let length = ReturnBackUrl::MAX_BYTES + 1;
    let expected = LinkError::ReturnBackUrl(ReturnBackUrlError::TooLong { length });
    assert_eq!(link(length).unwrap_err().to_string(), expected.to_string());
}

/// The cookies that the fields of a sign-out set, and whether the browser drops its pages.
fn is_signed_out(headers: &HeaderMap) -> bool {
    let cookies: Vec<_> = headers.get_all("set-cookie").iter().collect();
    let suffixed = format!("__session_{TEST_SUFFIX}");
    let are_removed = ["__session", &suffixed]
        .map(|name| format!("{name}=; SameSite=Lax; Path=/; Max-Age=0"))
        .iter()
        .all(|removal| cookies.iter().any(|cookie| **cookie == **removal));
    are_removed && headers["clear-site-data"] == "\"cache\"" && headers["cache-control"] == "no-store"
}

/// Signs out, and returns the fields of the response.
async fn sign_out(clerk: &TestInstance, parts: &Parts) -> Result<HeaderMap, SignOutError> {
    let fields = clerk.authenticator().sign_out(parts).await?;
    let mut headers = HeaderMap::new();
    fields.apply(&mut headers);
    Ok(headers)
}

#[tokio::test]
async fn sign_out_ends_the_session_at_clerk_and_in_this_process() {
    for (is_expired, is_pending) in [(false, false), (true, false), (false, true)] {
        let clerk = clerk();
        let session = clerk.signed_in("user_1").session_id("sess_1");
        let session = session.expired(is_expired).pending(is_pending);
        let fields = sign_out(&clerk, &post_of(&session)).await.unwrap();
        assert!(is_signed_out(&fields), "{fields:?}");
        assert_eq!(clerk.backend().calls(), ["revoke_session sess_1"]);
    }
    let clerk = clerk();
    let session = clerk.signed_in("user_1").session_id("sess_1");
    let authenticator = clerk.authenticator();
    assert!(
        authenticator
            .authenticate(&post_of(&session))
            .await
            .state
            .claims()
            .is_some()
    );
    sign_out(&clerk, &post_of(&session)).await.unwrap();
    let after = authenticator.authenticate(&post_of(&session)).await.state;
    assert_eq!(
        after.reason().map(ToString::to_string).as_deref(),
        Some("session-ended")
    );
    let other = clerk.signed_in("user_1").session_id("sess_2");
    assert!(
        authenticator
            .authenticate(&post_of(&other))
            .await
            .state
            .claims()
            .is_some()
    );
}

#[tokio::test]
async fn sign_out_without_a_genuine_session_removes_cookies_without_a_call() {
    let clerk = clerk();
    let forged = clerk.signed_in("user_1").signed_by(TestKey::generate());
    for parts in [
        parts(Method::POST, HERE, &[]),
        parts(
            Method::POST,
            HERE,
            &[(COOKIE.as_str(), "__session=abc; __client_uat=1")],
        ),
        post_of(&forged),
    ] {
        let fields = sign_out(&clerk, &parts).await.unwrap();
        assert!(is_signed_out(&fields), "{fields:?}");
    }
    assert!(clerk.backend().calls().is_empty());
}

/// Clerk's scripts set their cookies for the whole host, and a removal works only with the same path.
#[test]
fn sign_out_of_an_application_below_a_path_removes_the_cookies_of_the_host() {
    let instance = Instance::builder(LIVE_KEY, "sk_live_x")
        .public_origin("https://app.example.com/shop")
        .build()
        .unwrap();
    let parts = parts(Method::POST, "https://app.example.com/sign-out", &[]);
    let url = PublicUrl::within(&parts, instance.public_origins());
    assert_eq!(url.as_url().path(), "/shop/sign-out");
    let mut headers = HeaderMap::new();
    sign_out_headers(&instance, &url).apply(&mut headers);
    let cookies: Vec<_> = headers
        .get_all("set-cookie")
        .iter()
        .map(|cookie| cookie.to_str().unwrap())
        .collect();
    assert!(
        cookies.len() > 3 && cookies.iter().all(|cookie| cookie.contains("; Path=/;")),
        "{cookies:?}"
    );
}

#[tokio::test]
async fn sign_out_fails_only_if_the_session_may_live_on() {
    for (error, is_over) in [
        (error_answer(404, Some("resource_not_found")), true),
        (error_answer(400, Some("session_not_active")), true),
        (error_answer(404, None), false),
        (error_answer(401, Some("clerk_key_invalid")), false),
        (error_answer(500, None), false),
        (down(), false),
    ] {
        let clerk = clerk();
        clerk.backend().set_revoke_session(Err(error.clone()));
        let session = clerk.signed_in("user_1");
        match sign_out(&clerk, &post_of(&session)).await {
            Ok(fields) => assert!(is_over && is_signed_out(&fields), "{error}"),
            Err(SignOutError::Backend(_)) => assert!(!is_over, "{error}"),
            Err(other) => panic!("{error}: {other}"),
        }
        // Its tokens are rejected here in any case.
        let after = clerk.authenticator().authenticate(&post_of(&session)).await.state;
        assert!(after.claims().is_none(), "{error}");
    }
}

#[tokio::test]
async fn sign_out_without_keys_is_undecided() {
    let backend = FakeBackend::new();
    backend.set_jwks(Err(down()));
    let instance = Instance::builder(TEST_KEY, "sk_test_x").build().unwrap();
    let authenticator = Authenticator::builder(instance).backend(backend.clone()).build();
    let mut request = post_of(&clerk().signed_in("user_1"));
    request.headers.insert(HOST, HeaderValue::from_static("localhost:3000"));
    let error = authenticator.sign_out(&request).await.unwrap_err();
    assert!(matches!(error, SignOutError::Undecided(_)), "{error:?}");
    assert_eq!(backend.calls(), ["jwks"]);
}
