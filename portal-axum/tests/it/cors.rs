//! The documented order of layers for cross-origin requests.

use axum::Router;
use axum::routing::post;
use http::Method;
use http::header::AUTHORIZATION;
use portal_axum::RequireAuthLayer;
use portal_axum::portal_sdk::testing::FakeBackend;
use tower_http::cors::{AllowOrigin, CorsLayer};

use crate::ask::{AS_SCRIPT, layer, request, send};

const ORIGIN: &str = "https://spa.example.com";

fn cors() -> CorsLayer {
    CorsLayer::new()
        .allow_origin(AllowOrigin::list([ORIGIN.parse().unwrap()]))
        .allow_methods([Method::POST])
        .allow_headers([AUTHORIZATION])
}

fn pay() -> Router {
    Router::new().route("/pay", post(async || "reached"))
}

const PREFLIGHT: [(&str, &str); 4] = [
    ("host", "localhost:3000"),
    ("origin", ORIGIN),
    ("access-control-request-method", "POST"),
    ("access-control-request-headers", "authorization"),
];

#[tokio::test]
async fn cors_layer_outside_the_guard_answers_preflights_and_marks_refusals() {
    let guarded = pay().route_layer(RequireAuthLayer::signed_in());
    let router = guarded.layer(layer(&FakeBackend::new())).layer(cors());
    let answer = send(router.clone(), request("OPTIONS /pay", &PREFLIGHT)).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("access-control-allow-methods"), Some("POST"));

    let headers = [("host", "localhost:3000"), ("origin", ORIGIN), AS_SCRIPT];
    let answer = send(router, request("POST /pay", &headers)).await;
    assert_eq!(answer.status, 401);
    assert_eq!(answer.header("access-control-allow-origin"), Some(ORIGIN));
}

#[tokio::test]
async fn cors_layer_inside_the_guard_needs_the_switch() {
    for (allow, status) in [(false, 401), (true, 200)] {
        let guard = RequireAuthLayer::signed_in().with_preflight_allowed(allow);
        let router = pay().layer(cors()).layer(guard).layer(layer(&FakeBackend::new()));
        let answer = send(router, request("OPTIONS /pay", &PREFLIGHT)).await;
        assert_eq!(answer.status, status, "{allow}");
    }
}
