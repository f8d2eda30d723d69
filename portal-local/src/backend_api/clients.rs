//! `/v1/clients`: the browsers that users sign in with.

use axum::extract::Path;
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::json;

use super::query::Query;
use super::request::{Answer, JsonBody};
use super::sessions::view as session_view;
use crate::flow::Flow;
use crate::json::ApiError;
use crate::store::{Client, Session};
use crate::store::{clients, handshake_nonces, sessions};

pub(super) fn list(flow: &Flow<'_>, query: Query) -> Answer {
    let (page, is_paginated) = (query.page()?, query.flag("paginated")?);
    page.listed(clients::all(flow.db)?, is_paginated, |client| view(flow, &client))
}

pub(super) fn show(flow: &Flow<'_>, Path(id): Path<String>) -> Answer {
    view(flow, &named(flow, &id)?)
}

fn named(flow: &Flow<'_>, id: &str) -> Result<Client, ApiError> {
    clients::find(flow.db, id)?.ok_or_else(ApiError::not_found)
}

#[derive(Deserialize)]
pub(super) struct VerifyBody {
    token: Option<String>,
}

/// The client whose session a session token belongs to, while the session lives.
pub(super) fn verify(flow: &Flow<'_>, JsonBody(body): JsonBody<VerifyBody>) -> Answer {
    let Some(token) = body.token.filter(|token| !token.is_empty()) else {
        return Err(refusal("missing_parameter", "The body has no token.").param("token"));
    };
    let claims = flow.application.mint.read_session_token(&token);
    let Some(claims) = claims.filter(|claims| claims.is_current(flow.now)) else {
        let sentence = "The token is not a session token of this instance, or it has expired.";
        return Err(refusal("token_invalid", sentence).param("token"));
    };
    let found = sessions::find(flow.db, &claims.sid)?;
    let session = found.filter(Session::is_live).ok_or_else(ApiError::not_found)?;
    view(flow, &named(flow, &session.client_id)?)
}

/// `GET /v1/clients/handshake_payload?nonce=`: the directives of a handshake, once.
pub(super) fn handshake_payload(flow: &Flow<'_>, query: Query) -> Answer {
    let Some(nonce) = query.value("nonce") else {
        return Err(
            ApiError::new(StatusCode::BAD_REQUEST, "missing_parameter", "Missing parameter")
                .explain("The query parameter `nonce` is missing.")
                .param("nonce"),
        );
    };
    match handshake_nonces::take(flow.db, nonce)? {
        Some(directives) => Ok(json!({ "directives": directives })),
        None => Err(
            ApiError::new(StatusCode::BAD_REQUEST, "invalid_nonce", "Invalid nonce provided")
                .explain("This nonce is unknown, expired, or was used before."),
        ),
    }
}

fn refusal(code: &'static str, sentence: &str) -> ApiError {
    ApiError::new(StatusCode::BAD_REQUEST, code, "Client not verified").explain(sentence)
}

fn view(flow: &Flow<'_>, client: &Client) -> Answer {
    let live = sessions::live_of_client(flow.db, &client.id)?;
    let last_active = client.last_active_session_id.as_deref();
    let session_ids: Vec<&str> = live.iter().map(|session| session.id.as_str()).collect();
    Ok(json!({
        "object": "client",
        "id": client.id,
        "session_ids": session_ids,
        "sessions": live.iter().map(session_view).collect::<Vec<_>>(),
        "sign_in_id": client.sign_in_id,
        "sign_up_id": client.sign_up_id,
        "last_active_session_id": last_active.filter(|id| session_ids.contains(id)),
        // The sign-in method is not stored.
        "last_authentication_strategy": null,
        "updated_at": client.updated_at.as_millis(),
        "created_at": client.created_at.as_millis(),
    }))
}
