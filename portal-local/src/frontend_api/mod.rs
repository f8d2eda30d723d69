//! The part of Clerk's Frontend API that a server-side SDK leads browsers to.
//!
//! Mounted at the root and again under the path inside the publishable key.

mod dev_browser;
mod handshake;
mod well_known;

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};

use crate::app::App;
use crate::json::ApiError;
use crate::pages;

pub(crate) fn router() -> Router<Arc<App>> {
    Router::new()
        .route(
            "/v1/client/handshake",
            get(handshake::handshake).fallback(refuse_method),
        )
        .route("/v1/dev_browser", post(dev_browser::create).fallback(refuse_method))
        .route("/v1/tickets/accept", get(pages::accept_ticket).fallback(refuse_method))
        .route("/v1/health", get(well_known::health).fallback(refuse_method))
        .route("/.well-known/jwks.json", get(well_known::jwks).fallback(refuse_method))
}

async fn refuse_method() -> ApiError {
    ApiError::method_not_allowed()
}
