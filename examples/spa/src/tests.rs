//! Both servers without a portal: CORS, accepted tokens, and the token for the page.

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, HeaderValue, Method, Request, StatusCode};
use portal_axum::testing::{TestInstance, TestSession};
use portal_axum::{AuthenticateLayer, Instance};
use serde_json::Value;
use tower::ServiceExt as _;

use crate::{api, page};

const PAGE: &str = "http://localhost:4001";
const API: &str = "http://localhost:4002";

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    json: Value,
}

impl Answer {
    fn allowed_origin(&self) -> Option<&str> {
        self.headers.get("access-control-allow-origin")?.to_str().ok()
    }
}

async fn send(routes: &Router, request: axum::http::request::Builder) -> Answer {
    let request = request.body(Body::empty()).unwrap();
    let (parts, body) = routes.clone().oneshot(request).await.unwrap().into_parts();
    let body = to_bytes(body, 1 << 20).await.unwrap();
    Answer {
        status: parts.status,
        headers: parts.headers,
        json: serde_json::from_slice(&body).unwrap_or_default(),
    }
}

fn api_routes() -> (TestInstance, Router) {
    let settings = Instance::builder("pk_live_Y2xlcmsuZXhhbXBsZS5jb20k", "sk_live_x").authorized_parties([PAGE]);
    let clerk = TestInstance::from_builder(settings).unwrap();
    let authenticate = AuthenticateLayer::from_authenticator(clerk.authenticator());
    let routes = api::router(authenticate, HeaderValue::from_static(PAGE));
    (clerk, routes)
}

/// A request of the page's script.
fn call(method: Method, session: &TestSession) -> axum::http::request::Builder {
    Request::builder()
        .method(method)
        .uri("/api/clicks")
        .header("origin", PAGE)
        .header("authorization", format!("Bearer {}", session.token()))
}

#[tokio::test]
async fn token_of_the_page_counts_its_users_clicks() {
    let (clerk, routes) = api_routes();
    let ada = clerk.signed_in("user_ada").claim("azp", PAGE);
    let bob = clerk.signed_in("user_bob").claim("azp", PAGE);
    for (method, session, clicks) in [
        (Method::GET, &ada, 0),
        (Method::POST, &ada, 1),
        (Method::POST, &ada, 2),
        (Method::GET, &bob, 0),
    ] {
        let answer = send(&routes, call(method, session)).await;
        assert_eq!(answer.status, StatusCode::OK);
        assert_eq!(answer.json["clicks"], clicks);
        assert_eq!(answer.allowed_origin(), Some(PAGE));
    }
}

#[tokio::test]
async fn preflight_needs_no_token() {
    let (_clerk, routes) = api_routes();
    let preflight = Request::options("/api/clicks")
        .header("origin", PAGE)
        .header("access-control-request-method", "POST")
        .header("access-control-request-headers", "authorization");
    let answer = send(&routes, preflight).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.allowed_origin(), Some(PAGE));
    assert_eq!(answer.headers["access-control-allow-headers"], "authorization");
}

#[tokio::test]
async fn refusal_is_readable_by_the_pages_script() {
    let (clerk, routes) = api_routes();
    let expired = clerk.signed_in("user_ada").claim("azp", PAGE).expired(true);
    let answer = send(&routes, call(Method::GET, &expired)).await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    let reason = answer.json["error"]["reason"].as_str().unwrap();
    assert!(reason.starts_with("session-token-expired"), "{reason}");
    assert_eq!(answer.allowed_origin(), Some(PAGE));
}

#[tokio::test]
async fn token_of_another_origin_is_refused() {
    let (clerk, routes) = api_routes();
    let other = clerk.signed_in("user_ada").claim("azp", "http://localhost:4003");
    let answer = send(&routes, call(Method::GET, &other)).await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    assert_eq!(answer.json["error"]["reason"], "token-invalid-authorized-parties");
}

#[tokio::test]
async fn page_gets_the_token_of_its_cookies() {
    let clerk = TestInstance::new();
    let routes = page::router(AuthenticateLayer::from_authenticator(clerk.authenticator()), API);
    let session = clerk.signed_in("user_ada");
    let answer = send(&routes, session.get("/token")).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.json["token"], session.token());
    assert_eq!(answer.headers["cache-control"], "no-store");
    assert_eq!(answer.allowed_origin(), None);

    let signed_out = send(&routes, Request::get("/token")).await;
    assert_eq!(signed_out.status, StatusCode::UNAUTHORIZED);
}
