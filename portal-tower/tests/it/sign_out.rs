//! `SignOut`, by its rules.

use portal_tower::portal_sdk::effect::BackendError;
use portal_tower::portal_sdk::instance::InstanceBuilder;
use portal_tower::portal_sdk::testing::FakeBackend;
use portal_tower::portal_sdk::testing::TestKey;
use portal_tower::{AllowCrossSiteLayer, SignOut};
use serde_json::json;
use tower::Layer as _;

use crate::log::Log;
use crate::support::{
    AS_PAGE, AS_SCRIPT, Answer, App, LIVE_ISSUER, LIVE_SUFFIX, SIGNED_OUT, TEST_ISSUER, TEST_SUFFIX, asking_layer,
    down, error_answer, expired, forged_token, layer_with, live, request, send, session, session_token, signed_in,
    test,
};

const HERE: &str = "POST http://localhost:3000/sign-out";

async fn sign_out(builder: InstanceBuilder, clerk: &FakeBackend, target: &str, cookies: &str) -> Answer {
    let service = layer_with(builder, clerk).layer(SignOut::new());
    let answer = send(service, request(target, &[("cookie", cookies), AS_PAGE])).await;
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    answer
}

fn is_signed_out(answer: &Answer) {
    assert_eq!((answer.status, answer.header("location")), (303, Some("/")));
    has_no_session_cookies(answer);
}

/// The browser is left without a session and without the pages it has kept.
fn has_no_session_cookies(answer: &Answer) {
    assert_eq!(answer.all("clear-site-data"), ["\"cache\""]);
    let cookies = answer.all("set-cookie");
    for name in ["__session", "__refresh"]
        .map(|name| [name.to_owned(), format!("{name}_{TEST_SUFFIX}")])
        .concat()
    {
        let removal = format!("{name}=; SameSite=Lax; Path=/; Max-Age=0");
        assert!(
            cookies.contains(&removal.as_str()),
            "{removal} is not among {cookies:?}"
        );
    }
    for name in ["__client_uat".to_owned(), format!("__client_uat_{TEST_SUFFIX}")] {
        let zero = format!("{name}=0; SameSite=Lax; Path=/; Max-Age=31536000");
        assert!(cookies.contains(&zero.as_str()), "{zero} is not among {cookies:?}");
    }
    assert!(
        cookies.iter().all(|cookie| !cookie.starts_with("__clerk_db_jwt")),
        "{cookies:?}"
    );
}

#[tokio::test]
async fn sign_out_ends_the_session_at_clerk_and_in_the_browser() {
    let pending = session(TEST_ISSUER, &json!({ "sts": "pending" }));
    for cookies in [signed_in(TEST_ISSUER), pending, expired(TEST_ISSUER)] {
        let clerk = FakeBackend::new();
        is_signed_out(&sign_out(test(), &clerk, HERE, &cookies).await);
        assert_eq!(clerk.calls(), ["revoke_session sess_1"]);
    }
}

#[tokio::test]
async fn ended_session_signs_out_successfully() {
    for status in [404, 400] {
        let clerk = FakeBackend::new();
        clerk.set_revoke_session(Err(error_answer(status, Some("resource_not_found"))));
        is_signed_out(&sign_out(test(), &clerk, HERE, &signed_in(TEST_ISSUER)).await);
        assert_eq!(clerk.calls(), ["revoke_session sess_1"]);
    }
}

#[tokio::test]
async fn signed_out_request_makes_no_call() {
    let forged = "__session=abc; __client_uat=1; __clerk_db_jwt=dvb";
    for cookies in ["", SIGNED_OUT, forged] {
        let clerk = FakeBackend::new();
        is_signed_out(&sign_out(test(), &clerk, HERE, cookies).await);
        assert!(clerk.calls().is_empty());
    }
}

/// The cookie that keeps the token of a session which could not be ended, as a browser sends it back.
fn left_over(answer: &Answer) -> String {
    let cookies = answer.all("set-cookie");
    let cookie = cookies
        .iter()
        .find(|cookie| cookie.starts_with("__portal_sign_out="))
        .unwrap();
    assert!(
        cookie.ends_with("; HttpOnly; SameSite=Strict; Path=/; Max-Age=3600"),
        "{cookie}"
    );
    cookie.split(';').next().unwrap().to_owned()
}

#[tokio::test]
async fn clerk_outage_clears_cookies_and_offers_a_retry() {
    let timeout = BackendError::timeout(std::time::Duration::from_secs(5));
    for error in [
        down(),
        timeout,
        error_answer(500, None),
        error_answer(429, None),
        // Not Clerk's 404 and 400, which carry a code: the session may live on.
        error_answer(404, None),
        error_answer(400, None),
        error_answer(302, None),
        error_answer(401, Some("clerk_key_invalid")),
    ] {
        for cookies in [signed_in(TEST_ISSUER), expired(TEST_ISSUER)] {
            let clerk = FakeBackend::new();
            clerk.set_revoke_session(Err(error.clone()));
            let target = "POST http://localhost:3000/sign-out/%22%3E%3Cb%3E'x";
            let answer = sign_out(test(), &clerk, target, &cookies).await;
            assert_eq!(answer.status, 503, "{error}");
            has_no_session_cookies(&answer);
            assert_eq!(answer.header("retry-after"), Some("5"));
            assert!(
                answer.body.contains("Signed out in this browser only"),
                "{}",
                answer.body
            );
            // The form that tries again posts here, and nothing in the address breaks out of it.
            let form = "<form method=\"post\" action=\"/sign-out/%22%3E%3Cb%3E&#39;x\">";
            assert!(answer.body.contains(form), "{}", answer.body);

            // A retry ends it, with the kept token only.
            clerk.set_revoke_session(Ok(()));
            let again = sign_out(test(), &clerk, HERE, &format!("{SIGNED_OUT}; {}", left_over(&answer))).await;
            is_signed_out(&again);
            assert!(
                again
                    .all("set-cookie")
                    .iter()
                    .any(|cookie| cookie.starts_with("__portal_sign_out=; "))
            );
            assert_eq!(clerk.calls(), ["revoke_session sess_1", "revoke_session sess_1"]);
        }
    }
}

#[tokio::test]
async fn failed_sign_outs_log_one_error_line_a_minute() {
    let cookies = signed_in(TEST_ISSUER);
    for (keys, problem) in [(true, "no connection"), (false, "keys")] {
        let (log, _guard) = Log::keep();
        let clerk = FakeBackend::new();
        clerk.set_revoke_session(Err(down()));
        if !keys {
            clerk.set_jwks(Err(down()));
        }
        // Another test's thread may reach the log line first just now, so the first outage is not looked at.
        for _ in 0..2 {
            tracing::callsite::rebuild_interest_cache();
            log.clear();
            let service = asking_layer(test(), &clerk).layer(SignOut::new());
            for _ in 0..3 {
                let request = request(HERE, &[("cookie", &cookies), AS_PAGE]);
                assert_eq!(send(service.clone(), request).await.status, 503);
            }
        }
        let lines = log.lines("a session could not be ended at Clerk");
        assert_eq!(lines.len(), 1, "{lines:?}");
        assert!(
            lines[0].trim_start().starts_with("ERROR") && lines[0].contains(problem),
            "{lines:?}"
        );
        let token = session_token(TEST_ISSUER, &json!({}));
        assert!(cookies.contains(&token) && log.lines(&token).is_empty());
    }
}

#[tokio::test]
async fn key_outage_clears_cookies_and_offers_a_retry() {
    let clerk = FakeBackend::new();
    clerk.set_jwks(Err(down()));
    let service = asking_layer(test(), &clerk).layer(SignOut::new());
    let answer = send(service, request(HERE, &[("cookie", &signed_in(TEST_ISSUER)), AS_PAGE])).await;
    assert_eq!(answer.status, 503);
    has_no_session_cookies(&answer);

    // A script gets a status it can tell apart.
    let service = asking_layer(test(), &clerk).layer(SignOut::new());
    let script = request(HERE, &[("cookie", &signed_in(TEST_ISSUER)), AS_SCRIPT]);
    let script = send(service, script).await;
    assert_eq!(
        (script.status, &script.json()["error"]["code"]),
        (503, &json!("unavailable"))
    );
    has_no_session_cookies(&script);

    clerk.set_jwks(Ok(TestKey::of_process().key_set()));
    let service = asking_layer(test(), &clerk).layer(SignOut::new());
    let again = send(service, request(HERE, &[("cookie", &left_over(&answer)), AS_PAGE])).await;
    is_signed_out(&again);
    assert_eq!(clerk.calls().last().unwrap(), "revoke_session sess_1");
}

#[tokio::test]
async fn retry_cookie_neither_signs_in_nor_ends_another_session() {
    let clerk = FakeBackend::new();
    let forged = forged_token(TEST_ISSUER);
    is_signed_out(&sign_out(test(), &clerk, HERE, &format!("__portal_sign_out={forged}")).await);
    assert!(clerk.calls().is_empty());

    let app = App::default();
    let token = session_token(TEST_ISSUER, &json!({}));
    let cookies = format!("{SIGNED_OUT}; __portal_sign_out={token}");
    let seen = send(
        layer_with(test(), &clerk).layer(app.service()),
        request(HERE, &[("cookie", &cookies)]),
    )
    .await;
    assert_eq!(seen.body, "nobody");
}

#[tokio::test]
async fn contradicting_cookies_still_end_the_session() {
    let token = session_token(TEST_ISSUER, &json!({}));
    for uat in ["0", "9999999999"] {
        let clerk = FakeBackend::new();
        let cookies = format!("__session={token}; __client_uat={uat}; {SIGNED_OUT}");
        is_signed_out(&sign_out(test(), &clerk, HERE, &cookies).await);
        assert_eq!(clerk.calls(), ["revoke_session sess_1"], "{uat}");
    }
}

#[tokio::test]
async fn token_of_an_ended_session_is_signed_out() {
    let clerk = FakeBackend::new();
    let layer = layer_with(test(), &clerk);
    let cookies = signed_in(TEST_ISSUER);
    let seen = async || {
        let request = request("http://localhost:3000/", &[("cookie", &cookies)]);
        send(layer.clone().layer(App::default().service()), request).await
    };
    assert_eq!(seen().await.body, "user_1");
    // Clerk does not even answer.
    clerk.set_revoke_session(Err(down()));
    let request = request(HERE, &[("cookie", &cookies), AS_PAGE]);
    assert_eq!(send(layer.clone().layer(SignOut::new()), request).await.status, 503);
    let after = seen().await;
    assert_eq!(after.body, "nobody");
    assert_eq!(after.header("x-clerk-auth-reason"), Some("session-ended"));
}

#[tokio::test]
async fn cross_site_sign_out_is_refused() {
    let clerk = FakeBackend::new();
    let evil = ("origin", "https://evil.example");
    for headers in [
        vec![("cookie", SIGNED_OUT), ("sec-fetch-site", "cross-site"), AS_PAGE],
        vec![("cookie", SIGNED_OUT), evil, AS_PAGE],
        // Cookies may be withheld; those in the answer would not be.
        vec![evil, AS_PAGE],
    ] {
        let answer = send(
            layer_with(test(), &clerk).layer(SignOut::new()),
            request(HERE, &headers),
        )
        .await;
        assert_eq!(answer.status, 403, "{headers:?}");
        assert_eq!(answer.header("clear-site-data"), None);
        assert!(answer.all("set-cookie").is_empty());
        let allowed = AllowCrossSiteLayer::new().layer(SignOut::new());
        let answer = send(layer_with(test(), &clerk).layer(allowed), request(HERE, &headers)).await;
        assert_eq!(answer.status, 303, "{headers:?}");
    }
}

#[tokio::test]
async fn get_with_confirmation_shows_a_form() {
    let clerk = FakeBackend::new();
    let service = layer_with(test(), &clerk).layer(SignOut::new().with_confirmation(true));
    let here = "http://localhost:3000/sign-out";
    let cookies = signed_in(TEST_ISSUER);
    let asked = send(service.clone(), request(here, &[("cookie", &cookies), AS_PAGE])).await;
    assert_eq!((asked.status, asked.header("cache-control")), (200, Some("no-store")));
    assert!(
        asked.body.contains("<form method=\"post\" action=\"/sign-out\">"),
        "{}",
        asked.body
    );
    assert!(asked.all("set-cookie").is_empty() && clerk.calls().is_empty());
    let other = send(service.clone(), request(&format!("PUT {here}"), &[AS_PAGE])).await;
    assert_eq!((other.status, other.header("allow")), (405, Some("GET, HEAD, POST")));
    is_signed_out(&send(service, request(HERE, &[("cookie", &cookies), AS_PAGE])).await);
}

#[tokio::test]
async fn scripts_that_render_pages_are_redirected_after_sign_out() {
    let service = layer_with(test(), &FakeBackend::new()).layer(SignOut::new().with_redirect("/bye"));
    let htmx = send(service.clone(), request(HERE, &[("hx-request", "true")])).await;
    assert_eq!((htmx.status, htmx.header("hx-redirect")), (200, Some("/bye")));
    for headers in [
        ("x-turbo-request-id", "1"),
        ("x-up-version", "3.14.3"),
        ("datastar-request", "true"),
    ] {
        let answer = send(service.clone(), request(HERE, &[headers])).await;
        assert_eq!((answer.status, answer.header("location")), (200, None), "{headers:?}");
        assert!(answer.body.contains("content=\"0; url=/bye\""), "{}", answer.body);
    }
}

#[tokio::test]
async fn get_does_not_sign_out() {
    let clerk = FakeBackend::new();
    for method in ["GET", "HEAD", "PUT", "DELETE", "OPTIONS"] {
        let target = format!("{method} http://localhost:3000/sign-out");
        let answer = sign_out(test(), &clerk, &target, &signed_in(TEST_ISSUER)).await;
        assert_eq!((answer.status, answer.header("allow")), (405, Some("POST")), "{method}");
        assert!(answer.all("set-cookie").is_empty());
    }
    assert!(clerk.calls().is_empty());
}

#[tokio::test]
async fn cookies_are_removed_on_the_host_and_its_parents() {
    let clerk = FakeBackend::new();
    let answer = sign_out(
        live(),
        &clerk,
        "POST https://app.example.com/sign-out",
        &signed_in(LIVE_ISSUER),
    )
    .await;
    let suffixed = format!("__session_{LIVE_SUFFIX}");
    for domain in ["", "; Domain=app.example.com", "; Domain=example.com"] {
        for name in ["__session", suffixed.as_str()] {
            let removal = format!("{name}=; SameSite=Lax; Secure; Path=/{domain}; Max-Age=0");
            assert!(answer.all("set-cookie").contains(&removal.as_str()), "{removal}");
        }
    }
    assert!(
        !answer
            .all("set-cookie")
            .iter()
            .any(|cookie| cookie.contains("Domain=com;"))
    );
}

#[tokio::test]
async fn destination_after_sign_out_is_configurable() {
    let service = layer_with(test(), &FakeBackend::new()).layer(SignOut::new().with_redirect("/bye"));
    let answer = send(service, request(HERE, &[("cookie", &signed_in(TEST_ISSUER))])).await;
    assert_eq!(answer.header("location"), Some("/bye"));
}

#[tokio::test]
async fn sign_out_without_the_layer_returns_500() {
    let answer = send(SignOut::new(), request(HERE, &[])).await;
    assert_eq!(answer.status, 500);
}
