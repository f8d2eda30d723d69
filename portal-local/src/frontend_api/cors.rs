//! CORS for the Frontend API: the origins that users may be redirected to may read its responses.

use std::sync::Arc;
use std::time::Duration;

use axum::http::Method;
use axum::http::header::{AUTHORIZATION, HeaderName, HeaderValue, ORIGIN};
use tower_http::cors::{AllowHeaders, AllowOrigin, CorsLayer};

use crate::state::App;

pub(super) fn layer(app: &Arc<App>) -> CorsLayer {
    let app = Arc::clone(app);
    CorsLayer::new()
        .allow_origin(AllowOrigin::predicate(move |origin, _| is_application(&app, origin)))
        .allow_credentials(true)
        .allow_methods([Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE])
        .allow_headers(AllowHeaders::mirror_request())
        .expose_headers([AUTHORIZATION, HeaderName::from_static("clerk-db-jwt")])
        .max_age(Duration::from_secs(600))
        .vary([ORIGIN])
}

/// Returns `true` for an origin of this machine, or one that was named when the portal started.
fn is_application(app: &App, origin: &HeaderValue) -> bool {
    let Ok(text) = origin.to_str() else { return false };
    let url = app.redirects.absolute(text);
    url.is_ok_and(|url| url.origin().ascii_serialization() == text)
}
