//! The layers and services among axum's own routing.

use std::convert::Infallible;

use axum::Router;
use axum::body::Body;
use axum::response::Redirect;
use axum::routing::{get, post, post_service};
use http::{Request, Response};
use portal_axum::portal_sdk::testing::FakeBackend;
use portal_axum::{Auth, RedirectToPortal, RequireAuthLayer, SignOut, SignedIn};
use serde_json::json;
use tower::{ServiceExt as _, service_fn};

use crate::ask::{As, SIGNED_OUT, get as ask, layer, session};

#[tokio::test]
async fn nested_router_sees_the_public_url() {
    let inner = Router::new()
        .route("/dashboard", get(async |auth: Auth| auth.public_url().to_string()))
        .route("/private", get(async |_: SignedIn| ""));
    let guarded = Router::new()
        .route("/page", get(async || ""))
        .route_layer(RequireAuthLayer::signed_in());
    let router = Router::new()
        .nest("/team", inner)
        .nest("/team/guarded", guarded)
        .layer(layer(&FakeBackend::new()));

    let answer = ask(&router, "/team/dashboard?tab=1", SIGNED_OUT, As::Page).await;
    assert_eq!(answer.body, "http://localhost:3000/team/dashboard?tab=1");
    for (path, back) in [
        ("/team/private", "%2Fteam%2Fprivate"),
        ("/team/guarded/page", "%2Fteam%2Fguarded%2Fpage"),
    ] {
        let answer = ask(&router, path, SIGNED_OUT, As::Page).await;
        assert_eq!(answer.status, 303, "{path}");
        let location = answer.header("location").unwrap();
        assert!(location.contains(&format!("localhost%3A3000{back}&")), "{location}");
    }
}

#[tokio::test]
async fn services_are_handlers() {
    let router = Router::new()
        .route("/sign-in", get(RedirectToPortal::sign_in()))
        .route("/sign-out", post(SignOut::new()))
        .layer(layer(&FakeBackend::new()));
    let answer = ask(&router, "/sign-in", SIGNED_OUT, As::Page).await;
    assert_eq!(answer.status, 303);
    assert!(answer.header("location").unwrap().contains("/sign-in?"));
    // The method router answers for the other methods.
    assert_eq!(ask(&router, "/sign-out", SIGNED_OUT, As::Page).await.status, 405);
}

#[tokio::test]
async fn services_mount_as_routes() {
    let clerk = FakeBackend::new();
    let router = Router::new()
        .route(
            "/dashboard",
            get(async |signed_in: SignedIn| signed_in.user_id().to_string()),
        )
        .route_layer(RequireAuthLayer::signed_in())
        .route_service("/account", RedirectToPortal::user_profile())
        .route("/sign-out", post_service(SignOut::new().with_redirect("/bye")))
        .route("/old", get(async || Redirect::permanent("/dashboard")))
        .layer(layer(&clerk));
    let cookies = session(&json!({}));
    assert_eq!(ask(&router, "/dashboard", &cookies, As::Page).await.body, "user_1");
    assert_eq!(ask(&router, "/old", &cookies, As::Page).await.status, 308);
    assert_eq!(ask(&router, "/nowhere", &cookies, As::Page).await.status, 404);
    assert_eq!(ask(&router, "/sign-out", &cookies, As::Page).await.status, 405);
    let location = ask(&router, "/account", &cookies, As::Page).await.headers["location"].clone();
    assert!(
        location
            .to_str()
            .unwrap()
            .starts_with("https://foo-bar-13.accounts.dev/user?")
    );

    let sign_out = Request::post("/sign-out")
        .header("host", "localhost:3000")
        .header("cookie", &cookies);
    let response = router.oneshot(sign_out.body(Body::empty()).unwrap()).await.unwrap();
    assert_eq!(
        (response.status().as_u16(), &response.headers()["location"]),
        (303, &"/bye".parse().unwrap())
    );
    assert_eq!(clerk.calls(), ["jwks", "revoke_session sess_1"]);
}

#[tokio::test]
async fn layer_wraps_plain_tower_services() {
    let plain = service_fn(async |request: Request<Body>| {
        let user = request
            .extensions()
            .get::<portal_axum::portal_tower::Auth>()
            .unwrap()
            .signed_in()
            .unwrap()
            .user_id()
            .to_string();
        Ok::<_, Infallible>(Response::new(Body::from(user)))
    });
    let router = Router::new()
        .route_service("/plain", plain)
        .layer(layer(&FakeBackend::new()));
    assert_eq!(
        ask(&router, "/plain", &session(&json!({})), As::Script).await.body,
        "user_1"
    );
}
