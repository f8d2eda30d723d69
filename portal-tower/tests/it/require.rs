//! `RequireAuthLayer`, by its table.

use portal_tower::RequireAuthLayer;
use portal_tower::portal_sdk::instance::{InstanceBuilder, Satellite};
use portal_tower::portal_sdk::portal::PortalPage;
use portal_tower::portal_sdk::testing::FakeBackend;
use serde_json::json;
use tower::{Layer as _, ServiceBuilder};

use crate::support::{
    AS_PAGE, AS_SCRIPT, Answer, App, SIGNED_OUT, TEST_ISSUER, TEST_SUFFIX, asking_layer, down, error_answer, expired,
    layer, request, send, session, signed_in, test,
};

const HERE: &str = "http://localhost:3000/dashboard?tab=1";
const BACK_HERE: &str = "redirect_url=http%3A%2F%2Flocalhost%3A3000%2Fdashboard%3Ftab%3D1&__clerk_db_jwt=dvb";
const PORTAL: &str = "https://foo-bar-13.accounts.dev";

fn pending() -> String {
    session(TEST_ISSUER, &json!({ "sts": "pending" }))
}

/// Sends a request through both layers; the application must not be reached.
async fn refused(require: RequireAuthLayer, target: &str, headers: &[(&str, &str)]) -> Answer {
    refused_by(test(), require, target, headers).await
}

async fn refused_by(
    builder: InstanceBuilder,
    require: RequireAuthLayer,
    target: &str,
    headers: &[(&str, &str)],
) -> Answer {
    let app = App::default();
    let service = ServiceBuilder::new()
        .layer(layer(builder))
        .layer(require)
        .service(app.service());
    let answer = send(service, request(target, headers)).await;
    assert_eq!(app.calls(), 0, "{target} {headers:?}");
    assert_eq!(answer.header("cache-control"), Some("no-store"), "{target} {headers:?}");
    answer
}

#[tokio::test]
async fn signed_in_request_is_admitted() {
    let app = App::default();
    let service = ServiceBuilder::new()
        .layer(layer(test()))
        .layer(RequireAuthLayer::signed_in())
        .service(app.service());
    for (target, headers) in [
        (HERE, AS_PAGE),
        (HERE, AS_SCRIPT),
        ("POST http://localhost:3000/", AS_PAGE),
    ] {
        let answer = send(
            service.clone(),
            request(target, &[("cookie", &signed_in(TEST_ISSUER)), headers]),
        )
        .await;
        assert_eq!((answer.status, answer.body.as_str()), (200, "user_1"));
        assert_eq!(answer.header("cache-control"), Some("private"));
    }
}

#[tokio::test]
async fn signed_out_page_is_redirected_to_the_portal_and_back() {
    let cookie = ("cookie", SIGNED_OUT);
    let html = ("accept", "text/html,application/xhtml+xml");
    for (target, headers) in [
        (HERE.to_owned(), vec![AS_PAGE, cookie]),
        (HERE.to_owned(), vec![("sec-fetch-dest", "iframe"), cookie]),
        (HERE.to_owned(), vec![html, cookie]),
        (format!("HEAD {HERE}"), vec![AS_PAGE, cookie]),
    ] {
        let answer = refused(RequireAuthLayer::signed_in(), &target, &headers).await;
        assert_eq!(answer.status, 303, "{target} {headers:?}");
        assert_eq!(
            answer.header("location").unwrap(),
            format!("{PORTAL}/sign-in?{BACK_HERE}")
        );
        assert_eq!(answer.body, "");
        assert_eq!(
            answer.header("x-clerk-auth-reason"),
            Some("session-token-and-uat-missing")
        );
    }
    let to_sign_up = RequireAuthLayer::signed_in().with_sign_in_page(PortalPage::SignUp);
    let answer = refused(to_sign_up, HERE, &[AS_PAGE, cookie]).await;
    assert_eq!(
        answer.header("location").unwrap(),
        format!("{PORTAL}/sign-up?{BACK_HERE}")
    );
}

#[tokio::test]
async fn signed_out_form_returns_to_its_page() {
    for (referer, back) in [
        (
            "http://localhost:3000/invoices?page=2",
            "http%3A%2F%2Flocalhost%3A3000%2Finvoices%3Fpage%3D2",
        ),
        ("https://evil.example/invoices", "http%3A%2F%2Flocalhost%3A3000%2F"),
        ("", "http%3A%2F%2Flocalhost%3A3000%2F"),
    ] {
        let headers = [AS_PAGE, ("cookie", SIGNED_OUT), ("referer", referer)];
        let answer = refused(
            RequireAuthLayer::signed_in(),
            "POST http://localhost:3000/invoices/5/pay",
            &headers,
        )
        .await;
        assert_eq!(answer.status, 303);
        let expected = format!("{PORTAL}/sign-in?redirect_url={back}&__clerk_db_jwt=dvb");
        assert_eq!(answer.header("location").unwrap(), expected, "{referer}");
    }
}

#[tokio::test]
async fn signed_out_script_gets_401_with_a_reason() {
    let cookie = ("cookie", SIGNED_OUT);
    let bearer = ("authorization", "Bearer abc");
    for (target, headers, reason) in [
        (
            HERE.to_owned(),
            vec![AS_SCRIPT, cookie],
            "session-token-and-uat-missing",
        ),
        (
            HERE.to_owned(),
            vec![AS_SCRIPT, cookie, ("accept", "text/html")],
            "session-token-and-uat-missing",
        ),
        (HERE.to_owned(), vec![cookie], "session-token-and-uat-missing"),
        (
            HERE.to_owned(),
            vec![cookie, ("accept", "application/json, text/html")],
            "session-token-and-uat-missing",
        ),
        (
            format!("POST {HERE}"),
            vec![AS_SCRIPT, cookie],
            "session-token-and-uat-missing",
        ),
        (HERE.to_owned(), vec![bearer], "token-invalid"),
        (HERE.to_owned(), vec![], "session-token-missing"),
    ] {
        let answer = refused(RequireAuthLayer::signed_in(), &target, &headers).await;
        assert_eq!(answer.status, 401, "{target} {headers:?}");
        assert_eq!(answer.header("location"), None);
        assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
        assert_eq!(answer.header("content-type"), Some("application/json"));
        let error = &answer.json()["error"];
        assert_eq!(error["code"], "unauthorized");
        assert_eq!(error["reason"], reason);
        assert!(
            error["sign_in_url"]
                .as_str()
                .unwrap()
                .starts_with("https://foo-bar-13.accounts.dev/sign-in"),
            "{error}"
        );
    }
}

#[tokio::test]
async fn pending_session_is_redirected_to_its_tasks() {
    let pending = pending();
    let cookie = ("cookie", pending.as_str());
    for require in [
        RequireAuthLayer::signed_in(),
        RequireAuthLayer::signed_in().with_sign_in_page(PortalPage::SignUp),
    ] {
        let answer = refused(require, HERE, &[AS_PAGE, cookie]).await;
        assert_eq!(answer.status, 303);
        assert_eq!(
            answer.header("location").unwrap(),
            format!("{PORTAL}/sign-in/tasks?{BACK_HERE}")
        );
    }
    let answer = refused(RequireAuthLayer::signed_in(), HERE, &[AS_SCRIPT, cookie]).await;
    assert_eq!(answer.status, 401);
    assert_eq!(answer.json()["error"]["reason"], "session-pending");
}

#[tokio::test]
async fn undecided_request_returns_503() {
    let signed_in = signed_in(TEST_ISSUER);
    let expired = format!("{}; __refresh_{TEST_SUFFIX}=r", expired(TEST_ISSUER));
    for (target, cookies, is_page) in [
        (HERE.to_owned(), &signed_in, true),
        (format!("POST {HERE}"), &signed_in, true),
        (HERE.to_owned(), &signed_in, false),
        // Keys are in memory, but the Backend API does not tell if the session is alive.
        (HERE.to_owned(), &expired, false),
    ] {
        let clerk = FakeBackend::new();
        if cookies == &signed_in {
            clerk.set_jwks(Err(down()));
        }
        clerk.set_refresh_session(Err(down()));
        let app = App::default();
        let service = ServiceBuilder::new()
            .layer(asking_layer(test(), &clerk))
            .layer(RequireAuthLayer::signed_in())
            .service(app.service());
        let dest = if is_page { AS_PAGE } else { AS_SCRIPT };
        let answer = send(service, request(&target, &[("cookie", cookies), dest])).await;
        assert_eq!(answer.status, 503, "{target}");
        assert_eq!(answer.header("retry-after"), Some("5"));
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        assert_eq!(answer.header("location"), None);
        assert_eq!(app.calls(), 0);
        if is_page {
            assert_eq!(answer.header("content-type"), Some("text/html; charset=utf-8"));
            assert!(
                answer.body.contains("You haven&#39;t been signed out"),
                "{}",
                answer.body
            );
        } else {
            assert_eq!(answer.json()["error"]["code"], "unavailable");
        }
    }
}

#[tokio::test]
async fn refused_renewal_is_signed_out() {
    let clerk = FakeBackend::new();
    let cookies = format!("{}; __refresh_{TEST_SUFFIX}=r", expired(TEST_ISSUER));
    let service = ServiceBuilder::new()
        .layer(asking_layer(test(), &clerk))
        .layer(RequireAuthLayer::signed_in())
        .service(App::default().service());
    clerk.set_refresh_session(Err(error_answer(401, Some("refresh_token_expired"))));
    let answer = send(service, request(HERE, &[("cookie", &cookies), AS_SCRIPT])).await;
    assert_eq!(answer.status, 401);
    let reason = "session-token-expired-refresh-refresh_token_expired";
    assert_eq!(answer.json()["error"]["reason"], reason);
}

#[tokio::test]
async fn misconfiguration_returns_500_with_the_problem() {
    let target = "http://localhost:3000/?__clerk_handshake=abc";
    let answer = refused(RequireAuthLayer::signed_in(), target, &[AS_PAGE]).await;
    assert_eq!(answer.status, 500);
    assert_eq!(answer.header("content-type"), Some("text/html; charset=utf-8"));
    assert!(
        answer.body.contains("check that the Clerk keys belong together"),
        "{}",
        answer.body
    );

    let answer = refused(RequireAuthLayer::signed_in(), target, &[AS_SCRIPT]).await;
    assert_eq!(answer.status, 500);
    assert_eq!(answer.json()["error"]["code"], "misconfigured");

    let satellite = test()
        .satellite(Satellite::on_domain("localhost:3001"))
        .sign_in_url("http://localhost:3000/sign-in");
    let headers = [AS_SCRIPT, ("origin", "http://localhost:3000")];
    let answer = refused_by(
        satellite,
        RequireAuthLayer::signed_in(),
        "http://localhost:3001/",
        &headers,
    )
    .await;
    assert_eq!(answer.status, 500);
    assert!(answer.body.contains("CLERK_SIGN_IN_URL"), "{}", answer.body);
}

#[tokio::test]
async fn guard_without_the_layer_returns_500() {
    let app = App::default();
    let service = RequireAuthLayer::signed_in().layer(app.service());
    let answer = send(service, request(HERE, &[AS_PAGE, ("cookie", &signed_in(TEST_ISSUER))])).await;
    assert_eq!(answer.status, 500);
    assert!(answer.body.contains("AuthenticateLayer"), "{}", answer.body);
    assert_eq!(app.calls(), 0);
}

#[tokio::test]
async fn sign_in_url_omits_handshake_parameters() {
    // A link that was shared with its parameters still on it.
    let target = "https://app.example.com/a?__clerk_handshake_nonce=n1&b=1";
    let answer = refused_by(
        crate::support::live(),
        RequireAuthLayer::signed_in(),
        target,
        &[AS_PAGE],
    )
    .await;
    let expected = "https://accounts.example.com/sign-in?redirect_url=https%3A%2F%2Fapp.example.com%2Fa%3Fb%3D1";
    assert_eq!(answer.header("location"), Some(expected));
}
