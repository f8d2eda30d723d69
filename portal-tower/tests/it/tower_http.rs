//! Our layers and services inside and outside of tower-http's, in one `ServiceBuilder`.

use std::any::Any;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Request, Response, StatusCode};
use http_body::Body;
use http_body_util::Full;
use portal_tower::{AllowCrossSiteLayer, FrontendApiProxy, RedirectToPortal, RequireAuthLayer, SignOut};
use tower::{Layer as _, ServiceBuilder, ServiceExt as _};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::cors::CorsLayer;
use tower_http::limit::RequestBodyLimitLayer;
use tower_http::normalize_path::NormalizePathLayer;
use tower_http::set_header::SetResponseHeaderLayer;
use tower_http::timeout::TimeoutLayer;
use tower_http::trace::TraceLayer;

use crate::support::{AS_PAGE, App, SIGNED_OUT, TEST_ISSUER, layer, live, request, signed_in, test};

const LONG: Duration = Duration::from_secs(60);
const HERE: &str = "http://localhost:3000/x";

fn timeout() -> TimeoutLayer {
    TimeoutLayer::with_status_code(StatusCode::GATEWAY_TIMEOUT, LONG)
}

fn set_header() -> SetResponseHeaderLayer<HeaderValue> {
    SetResponseHeaderLayer::overriding(HeaderName::from_static("x-set"), HeaderValue::from_static("1"))
}

/// The status and where it leads.
fn outcome<B: Body>(response: &Response<B>) -> (u16, &str) {
    let location = response.headers().get("location");
    let location = location.map_or("", |location| location.to_str().unwrap());
    (
        response.status().as_u16(),
        location.split('?').next().unwrap_or_default(),
    )
}

/// Puts the same layer of tower-http outside of, between and inside of ours.
macro_rules! beside {
    ($($name:ident: $theirs:expr;)+) => {$(
        #[tokio::test]
        async fn $name() {
            let app = App::default();
            let guarded = ServiceBuilder::new()
                .layer($theirs)
                .layer(layer(test()))
                .layer($theirs)
                .layer(AllowCrossSiteLayer::new())
                .layer($theirs)
                .layer(RequireAuthLayer::signed_in())
                .layer($theirs)
                .service(app.service());
            let cookies = signed_in(TEST_ISSUER);
            let response = guarded.clone().oneshot(request(HERE, &[("cookie", &cookies), AS_PAGE])).await.unwrap();
            assert_eq!(outcome(&response), (200, ""));
            assert_eq!(response.headers()["cache-control"], "private");
            assert!(response.headers().get_all("vary").iter().any(|vary| vary.to_str().unwrap().contains("Cookie")));
            let response = guarded.oneshot(request(HERE, &[("cookie", SIGNED_OUT), AS_PAGE])).await.unwrap();
            assert_eq!(outcome(&response), (303, "https://foo-bar-13.accounts.dev/sign-in"));
            assert_eq!(app.calls(), 1);

            let builder = ServiceBuilder::new().layer($theirs).layer(layer(test())).layer($theirs);
            let redirect = builder.clone().service(RedirectToPortal::sign_up());
            let response = redirect.oneshot(request(HERE, &[("cookie", SIGNED_OUT), AS_PAGE])).await.unwrap();
            assert_eq!(outcome(&response), (303, "https://foo-bar-13.accounts.dev/sign-up"));

            let sign_out = builder.service(SignOut::new());
            let response = sign_out.oneshot(request("POST http://localhost:3000/x", &[AS_PAGE])).await.unwrap();
            assert_eq!(outcome(&response), (303, "/"));

            let instance = live().proxy_url("/__clerk").build().unwrap();
            let proxy = ServiceBuilder::new().layer($theirs).service(FrontendApiProxy::new(&instance).unwrap());
            let response = proxy.oneshot(request("https://app.example.com/elsewhere", &[])).await.unwrap();
            assert_eq!(outcome(&response), (400, ""));
        }
    )+};
}

beside! {
    layers_stand_beside_cors: CorsLayer::permissive();
    layers_stand_beside_timeout: timeout();
    layers_stand_beside_trace: TraceLayer::new_for_http();
    layers_stand_beside_compression: CompressionLayer::new();
    layers_stand_beside_request_body_limit: RequestBodyLimitLayer::new(1024);
    layers_stand_beside_catch_panic: CatchPanicLayer::new();
    layers_stand_beside_set_header: set_header();
    layers_stand_beside_normalize_path: NormalizePathLayer::trim_trailing_slash();
}

#[tokio::test]
async fn layers_compose_with_tower_http_layers() {
    let all = || {
        ServiceBuilder::new()
            .layer(TraceLayer::new_for_http())
            .layer(CatchPanicLayer::new())
            .layer(CorsLayer::permissive())
            .layer(timeout())
            .layer(CompressionLayer::new())
            .layer(RequestBodyLimitLayer::new(1024))
            .layer(set_header())
            .layer(NormalizePathLayer::trim_trailing_slash())
            .into_inner()
    };
    let service = ServiceBuilder::new()
        .layer(all())
        .layer(layer(test()))
        .layer(RequireAuthLayer::signed_in())
        .layer(timeout())
        .layer(CorsLayer::permissive())
        .service(App::default().service());
    let cookies = signed_in(TEST_ISSUER);
    let response = service
        .oneshot(request(HERE, &[("cookie", &cookies), AS_PAGE]))
        .await
        .unwrap();
    assert_eq!(
        (outcome(&response), &response.headers()["x-set"]),
        ((200, ""), &"1".parse().unwrap())
    );
}

/// `CorsLayer` makes the answer to a preflight itself, with an empty body of ours.
#[tokio::test]
async fn cors_outside_answers_preflights() {
    let app = App::default();
    let service = ServiceBuilder::new()
        .layer(CorsLayer::permissive())
        .layer(layer(test()))
        .layer(RequireAuthLayer::signed_in())
        .service(app.service());
    let headers = [
        ("origin", "https://spa.example"),
        ("access-control-request-method", "PUT"),
    ];
    let response = service
        .oneshot(request("OPTIONS http://localhost:3000/x", &headers))
        .await
        .unwrap();
    assert_eq!(response.status(), 200);
    assert!(response.headers().contains_key("access-control-allow-origin"));
    assert_eq!((response.body().size_hint().exact(), app.calls()), (Some(0), 0));
}

/// `TimeoutLayer` makes the answer itself, also inside of ours.
#[tokio::test]
async fn timeout_inside_is_answered() {
    let never = tower::service_fn(|_: Request<Full<Bytes>>| {
        std::future::pending::<Result<Response<Full<Bytes>>, std::convert::Infallible>>()
    });
    let service = ServiceBuilder::new()
        .layer(layer(test()))
        .layer(RequireAuthLayer::signed_in())
        .layer(TimeoutLayer::with_status_code(
            StatusCode::GATEWAY_TIMEOUT,
            Duration::from_millis(1),
        ))
        .service(never);
    let cookies = signed_in(TEST_ISSUER);
    let response = service
        .oneshot(request(HERE, &[("cookie", &cookies), AS_PAGE]))
        .await
        .unwrap();
    assert_eq!(response.status(), 504);
}

/// A panic in the handler ends as an answer that keeps the layer's own fields.
#[tokio::test]
async fn panic_inside_is_answered() {
    let panics = tower::service_fn(|_: Request<Full<Bytes>>| async {
        if true {
            std::panic::resume_unwind(Box::new("on purpose") as Box<dyn Any + Send>);
        }
        Ok::<_, std::convert::Infallible>(Response::new(Full::<Bytes>::default()))
    });
    let service = layer(test()).layer(CatchPanicLayer::new().layer(panics));
    let response = service
        .oneshot(request(HERE, &[("cookie", SIGNED_OUT), AS_PAGE]))
        .await
        .unwrap();
    assert_eq!(response.status(), 500);
    assert_eq!(response.headers()["x-clerk-auth-status"], "signed-out");
}
