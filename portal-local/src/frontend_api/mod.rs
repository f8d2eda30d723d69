//! The part of Clerk's Frontend API that a server-side SDK leads browsers to.
//!
//! Mounted at the root and again under the path inside the publishable key.

mod account_portal;
mod cors;
mod dev_browser;
mod environment;
mod handshake;
mod well_known;

use std::sync::Arc;

use axum::Router;
use axum::middleware;
use axum::routing::{any, get, post};

use self::handshake::Mount;
use crate::app::App;
use crate::json::ApiError;
use crate::pages;

/// The Frontend API at the root.
pub(crate) fn router(app: &Arc<App>) -> Router<Arc<App>> {
    mounted(app, Mount::Root)
}

fn mounted(app: &Arc<App>, mount: Mount) -> Router<Arc<App>> {
    let handshake = move |state, method, query, headers| handshake::handshake(mount, state, method, query, headers);
    Router::new()
        .route(
            "/v1/environment",
            get(environment::show)
                .post(environment::touch)
                .patch(environment::touch)
                .fallback(refuse_method),
        )
        .route("/v1/account_portal", get(account_portal::show).fallback(refuse_method))
        .route(
            "/.well-known/openid-configuration",
            get(well_known::openid_configuration).fallback(refuse_method),
        )
        .route("/v1/client/handshake", get(handshake).fallback(refuse_method))
        .route("/v1/dev_browser", post(dev_browser::create).fallback(refuse_method))
        .route("/v1/tickets/accept", get(pages::accept_ticket).fallback(refuse_method))
        .route("/v1/oauth_callback", get(pages::oauth_callback).fallback(refuse_method))
        .route("/v1/health", get(well_known::health).fallback(refuse_method))
        .route("/.well-known/jwks.json", get(well_known::jwks).fallback(refuse_method))
        .route_layer(middleware::from_fn_with_state(Arc::clone(app), cors::allow))
}

/// What lies under the path inside the publishable key: the Frontend API and nothing else.
pub(crate) fn nested_router(app: &Arc<App>) -> Router<Arc<App>> {
    mounted(app, Mount::KeyPath)
        .route("/v1", any(not_found))
        .route("/v1/{*rest}", any(not_found))
}

async fn not_found() -> ApiError {
    ApiError::not_found()
}

async fn refuse_method() -> ApiError {
    ApiError::method_not_allowed()
}
