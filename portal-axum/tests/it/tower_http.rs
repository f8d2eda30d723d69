//! Our layers inside and outside of tower-http's, around axum routers.

use std::time::Duration;

use axum::Router;
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::routing::{any_service, get};
use portal_axum::portal_sdk::testing::FakeBackend;
use portal_axum::{AllowCrossSiteLayer, RedirectToPortal, RequireAuthLayer, SignOut, SignedIn};
use serde_json::json;
use tower::ServiceBuilder;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::cors::CorsLayer;
use tower_http::limit::RequestBodyLimitLayer;
use tower_http::normalize_path::NormalizePathLayer;
use tower_http::set_header::SetResponseHeaderLayer;
use tower_http::timeout::TimeoutLayer;
use tower_http::trace::TraceLayer;

use crate::ask::{As, SIGNED_OUT, get as ask, layer, session};

fn timeout() -> TimeoutLayer {
    TimeoutLayer::with_status_code(StatusCode::GATEWAY_TIMEOUT, Duration::from_secs(60))
}

fn set_header() -> SetResponseHeaderLayer<HeaderValue> {
    SetResponseHeaderLayer::overriding(HeaderName::from_static("x-set"), HeaderValue::from_static("1"))
}

macro_rules! beside {
    ($($name:ident: $theirs:expr;)+) => {$(
        #[tokio::test]
        async fn $name() {
            let guard = ServiceBuilder::new()
                .layer($theirs)
                .layer(AllowCrossSiteLayer::new())
                .layer($theirs)
                .layer(RequireAuthLayer::signed_in())
                .layer($theirs);
            let authenticate = ServiceBuilder::new()
                .layer($theirs)
                .layer(layer(&FakeBackend::new()))
                .layer($theirs);
            let router = Router::new()
                .route("/me", get(async |who: SignedIn| who.user_id().to_string()))
                .route_layer(guard)
                .route("/sign-in", any_service(RedirectToPortal::sign_in()))
                .route("/sign-out", any_service(SignOut::new()))
                .layer(authenticate);
            let user = ask(&router, "/me", &session(&json!({})), As::Page).await;
            assert_eq!((user.status, user.body.as_str()), (200, "user_1"));
            for (path, expected) in [("/me", 303), ("/sign-in", 303), ("/sign-out", 405)] {
                assert_eq!(ask(&router, path, SIGNED_OUT, As::Page).await.status, expected, "{path}");
            }
        }
    )+};
}

beside! {
    routers_stand_beside_cors: CorsLayer::permissive();
    routers_stand_beside_timeout: timeout();
    routers_stand_beside_trace: TraceLayer::new_for_http();
    routers_stand_beside_compression: CompressionLayer::new();
    routers_stand_beside_request_body_limit: RequestBodyLimitLayer::new(1024);
    routers_stand_beside_catch_panic: CatchPanicLayer::new();
    routers_stand_beside_set_header: set_header();
    routers_stand_beside_normalize_path: NormalizePathLayer::trim_trailing_slash();
}
