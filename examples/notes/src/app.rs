//! The application: its routes, their guards and its files.

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use portal_axum::portal_sdk::backend::BackendApi;
use portal_axum::{AuthenticateLayer, Authenticator, RedirectToPortal, RequireAuthLayer, SignOut};

use crate::database::Database;
use crate::{notes, pages};

/// The state that handlers share.
#[derive(Clone)]
pub(crate) struct App {
    pub(crate) database: Database,
    /// The script htmx, if the pages use it.
    pub(crate) htmx: Option<Bytes>,
}

pub(crate) fn router<B: BackendApi>(app: App, clerk: Authenticator<B>) -> Router {
    Router::new()
        .route("/notes", get(notes::list).post(notes::create))
        .route("/notes/{id}/delete", post(notes::delete))
        // The browser's Back button must not show these pages after sign-out.
        .route_layer(RequireAuthLayer::signed_in().with_no_store(true))
        .route("/", get(pages::home))
        .route("/account", get(RedirectToPortal::user_profile()))
        .route("/organization", get(RedirectToPortal::organization_profile()))
        .route("/sign-out", post(SignOut::new()))
        .layer(AuthenticateLayer::from_authenticator(clerk))
        // Outside the layer, because these files are the same for every user.
        .route("/style.css", get(style))
        .route("/htmx.js", get(htmx))
        .with_state(app)
}

async fn style() -> impl IntoResponse {
    let headers = [(CONTENT_TYPE, "text/css; charset=utf-8"), (CACHE_CONTROL, "no-cache")];
    (headers, include_str!("../assets/style.css"))
}

async fn htmx(State(app): State<App>) -> Response {
    let Some(script) = app.htmx else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let headers = [
        (CONTENT_TYPE, "text/javascript; charset=utf-8"),
        (CACHE_CONTROL, "no-cache"),
    ];
    (headers, script).into_response()
}
