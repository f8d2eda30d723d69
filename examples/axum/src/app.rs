//! The application: its routes and their guards.

use axum::Router;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::IntoResponse;
use axum::routing::{get, post};
use portal_axum::{AuthenticateLayer, RedirectToPortal, RequireAuthLayer, Role, SignOut};

use crate::pages;

pub(crate) fn router(authenticate: AuthenticateLayer) -> Router {
    let protected = Router::new()
        .route("/dashboard", get(pages::dashboard))
        .route("/api/me", get(pages::me))
        // Back must not show these pages after sign-out.
        .route_layer(RequireAuthLayer::signed_in().with_no_store(true));
    let for_administrators = Router::new()
        .route("/team", get(pages::team))
        .route_layer(RequireAuthLayer::with(Role::new("org:admin")).with_no_store(true));
    Router::new()
        .route("/", get(pages::home))
        .merge(protected)
        .merge(for_administrators)
        .route("/sign-in", get(RedirectToPortal::sign_in()))
        .route("/sign-up", get(RedirectToPortal::sign_up()))
        .route("/account", get(RedirectToPortal::user_profile()))
        .route("/organization", get(RedirectToPortal::organization_profile()))
        .route("/create-organization", get(RedirectToPortal::create_organization()))
        .route("/sign-out", post(SignOut::new()))
        .fallback(pages::not_found)
        .layer(authenticate)
        // Outside the layer, because a stylesheet is the same for every user.
        .route("/style.css", get(style))
}

async fn style() -> impl IntoResponse {
    let headers = [(CONTENT_TYPE, "text/css; charset=utf-8"), (CACHE_CONTROL, "no-cache")];
    (headers, include_str!("../assets/style.css"))
}
