//! `GET /v1/clients/handshake_payload?nonce=`: the directives of a handshake, once.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::http::{Response, StatusCode};
use serde_json::json;
use url::form_urlencoded;

use crate::json::{ApiError, json};
use crate::state::App;
use crate::store::handshake_nonces;

pub(crate) async fn fetch(State(app): State<Arc<App>>, RawQuery(query): RawQuery) -> Result<Response<Body>, ApiError> {
    let nonce = form_urlencoded::parse(query.unwrap_or_default().as_bytes())
        .find(|(name, value)| name == "nonce" && !value.is_empty())
        .map(|(_, value)| value.into_owned());
    let Some(nonce) = nonce else {
        return Err(
            ApiError::new(StatusCode::BAD_REQUEST, "missing_parameter", "Missing parameter")
                .explain("The query parameter `nonce` is missing.")
                .param("nonce"),
        );
    };
    let now = app.now();
    let directives = app
        .store
        .transaction(move |connection| handshake_nonces::take(connection, &nonce, now))
        .await?;
    match directives {
        Some(directives) => Ok(json(StatusCode::OK, &json!({ "directives": directives }))),
        None => Err(
            ApiError::new(StatusCode::BAD_REQUEST, "invalid_nonce", "Invalid nonce provided")
                .explain("This nonce is unknown, expired, or was used before."),
        ),
    }
}
