//! `RequireAuthLayer` beyond the guard table of the crate `portal-tests`.

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
async fn signed_out_page_is_redirected_to_the_chosen_page() {
    for (require, page) in [
        (RequireAuthLayer::signed_in(), "sign-in"),
        (
            RequireAuthLayer::signed_in().with_sign_in_page(PortalPage::SignUp),
            "sign-up",
        ),
    ] {
        let answer = refused(require, HERE, &[AS_PAGE, ("cookie", SIGNED_OUT)]).await;
        assert_eq!((answer.status, answer.body.as_str()), (303, ""));
        assert_eq!(
            answer.header("location").unwrap(),
            format!("{PORTAL}/{page}?{BACK_HERE}")
        );
        assert_eq!(
            answer.header("x-clerk-auth-reason"),
            Some("session-token-and-uat-missing")
        );
    }
}

#[tokio::test]
async fn script_gets_401_with_the_reason_of_its_token() {
    let cookie = ("cookie", SIGNED_OUT);
    let accept = ("accept", "application/json, text/html");
    for (headers, reason) in [
        (vec![cookie, accept], "session-token-and-uat-missing"),
        (vec![("authorization", "Bearer abc")], "token-invalid"),
        (vec![], "session-token-missing"),
    ] {
        let answer = refused(RequireAuthLayer::signed_in(), HERE, &headers).await;
        assert_eq!(answer.status, 401, "{headers:?}");
        assert_eq!(answer.header("location"), None);
        assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
        assert_eq!(answer.header("content-type"), Some("application/json"));
        let error = &answer.json()["error"];
        assert_eq!(error["code"], "unauthorized");
        assert_eq!(error["reason"], reason);
        let url = error["sign_in_url"].as_str().unwrap();
        assert!(url.starts_with("https://foo-bar-13.accounts.dev/sign-in"), "{error}");
    }
}

#[tokio::test]
async fn pending_session_goes_to_its_tasks_instead_of_the_chosen_page() {
    let pending = pending();
    let require = RequireAuthLayer::signed_in().with_sign_in_page(PortalPage::SignUp);
    let answer = refused(require, HERE, &[AS_PAGE, ("cookie", &pending)]).await;
    assert_eq!(answer.status, 303);
    assert_eq!(
        answer.header("location").unwrap(),
        format!("{PORTAL}/sign-in/tasks?{BACK_HERE}")
    );
}

#[tokio::test]
async fn undecided_page_says_that_the_user_is_still_signed_in() {
    let clerk = FakeBackend::new();
    clerk.set_jwks(Err(down()));
    let service = ServiceBuilder::new()
        .layer(asking_layer(test(), &clerk))
        .layer(RequireAuthLayer::signed_in())
        .service(App::default().service());
    let cookies = signed_in(TEST_ISSUER);
    let answer = send(service, request(HERE, &[("cookie", &cookies), AS_PAGE])).await;
    assert_eq!((answer.status, answer.header("location")), (503, None));
    assert!(
        answer.body.contains("You haven&#39;t been signed out"),
        "{}",
        answer.body
    );
}

#[tokio::test]
async fn unanswered_renewal_returns_503() {
    // Keys are in memory, but the Backend API does not tell if the session is alive.
    let clerk = FakeBackend::new();
    clerk.set_refresh_session(Err(down()));
    let app = App::default();
    let service = ServiceBuilder::new()
        .layer(asking_layer(test(), &clerk))
        .layer(RequireAuthLayer::signed_in())
        .service(app.service());
    let cookies = format!("{}; __refresh_{TEST_SUFFIX}=r", expired(TEST_ISSUER));
    let answer = send(service, request(HERE, &[("cookie", &cookies), AS_SCRIPT])).await;
    assert_eq!((answer.status, answer.header("location")), (503, None));
    assert_eq!(answer.header("retry-after"), Some("5"));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_eq!(answer.json()["error"]["code"], "unavailable");
    assert_eq!(app.calls(), 0);
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

type NoBody = http_body_util::Empty<bytes::Bytes>;

/// A service that never has room for a request.
#[derive(Clone)]
struct Full;

impl tower::Service<http::Request<NoBody>> for Full {
    type Response = http::Response<NoBody>;
    type Error = std::convert::Infallible;
    type Future = std::future::Pending<Result<Self::Response, Self::Error>>;

    fn poll_ready(&mut self, _: &mut std::task::Context<'_>) -> std::task::Poll<Result<(), Self::Error>> {
        std::task::Poll::Pending
    }

    fn call(&mut self, _: http::Request<NoBody>) -> Self::Future {
        std::future::pending()
    }
}

#[test]
fn guard_is_ready_only_if_its_service_is() {
    let mut guard = tower::Layer::layer(&RequireAuthLayer::signed_in(), Full);
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    assert!(tower::Service::poll_ready(&mut guard, &mut context).is_pending());
}
