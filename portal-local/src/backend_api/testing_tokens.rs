//! `/v1/testing_tokens`: tokens that bypass bot protection, which the portal does not have.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::{Response, StatusCode};
use serde_json::json;

use crate::json::json;
use crate::secrets::random_token;
use crate::state::App;

/// Creates a token for Clerk's test helpers, which send it to pass bot protection. The portal has none.
pub(super) async fn create(State(app): State<Arc<App>>) -> Response<Body> {
    let expires_at = app.now().as_secs().saturating_add(3_600);
    let token = format!("{expires_at}-c_{}", random_token());
    let body = json!({ "object": "testing_token", "token": token, "expires_at": expires_at });
    json(StatusCode::OK, &body)
}
