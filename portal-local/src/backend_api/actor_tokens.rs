//! `/v1/actor_tokens`: links with which one user acts in the name of another.

use axum::extract::Path;
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::query::{invalid, seconds};
use super::request::{Answer, JsonBody, missing};
use crate::flow::Flow;
use crate::json::ApiError;
use crate::store::tickets::set_status;
use crate::store::{ActorToken, Metadata, TicketStatus, actor_tokens, users};

/// Clerk's defaults.
const TOKEN_SECS: i64 = 60 * 60;
const SESSION_SECS: i64 = 30 * 60;
/// The actor is a claim of every session token, and browsers drop cookies above 4 KB.
const MOST_ACTOR_BYTES: usize = 2_048;

#[derive(Deserialize)]
pub(super) struct NewBody {
    user_id: Option<String>,
    actor: Option<Map<String, Value>>,
    expires_in_seconds: Option<i64>,
    session_max_duration_in_seconds: Option<i64>,
}

pub(super) fn create(flow: &Flow<'_>, JsonBody(body): JsonBody<NewBody>) -> Answer {
    let user_id = body.user_id.ok_or_else(|| missing("user_id"))?;
    let actor = checked_actor(body.actor.ok_or_else(|| missing("actor"))?)?;
    let token_secs = seconds("expires_in_seconds", body.expires_in_seconds.unwrap_or(TOKEN_SECS))?;
    let session_secs = body.session_max_duration_in_seconds.unwrap_or(SESSION_SECS);
    let session_secs = seconds("session_max_duration_in_seconds", session_secs)?;
    if users::find(flow.db, &user_id)?.is_none() {
        return Err(ApiError::new(StatusCode::NOT_FOUND, "resource_not_found", "not found")
            .explain("No user has this ID.")
            .param("user_id"));
    }
    let (token, text) = flow.issue_actor_token(&user_id, actor, (token_secs, session_secs))?;
    let mut view = view(&token);
    view["url"] = flow.application.sign_in_link(&text).into();
    view["token"] = text.into();
    Ok(view)
}

fn checked_actor(actor: Map<String, Value>) -> Result<Metadata, ApiError> {
    match actor.get("sub") {
        None | Some(Value::Null) => return Err(missing("actor.sub")),
        Some(Value::String(sub)) if !sub.is_empty() => {}
        Some(_) => {
            let sentence = "Found a sub that is empty or not a string; expected the acting user's ID.";
            return Err(invalid("actor.sub", sentence));
        }
    }
    let bytes = serde_json::to_string(&actor).map_or(usize::MAX, |text| text.len());
    if bytes > MOST_ACTOR_BYTES {
        let sentence = format!("Found {bytes} bytes; expected at most {MOST_ACTOR_BYTES} bytes of JSON.");
        return Err(invalid("actor", sentence));
    }
    Ok(actor.into())
}

pub(super) fn revoke(flow: &Flow<'_>, Path(id): Path<String>) -> Answer {
    let token = named(flow, &id)?;
    if token.status != TicketStatus::Pending {
        let status = token.status.as_str();
        let sentence = format!(
            "Actor token cannot be revoked because its status is {status}. Only pending tokens can be revoked."
        );
        let code = "actor_token_cannot_be_revoked_code";
        return Err(ApiError::new(StatusCode::BAD_REQUEST, code, "cannot revoke").explain(sentence));
    }
    set_status::<ActorToken>(flow.db, &id, TicketStatus::Revoked)?;
    Ok(view(&named(flow, &id)?))
}

fn named(flow: &Flow<'_>, id: &str) -> Result<ActorToken, ApiError> {
    actor_tokens::find(flow.db, id)?.ok_or_else(ApiError::not_found)
}

/// Every field that the API describes. The link is known only to the call that made the token.
fn view(token: &ActorToken) -> Value {
    json!({
        "object": "actor_token",
        "id": token.id,
        "status": token.status.as_str(),
        "user_id": token.user_id,
        "actor": token.actor,
        "created_at": token.created_at.as_millis(),
        "updated_at": token.updated_at.as_millis(),
    })
}
