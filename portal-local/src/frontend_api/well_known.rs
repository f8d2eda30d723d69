//! What anybody may ask: the public keys, and whether the portal is there.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::{Response, StatusCode};
use serde_json::json;

use crate::app::App;
use crate::json::json;

pub(crate) async fn jwks(State(app): State<Arc<App>>) -> Response<Body> {
    json(StatusCode::OK, &app.mint.key_set())
}

pub(crate) async fn health() -> Response<Body> {
    json(StatusCode::OK, &json!({ "status": "ok" }))
}
