//! The server: every router, what stands around them, and the connections that they answer.
//!
//! Nothing but the start of a portal imports this module.

mod boundary;
mod connections;
mod housekeeping;
mod unread_body;
mod write_limit;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware;
use tokio::net::TcpListener;

use self::connections::Limits;
use crate::state::App;
use crate::{backend_api, frontend_api, local_api, pages};

/// Forms and Backend API bodies are a few hundred bytes; a refresh carries the headers of a whole request.
const MOST_BODY_BYTES: usize = 256 * 1_024;

/// Serves the portal until `stop`, then shuts down gracefully.
pub(crate) async fn serve(listener: TcpListener, app: Arc<App>, stop: impl Future<Output = ()>) {
    connections::serve(listener, router(app), Limits::default(), stop).await;
}

fn router(app: Arc<App>) -> Router {
    Router::new()
        .merge(local_api::router(&app))
        .merge(pages::router(&app))
        .merge(frontend_api::router(&app, pages::landing_router()))
        .nest(
            "/accounts.dev",
            frontend_api::nested_router(&app, pages::landing_router()),
        )
        .merge(backend_api::router(&app))
        .layer(DefaultBodyLimit::max(MOST_BODY_BYTES))
        .layer(middleware::from_fn_with_state(Arc::clone(&app), boundary::guard))
        // Around everything: whatever answers may have left the body unread.
        .layer(middleware::from_fn(unread_body::settle))
        .with_state(app)
}
