//! `/v1/clients`: the browsers that users sign in with.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{Response, StatusCode};
use portal_sdk::clock::UnixTime;
use serde::Deserialize;
use serde_json::{Value, json};

use super::query::{Query, cut};
use super::request::{JsonBody, listed, run};
use super::sessions::view as session_view;
use crate::flow::Flow;
use crate::json::{ApiError, json};
use crate::mint::SessionClaims;
use crate::state::App;
use crate::store::{Client, Session, StoreError};
use crate::store::{clients, sessions};

pub(super) async fn list(State(app): State<Arc<App>>, query: Query) -> Result<Response<Body>, ApiError> {
    let (page, is_paginated) = (query.page()?, query.flag("paginated")?);
    let (data, total) = run(&app, move |flow| {
        let all = clients::all(flow.connection)?;
        let total = all.len();
        let mut data = Vec::new();
        for client in cut(all, page) {
            data.push(view(flow, &client)?);
        }
        Ok((data, total))
    })
    .await?;
    Ok(listed(&data, total, is_paginated))
}

pub(super) async fn show(State(app): State<Arc<App>>, Path(id): Path<String>) -> Result<Response<Body>, ApiError> {
    let body = run(&app, move |flow| {
        let client = clients::find(flow.connection, &id)?.ok_or_else(ApiError::not_found)?;
        Ok(view(flow, &client)?)
    })
    .await?;
    Ok(json(StatusCode::OK, &body))
}

#[derive(Deserialize)]
pub(super) struct VerifyBody {
    token: Option<String>,
}

/// The client whose session a session token belongs to, while the session lives.
pub(super) async fn verify(
    State(app): State<Arc<App>>,
    JsonBody(body): JsonBody<VerifyBody>,
) -> Result<Response<Body>, ApiError> {
    let now = app.now();
    let Some(token) = body.token.filter(|token| !token.is_empty()) else {
        return Err(refusal("missing_parameter", "The body has no token.").param("token"));
    };
    let claims = app.mint.read_session_token(&token);
    let Some(claims) = claims.filter(|claims| is_current(claims, now)) else {
        let sentence = "The token is not a session token of this instance, or it has expired.";
        return Err(refusal("token_invalid", sentence).param("token"));
    };
    let body = run(&app, move |flow| {
        let found = sessions::find(flow.connection, &claims.sid, flow.now)?;
        let session = found.filter(Session::is_live).ok_or_else(ApiError::not_found)?;
        let client = clients::find(flow.connection, &session.client_id)?.ok_or_else(ApiError::not_found)?;
        Ok(view(flow, &client)?)
    })
    .await?;
    Ok(json(StatusCode::OK, &body))
}

fn is_current(claims: &SessionClaims, now: UnixTime) -> bool {
    (claims.nbf..claims.exp).contains(&now.as_secs())
}

fn refusal(code: &'static str, sentence: &str) -> ApiError {
    ApiError::new(StatusCode::BAD_REQUEST, code, "Client not verified").explain(sentence)
}

fn view(flow: &Flow<'_>, client: &Client) -> Result<Value, StoreError> {
    let live = sessions::live_of_client(flow.connection, &client.id, flow.now)?;
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
