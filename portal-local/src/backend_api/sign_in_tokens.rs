//! `/v1/sign_in_tokens`: links that sign a user in.

use axum::extract::Path;
use serde::Deserialize;
use serde_json::{Value, json};

use super::invitation_parameters::not_pending;
use super::query::seconds;
use super::request::{Answer, JsonBody, missing};
use crate::flow::{Flow, SIGN_IN_TOKEN_SECS};
use crate::json::ApiError;
use crate::store::tickets::set_status;
use crate::store::{SignInToken, TicketStatus, sign_in_tokens};

#[derive(Deserialize)]
pub(super) struct TokenBody {
    user_id: Option<String>,
    org_id: Option<String>,
    expires_in_seconds: Option<i64>,
}

pub(super) fn create(flow: &Flow<'_>, JsonBody(body): JsonBody<TokenBody>) -> Answer {
    let user_id = body.user_id.ok_or_else(|| missing("user_id"))?;
    let secs = body.expires_in_seconds.unwrap_or(SIGN_IN_TOKEN_SECS);
    let secs = seconds("expires_in_seconds", secs)?;
    let (token, text) = flow.issue_sign_in_token(&user_id, body.org_id.as_deref(), secs)?;
    let mut view = view(&token);
    view["url"] = flow.application.sign_in_link(&text).into();
    view["token"] = text.into();
    Ok(view)
}

pub(super) fn revoke(flow: &Flow<'_>, Path(id): Path<String>) -> Answer {
    let token = named(flow, &id)?;
    if token.status != TicketStatus::Pending {
        return Err(not_pending("sign-in token", token.status));
    }
    set_status::<SignInToken>(flow.db, &id, TicketStatus::Revoked)?;
    Ok(view(&named(flow, &id)?))
}

fn named(flow: &Flow<'_>, id: &str) -> Result<SignInToken, ApiError> {
    sign_in_tokens::find(flow.db, id)?.ok_or_else(ApiError::not_found)
}

fn view(token: &SignInToken) -> Value {
    json!({
        "object": "sign_in_token",
        "id": token.id,
        "status": token.status.as_str(),
        "user_id": token.user_id,
        "url": null,
        "created_at": token.created_at.as_millis(),
        "updated_at": token.updated_at.as_millis(),
    })
}
