//! The application: its routes and their guards.

use axum::Router;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::IntoResponse;
use axum::routing::{get, post};
use portal_axum::portal_sdk::backend::BackendApi;
use portal_axum::{AuthenticateLayer, Authenticator, RedirectToPortal, RequireAuthLayer, SignOut, WebhookReceiver};

use crate::database::Database;
use crate::pages;
use crate::webhooks::Receiver;

/// The path of the route that receives Clerk's webhooks.
pub const WEBHOOKS: &str = "/webhooks/clerk";

/// The state that handlers share.
#[derive(Clone, Debug)]
pub struct App {
    /// The table `users`.
    pub database: Database,
    /// URL of the local portal's page of webhooks; `None` with a Clerk application.
    pub sent_webhooks: Option<String>,
}

/// Returns the application's routes.
pub fn router<B: BackendApi>(app: App, clerk: Authenticator<B>, webhooks: WebhookReceiver) -> Router {
    let receiver = Receiver {
        database: app.database.clone(),
    };
    // Tokens of deleted users and ended sessions are rejected at once, not with their expiry.
    let webhooks = webhooks.with_authenticator(clerk.clone());
    Router::new()
        .route("/users", get(pages::users))
        // The browser's Back button must not show addresses after sign-out.
        .route_layer(RequireAuthLayer::signed_in().with_no_store(true))
        .route("/", get(pages::home))
        .route("/account", get(RedirectToPortal::user_profile()))
        .route("/sign-out", post(SignOut::new()))
        .layer(AuthenticateLayer::from_authenticator(clerk))
        // Outside the layer: a delivery has no session, and its signature is its proof.
        .route(WEBHOOKS, post(webhooks.into_service(receiver)))
        .route("/style.css", get(style))
        .with_state(app)
}

async fn style() -> impl IntoResponse {
    let headers = [(CONTENT_TYPE, "text/css; charset=utf-8"), (CACHE_CONTROL, "no-cache")];
    (headers, include_str!("../assets/style.css"))
}
