//! The outcome of a request, as JSON in Clerk's words.

use portal_tower::portal_sdk::state::RequestState;
use portal_tower::portal_sdk::token::SessionClaims;
use serde_json::{Map, Value, json};

/// The fields of a signed-in user's identity.
const AUTH_FIELDS: [&str; 8] = [
    "userId",
    "sessionId",
    "sessionStatus",
    "orgId",
    "orgRole",
    "orgSlug",
    "orgPermissions",
    "actor",
];

/// The identity in `claims`, with values as in the claims.
///
/// A pending session counts as signed out: every field but its status is null.
#[must_use]
pub fn auth(claims: &SessionClaims) -> Map<String, Value> {
    let json = claims.as_json();
    let mut auth = nobody();
    auth.insert("sessionStatus".into(), value(json, "sts"));
    if claims.is_pending() {
        return auth;
    }
    auth.insert("userId".into(), value(json, "sub"));
    auth.insert("sessionId".into(), value(json, "sid"));
    auth.insert("actor".into(), value(json, "act"));
    if value(json, "v").as_f64() != Some(2.0) {
        for (field, claim) in [
            ("orgId", "org_id"),
            ("orgRole", "org_role"),
            ("orgSlug", "org_slug"),
            ("orgPermissions", "org_permissions"),
        ] {
            auth.insert(field.into(), value(json, claim));
        }
        return auth;
    }
    let organization = value(json, "o");
    if is_truthy(&organization) {
        auth.insert("orgId".into(), organization["id"].clone());
        auth.insert("orgSlug".into(), organization["slg"].clone());
        auth.insert("orgRole".into(), role(&organization["rol"]));
        let permissions = claims
            .organization()
            .map(|organization| organization.permissions().collect::<Vec<_>>());
        auth.insert("orgPermissions".into(), json!(permissions.unwrap_or_default()));
    }
    auth
}

fn value(json: &Map<String, Value>, claim: &str) -> Value {
    json.get(claim).cloned().unwrap_or_default()
}

fn role(claim: &Value) -> Value {
    match claim {
        Value::String(role) if !role.is_empty() => format!("org:{role}").into(),
        other if is_truthy(other) => format!("org:{other}").into(),
        _ => Value::Null,
    }
}

/// Returns `true` for values that are truthy in JavaScript.
fn is_truthy(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => false,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::String(text) => !text.is_empty(),
        Value::Bool(true) | Value::Array(_) | Value::Object(_) => true,
    }
}

/// The response's body: status and reason, then the identity.
#[must_use]
pub fn result(state: &RequestState) -> Value {
    let mut body = state.claims().map_or_else(nobody, auth);
    body.insert("status".into(), state.status().into());
    body.insert("reason".into(), state.reason().map(ToString::to_string).into());
    body.into()
}

fn nobody() -> Map<String, Value> {
    AUTH_FIELDS
        .iter()
        .map(|name| ((*name).to_owned(), Value::Null))
        .collect()
}
