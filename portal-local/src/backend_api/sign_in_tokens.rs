//! `/v1/sign_in_tokens`: links that sign a user in.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{Response, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};

use super::invitation_parameters::not_pending;
use super::query::seconds;
use super::request::{JsonBody, missing, run};
use crate::flow::SIGN_IN_TOKEN_SECS;
use crate::json::{ApiError, json};
use crate::state::App;
use crate::store::tickets::set_status;
use crate::store::{SignInToken, TicketStatus, sign_in_tokens};

#[derive(Deserialize)]
pub(super) struct TokenBody {
    user_id: Option<String>,
    org_id: Option<String>,
    expires_in_seconds: Option<i64>,
}

pub(super) async fn create(
    State(app): State<Arc<App>>,
    JsonBody(body): JsonBody<TokenBody>,
) -> Result<Response<Body>, ApiError> {
    let user_id = body.user_id.ok_or_else(|| missing("user_id"))?;
    let secs = seconds(
        "expires_in_seconds",
        body.expires_in_seconds.unwrap_or(SIGN_IN_TOKEN_SECS),
    )?;
    let (token, text) = run(&app, move |flow| {
        Ok(flow.issue_sign_in_token(&user_id, body.org_id.as_deref(), secs)?)
    })
    .await?;
    let mut view = view(&token);
    view["url"] = app.flows.application().sign_in_link(&text).into();
    view["token"] = text.into();
    Ok(json(StatusCode::OK, &view))
}

pub(super) async fn revoke(State(app): State<Arc<App>>, Path(id): Path<String>) -> Result<Response<Body>, ApiError> {
    let token = run(&app, move |flow| {
        let token = sign_in_tokens::find(flow.connection, &id)?.ok_or_else(ApiError::not_found)?;
        if token.status != TicketStatus::Pending {
            return Err(not_pending("sign-in token", token.status));
        }
        set_status::<SignInToken>(flow.connection, &id, TicketStatus::Revoked, flow.now)?;
        sign_in_tokens::find(flow.connection, &id)?.ok_or_else(ApiError::not_found)
    })
    .await?;
    Ok(json(StatusCode::OK, &view(&token)))
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
