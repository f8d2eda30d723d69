//! Public endpoints: the public keys, OpenID discovery, and the health check.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::{Response, StatusCode};
use serde_json::json;

use crate::json::json;
use crate::state::App;

pub(crate) async fn jwks(State(app): State<Arc<App>>) -> Response<Body> {
    json(StatusCode::OK, &app.mint.key_set())
}

pub(crate) async fn health() -> Response<Body> {
    json(StatusCode::OK, &json!({ "status": "healthy" }))
}

/// OpenID discovery, for verifiers that know only the issuer.
///
/// The endpoints have Clerk's paths. They refuse every client, so the lists of supported values are empty.
pub(crate) async fn openid_configuration(State(app): State<Arc<App>>) -> Response<Body> {
    let issuer = app.mint.issuer();
    let body = json!({
        "issuer": issuer,
        "authorization_endpoint": format!("{issuer}/oauth/authorize"),
        "token_endpoint": format!("{issuer}/oauth/token"),
        "revocation_endpoint": format!("{issuer}/oauth/token/revoke"),
        "introspection_endpoint": format!("{issuer}/oauth/token_info"),
        "userinfo_endpoint": format!("{issuer}/oauth/userinfo"),
        "jwks_uri": format!("{issuer}/.well-known/jwks.json"),
        "scopes_supported": [],
        "response_types_supported": [],
        "response_modes_supported": [],
        "grant_types_supported": [],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "token_endpoint_auth_methods_supported": [],
        "claims_supported": [],
        "code_challenge_methods_supported": [],
        "backchannel_logout_supported": false,
        "frontchannel_logout_supported": false,
    });
    json(StatusCode::OK, &body)
}
