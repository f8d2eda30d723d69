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

/// What a verifier needs that knows only the issuer.
pub(crate) async fn openid_configuration(State(app): State<Arc<App>>) -> Response<Body> {
    let issuer = app.mint.issuer();
    let body = json!({
        "issuer": issuer,
        "jwks_uri": format!("{issuer}/.well-known/jwks.json"),
        "id_token_signing_alg_values_supported": ["RS256"],
        "subject_types_supported": ["public"],
    });
    json(StatusCode::OK, &body)
}
