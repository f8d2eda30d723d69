//! `GET /v1/jwks`: the public keys.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::{Response, StatusCode};

use crate::json::json;
use crate::state::App;

pub(crate) async fn jwks(State(app): State<Arc<App>>) -> Response<Body> {
    json(StatusCode::OK, &app.mint.key_set())
}
