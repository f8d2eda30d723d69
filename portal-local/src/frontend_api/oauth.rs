//! `/oauth/*`: the addresses that the OpenID configuration must name. No application is registered as an OAuth client at
//! the local portal, so each of them refuses the client, as Clerk does with an unknown one.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::header::{HeaderValue, WWW_AUTHENTICATE};
use axum::http::{Response, StatusCode};
use axum::response::IntoResponse as _;
use axum::routing::{get, post};
use serde_json::json;

use crate::json::{ApiError, json};
use crate::state::App;

const SENTENCE: &str = "The local portal doesn't have OAuth applications, so no client or access token is valid.";

pub(super) fn router() -> Router<Arc<App>> {
    Router::new()
        .route("/oauth/authorize", get(unknown_client).post(unknown_client))
        .route("/oauth/token", post(invalid_client))
        .route("/oauth/token/revoke", post(invalid_client))
        .route("/oauth/token_info", post(invalid_client))
        .route("/oauth/userinfo", get(invalid_token).post(invalid_token))
}

async fn unknown_client() -> ApiError {
    ApiError::new(
        StatusCode::UNAUTHORIZED,
        "authorization_invalid",
        "Unknown OAuth client",
    )
    .explain(SENTENCE)
}

/// RFC 6749 section 5.2.
async fn invalid_client() -> Response<Body> {
    let body = json!({ "error": "invalid_client", "error_description": SENTENCE });
    json(StatusCode::UNAUTHORIZED, &body)
}

/// RFC 6750 section 3.
async fn invalid_token() -> Response<Body> {
    let error = ApiError::new(
        StatusCode::UNAUTHORIZED,
        "authentication_invalid",
        "Invalid authentication",
    );
    let mut response = error.explain(SENTENCE).into_response();
    let challenge = HeaderValue::from_static("Bearer error=\"invalid_token\"");
    response.headers_mut().insert(WWW_AUTHENTICATE, challenge);
    response
}
