//! `/v1/sessions`: list, read, create, revoke, and make tokens.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{Response, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};

use super::query::{Query, cut, invalid};
use super::request::{JsonBody, listed, missing, run};
use crate::device::Device;
use crate::flow::Flow;
use crate::json::{ApiError, json};
use crate::mint::TokenUse;
use crate::state::App;
use crate::store::{Session, SessionStatus};
use crate::store::{clients, sessions, users};

const LONGEST_TOKEN_SECS: i64 = 315_360_000;
/// The statuses that sessions can be filtered by.
// No session here has the status `ended`: signing out gives `removed`.
const STATUSES: [&str; 8] = [
    "abandoned",
    "active",
    "ended",
    "expired",
    "pending",
    "removed",
    "replaced",
    "revoked",
];

pub(super) async fn list(State(app): State<Arc<App>>, query: Query) -> Result<Response<Body>, ApiError> {
    let page = query.page()?;
    let (is_paginated, statuses) = (query.flag("paginated")?, query.words("status", &STATUSES)?);
    let all = run(&app, move |flow| {
        let matches = |name: &str, value: &str| query.value(name).is_none_or(|wanted| wanted == value);
        let mut all = sessions::all(flow.connection, flow.now)?;
        all.retain(|session| {
            matches("client_id", &session.client_id)
                && matches("user_id", &session.user_id)
                && (statuses.is_empty() || statuses.iter().any(|status| status == session.status.as_str()))
        });
        Ok(all)
    })
    .await?;
    let total = all.len();
    let data: Vec<Value> = cut(all, page).iter().map(view).collect();
    Ok(listed(&data, total, is_paginated))
}

pub(super) async fn show(State(app): State<Arc<App>>, Path(id): Path<String>) -> Result<Response<Body>, ApiError> {
    let session = run(&app, move |flow| named(flow, &id)).await?;
    Ok(json(StatusCode::OK, &view(&session)))
}

pub(super) fn named(flow: &Flow<'_>, id: &str) -> Result<Session, ApiError> {
    sessions::find(flow.connection, id, flow.now)?.ok_or_else(ApiError::not_found)
}

#[derive(Deserialize)]
pub(super) struct NewBody {
    user_id: Option<String>,
    active_organization_id: Option<String>,
}

/// A session without a browser, for tests.
pub(super) async fn create(
    State(app): State<Arc<App>>,
    JsonBody(body): JsonBody<NewBody>,
) -> Result<Response<Body>, ApiError> {
    let user_id = body.user_id.ok_or_else(|| missing("user_id"))?;
    let session = run(&app, move |flow| {
        let user = users::find(flow.connection, &user_id)?.ok_or_else(ApiError::not_found)?;
        let client = clients::insert(flow.connection, flow.now)?;
        let session = flow.begin_session(&client, &user.id)?;
        match body.active_organization_id.as_deref() {
            Some(wanted) => flow
                .set_active_organization(&session, Some(wanted))?
                .ok_or_else(|| ApiError::not_found().param("active_organization_id")),
            None => Ok(session),
        }
    })
    .await?;
    Ok(json(StatusCode::OK, &view(&session)))
}

#[derive(Deserialize)]
pub(super) struct TokenBody {
    expires_in_seconds: Option<i64>,
}

impl TokenBody {
    /// Returns the lifetime of the token; `None` for the default.
    pub(super) fn lifetime_secs(&self) -> Result<Option<i64>, ApiError> {
        match self.expires_in_seconds {
            Some(secs) if !(30..=LONGEST_TOKEN_SECS).contains(&secs) => Err(invalid(
                "expires_in_seconds",
                format!("Found {secs} seconds; expected between 30 and {LONGEST_TOKEN_SECS}."),
            )),
            secs => Ok(secs),
        }
    }
}

pub(super) async fn create_token(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    JsonBody(body): JsonBody<TokenBody>,
) -> Result<Response<Body>, ApiError> {
    let lifetime_secs = body.lifetime_secs()?;
    let shared = Arc::clone(&app);
    let token = run(&app, move |flow| {
        let session = named(flow, &id)?;
        if !session.is_live() {
            return Err(inactive(&session));
        }
        let token_use = TokenUse {
            authorized_party: None,
            lifetime_secs,
        };
        Ok(flow.session_token(&shared.mint, &session, token_use)?)
    })
    .await?;
    Ok(json(StatusCode::OK, &json!({ "object": "token", "jwt": token })))
}

#[derive(Deserialize)]
pub(super) struct VerifyBody {
    token: Option<String>,
}

/// The session, if the token is one of it that is good now. Clerk took this call out of its newer API versions.
pub(super) async fn verify(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    JsonBody(body): JsonBody<VerifyBody>,
) -> Result<Response<Body>, ApiError> {
    let now = app.now();
    let token = body
        .token
        .filter(|token| !token.is_empty())
        .ok_or_else(|| missing("token"))?;
    let claims = app.mint.read_session_token(&token);
    let claims = claims.filter(|claims| (claims.nbf..claims.exp).contains(&now.as_secs()) && claims.sid == id);
    let session = run(&app, move |flow| {
        let session = named(flow, &id)?;
        if !session.is_live() {
            return Err(inactive(&session));
        }
        Ok(session)
    })
    .await?;
    if claims.is_none() {
        return Err(ApiError::new(
            StatusCode::UNAUTHORIZED,
            "invalid_session_token",
            "Invalid session token",
        )
        .explain("The token is not a session token of this session, or it has expired."));
    }
    Ok(json(StatusCode::OK, &view(&session)))
}

pub(super) async fn revoke(State(app): State<Arc<App>>, Path(id): Path<String>) -> Result<Response<Body>, ApiError> {
    let revoked = run(&app, move |flow| {
        let session = named(flow, &id)?;
        if !session.is_live() {
            return Err(inactive(&session));
        }
        flow.end_session(&session, SessionStatus::Revoked)?;
        named(flow, &id)
    })
    .await?;
    Ok(json(StatusCode::OK, &view(&revoked)))
}

pub(super) fn inactive(session: &Session) -> ApiError {
    ApiError::new(StatusCode::BAD_REQUEST, "session_inactive", "Session is not active")
        .explain(format!("This session is already {}.", session.status.as_str()))
}

/// Every field that the API describes.
pub(super) fn view(session: &Session) -> Value {
    json!({
        "object": "session",
        "id": session.id,
        "user_id": session.user_id,
        "client_id": session.client_id,
        "actor": session.actor,
        "status": session.status.as_str(),
        "last_active_organization_id": session.last_active_organization_id,
        "last_active_at": session.last_active_at.as_millis(),
        "latest_activity": session.user_agent.as_deref().map(|text| activity(session, text)),
        "expire_at": session.expire_at.as_millis(),
        "abandon_at": session.abandon_at.as_millis(),
        "updated_at": session.updated_at.as_millis(),
        "created_at": session.created_at.as_millis(),
        "tasks": session.task().map(|_| tasks(session)),
    })
}

fn tasks(session: &Session) -> Vec<Value> {
    session
        .tasks
        .iter()
        .map(|task| json!({ "key": task.as_str() }))
        .collect()
}

fn activity(session: &Session, user_agent: &str) -> Value {
    let device = Device::of(user_agent);
    json!({
        "object": "session_activity",
        "id": format!("sess_activity_{}", session.id.trim_start_matches("sess_")),
        "device_type": device.system.unwrap_or_default(),
        "is_mobile": device.is_mobile,
        "browser_name": device.browser.unwrap_or_default(),
        "browser_version": device.version.unwrap_or_default(),
        // The portal binds loopback addresses only.
        "ip_address": "127.0.0.1",
        "city": "",
        "country": "",
    })
}
