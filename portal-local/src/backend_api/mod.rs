//! The part of Clerk's Backend API that an SDK uses at run time. Every call needs the secret key, `/v1/jwks` too.

mod handshake_payload;
mod jwks;
mod refresh;
mod sessions;
mod users;

use std::sync::Arc;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use axum::Router;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::header::AUTHORIZATION;
use axum::middleware::{self, Next};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{any, get, post};

use crate::app::App;
use crate::json::ApiError;

pub(crate) fn router(app: &Arc<App>) -> Router<Arc<App>> {
    Router::new()
        .route("/v1/jwks", get(jwks::jwks))
        .route("/v1/clients/handshake_payload", get(handshake_payload::fetch))
        .route("/v1/sessions/{id}", get(sessions::show))
        .route("/v1/sessions/{id}/refresh", post(refresh::refresh))
        .route("/v1/sessions/{id}/revoke", post(sessions::revoke))
        .route("/v1/users/{id}", get(users::show))
        .method_not_allowed_fallback(|| async { ApiError::method_not_allowed() })
        .route_layer(middleware::from_fn_with_state(Arc::clone(app), authenticate))
        // Clients of an API read JSON, also where there is nothing.
        .route("/v1", any(not_found))
        .route("/v1/{*rest}", any(not_found))
}

async fn not_found() -> ApiError {
    ApiError::not_found()
}

async fn authenticate(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let header = request
        .headers()
        .get(AUTHORIZATION)
        .and_then(|value| value.to_str().ok());
    let key = header
        .and_then(|value| value.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, key)| key.trim())
        .filter(|key| !key.is_empty());
    let Some(key) = key else {
        return ApiError::new(
            StatusCode::UNAUTHORIZED,
            "authentication_invalid",
            "Invalid authentication",
        )
        .explain("The Backend API needs the header `Authorization: Bearer <secret key>`.")
        .into_response();
    };
    if verify_slices_are_equal(key.as_bytes(), app.secret_key.expose().as_bytes()).is_err() {
        return ApiError::new(
            StatusCode::UNAUTHORIZED,
            "clerk_key_invalid",
            "The provided Clerk Secret Key is invalid",
        )
        .explain("This is not the secret key of this local portal; copy CLERK_SECRET_KEY from its start page.")
        .into_response();
    }
    next.run(request).await
}
