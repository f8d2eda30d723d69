//! The part of Clerk's Frontend API that server-side SDKs redirect to.
//!
//! Mounted at the root and again under the path inside the publishable key.

mod account_portal;
mod cors;
mod dev_browser;
mod environment;
mod handshake;
mod oauth;
mod well_known;

use std::sync::Arc;

use axum::Router;
use axum::http::{Method, Uri};
use axum::routing::{any, get, post};

use self::handshake::Mount;
use crate::absent::{BACKEND_API, FRONTEND_API};
use crate::json::ApiError;
use crate::state::App;

/// The Frontend API at the root, with the routes `beside` it. Unknown API paths answer in JSON too.
pub(crate) fn router(app: &Arc<App>, beside: Router<Arc<App>>) -> Router<Arc<App>> {
    mounted(Mount::Root, beside)
        .route("/v1", any(not_found))
        .route("/v1/", any(not_found))
        .route("/v1/{*rest}", any(not_found))
        .route("/oauth/{*rest}", any(not_found))
        .route("/.well-known/{*rest}", any(not_found))
        .route("/accounts.dev/", any(not_found))
        .route("/api_keys", any(not_found))
        .route("/api_keys/{*rest}", any(not_found))
        .route("/m2m_tokens", any(not_found))
        .route("/m2m_tokens/{*rest}", any(not_found))
        .route("/oauth_applications/{*rest}", any(not_found))
        .route_layer(cors::layer(app))
}

/// The Frontend API under the path inside the publishable key, with the routes `beside` it.
pub(crate) fn nested_router(app: &Arc<App>, beside: Router<Arc<App>>) -> Router<Arc<App>> {
    mounted(Mount::KeyPath, beside)
        .fallback(not_found_in_path)
        .layer(cors::layer(app))
}

fn mounted(mount: Mount, beside: Router<Arc<App>>) -> Router<Arc<App>> {
    let handshake = move |state, method, query, headers| handshake::handshake(mount, state, method, query, headers);
    let environment = get(environment::show)
        .post(environment::touch)
        .patch(environment::touch);
    Router::new()
        .route("/v1/environment", environment)
        .route("/v1/account_portal", get(account_portal::show))
        .route(
            "/.well-known/openid-configuration",
            get(well_known::openid_configuration),
        )
        .route("/v1/client/handshake", get(handshake))
        .route("/v1/dev_browser", post(dev_browser::create))
        .route("/v1/health", get(well_known::health))
        .route("/.well-known/jwks.json", get(well_known::jwks))
        .merge(oauth::router())
        .merge(beside)
        .method_not_allowed_fallback(refuse_method)
}

/// The root serves both APIs.
async fn not_found(method: Method, uri: Uri) -> ApiError {
    let of_backend_api = BACKEND_API.absent_call(&method, uri.path());
    of_backend_api.unwrap_or_else(|| FRONTEND_API.no_such_call(&method, uri.path()))
}

async fn not_found_in_path(method: Method, uri: Uri) -> ApiError {
    FRONTEND_API.no_such_call(&method, uri.path())
}

async fn refuse_method(method: Method, uri: Uri) -> ApiError {
    FRONTEND_API.no_such_method(&method, uri.path())
}
