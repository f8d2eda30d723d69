//! `RedirectToPortal` and `SignOut` wherever axum takes a handler.

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::handler::Handler as _;
use axum::routing::{MethodFilter, any, delete, get, get_service, on, post};
use http::Request;
use portal_axum::portal_sdk::testing::FakeBackend;
use portal_axum::{RedirectToPortal, RequireAuthLayer, SignOut};
use serde_json::json;
use tower::ServiceExt as _;

use crate::ask::{AS_PAGE, Answer, SIGNED_OUT, layer, request, send, session};

/// The state of an application, which is not `Default` and has no `FromRef`.
#[derive(Clone)]
struct Shop(&'static str);

fn router() -> Router {
    let account = Router::new()
        .route("/", get(RedirectToPortal::user_profile()))
        .route(
            "/sign-out",
            get(SignOut::new().with_confirmation(true)).post(SignOut::new()),
        )
        .route("/both", any(SignOut::new().with_confirmation(true)))
        .route("/on", on(MethodFilter::GET, RedirectToPortal::sign_up()))
        .route("/guarded", get(RedirectToPortal::organization_profile()))
        .route_layer(RequireAuthLayer::signed_in());
    Router::new()
        .route("/name", get(async |State(shop): State<Shop>| shop.0))
        .route("/sign-in", get(RedirectToPortal::sign_in()).post(async || "form"))
        .route(
            "/layered",
            get(RedirectToPortal::sign_in().layer(tower::layer::util::Identity::new())),
        )
        .route("/stateful", get_service(RedirectToPortal::sign_in().with_state(())))
        .route_service("/service", RedirectToPortal::sign_in())
        .route(
            "/leave",
            delete(async || "left").merge(post(SignOut::new().with_redirect("/bye"))),
        )
        .nest("/account", account)
        .fallback(RedirectToPortal::sign_in().with_return_back("/name"))
        .with_state(Shop("shop"))
        .layer(layer(&FakeBackend::new()))
}

async fn ask(target: &str, cookies: &str) -> Answer {
    let headers = [("host", "localhost:3000"), ("cookie", cookies), AS_PAGE];
    send(router(), request(target, &headers)).await
}

#[tokio::test]
async fn services_are_handlers_in_every_place() {
    let cookies = session(&json!({}));
    for (target, cookies, status, location) in [
        ("/name", SIGNED_OUT, 200, ""),
        ("/sign-in", SIGNED_OUT, 303, "/sign-in?"),
        ("HEAD /sign-in", SIGNED_OUT, 303, "/sign-in?"),
        ("POST /sign-in", SIGNED_OUT, 200, ""),
        ("PUT /sign-in", SIGNED_OUT, 405, ""),
        ("/layered", SIGNED_OUT, 303, "/sign-in?"),
        ("/service", SIGNED_OUT, 303, "/sign-in?"),
        (
            "/nowhere",
            SIGNED_OUT,
            303,
            "/sign-in?redirect_url=http%3A%2F%2Flocalhost%3A3000%2Fname",
        ),
        (
            "/account",
            SIGNED_OUT,
            303,
            "/sign-in?redirect_url=http%3A%2F%2Flocalhost%3A3000%2Faccount&",
        ),
        ("/account", &cookies, 303, "/user?"),
        ("/account/on", &cookies, 303, "/sign-up?"),
        ("/account/sign-out", &cookies, 200, ""),
        ("HEAD /account/sign-out", &cookies, 200, ""),
        ("POST /account/sign-out", &cookies, 303, "/"),
        ("/account/both", &cookies, 200, ""),
        ("POST /account/both", &cookies, 303, "/"),
        ("DELETE /account/both", &cookies, 405, ""),
        ("DELETE /leave", &cookies, 200, ""),
        ("POST /leave", &cookies, 303, "/bye"),
        ("/leave", &cookies, 405, ""),
    ] {
        let answer = ask(target, cookies).await;
        let found = answer.header("location").unwrap_or_default();
        assert_eq!(answer.status, status, "{target}: {found}");
        assert!(
            found.contains(location) && found.is_empty() == location.is_empty(),
            "{target}: {found}"
        );
    }
    assert!(ask("HEAD /sign-in", SIGNED_OUT).await.body.is_empty());
    assert!(ask("HEAD /account/sign-out", &cookies).await.body.is_empty());
}

#[tokio::test]
async fn handler_without_the_layer_names_what_is_missing() {
    let router: Router = Router::new()
        .route("/sign-in", get(RedirectToPortal::sign_in()))
        .route("/sign-out", post(SignOut::new()));
    for request in [Request::get("/sign-in"), Request::post("/sign-out")] {
        let response = router
            .clone()
            .oneshot(request.body(Body::empty()).unwrap())
            .await
            .unwrap();
        assert_eq!(response.status(), 500);
    }
}
