//! `/v1/sessions`: list, read, create, revoke, and make tokens.

use axum::extract::Path;
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::query::{Query, invalid};
use super::request::{Answer, JsonBody, missing};
use super::users;
use crate::device::Device;
use crate::flow::Flow;
use crate::json::ApiError;
use crate::mint::TokenUse;
use crate::store::{Session, SessionStatus};
use crate::store::{clients, sessions};

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

pub(super) fn list(flow: &Flow<'_>, query: Query) -> Answer {
    let page = query.page()?;
    let (is_paginated, statuses) = (query.flag("paginated")?, query.words("status", &STATUSES)?);
    let matches = |name: &str, value: &str| query.value(name).is_none_or(|wanted| wanted == value);
    let mut all = sessions::all(flow.db)?;
    all.retain(|session| {
        matches("client_id", &session.client_id)
            && matches("user_id", &session.user_id)
            && statuses.admit(session.status.as_str())
    });
    page.listed(all, is_paginated, |session| Ok(view(&session)))
}

pub(super) fn show(flow: &Flow<'_>, Path(id): Path<String>) -> Answer {
    Ok(view(&named(flow, &id)?))
}

pub(super) fn named(flow: &Flow<'_>, id: &str) -> Result<Session, ApiError> {
    sessions::find(flow.db, id)?.ok_or_else(ApiError::not_found)
}

#[derive(Deserialize)]
pub(super) struct NewBody {
    user_id: Option<String>,
    active_organization_id: Option<String>,
}

/// A session without a browser, for tests.
pub(super) fn create(flow: &Flow<'_>, JsonBody(body): JsonBody<NewBody>) -> Answer {
    let user_id = body.user_id.ok_or_else(|| missing("user_id"))?;
    let user = users::named(flow.db, &user_id)?;
    let client = clients::insert(flow.db)?;
    let mut session = flow.begin_session(&client, &user.id)?;
    if let Some(wanted) = &body.active_organization_id {
        let activated = flow.set_active_organization(&session, Some(wanted))?;
        session = activated.ok_or_else(|| ApiError::not_found().param("active_organization_id"))?;
    }
    Ok(view(&session))
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

pub(super) fn create_token(flow: &Flow<'_>, Path(id): Path<String>, JsonBody(body): JsonBody<TokenBody>) -> Answer {
    let lifetime_secs = body.lifetime_secs()?;
    let session = live(flow, &id)?;
    let token_use = TokenUse {
        authorized_party: None,
        lifetime_secs,
    };
    let token = flow.session_token(&session, token_use)?;
    Ok(json!({ "object": "token", "jwt": token }))
}

#[derive(Deserialize)]
pub(super) struct VerifyBody {
    token: Option<String>,
}

/// The session, if the token is one of it that is good now. Clerk took this call out of its newer API versions.
pub(super) fn verify(flow: &Flow<'_>, Path(id): Path<String>, JsonBody(body): JsonBody<VerifyBody>) -> Answer {
    let token = body.token.filter(|token| !token.is_empty());
    let claims = flow
        .application
        .mint
        .read_session_token(&token.ok_or_else(|| missing("token"))?);
    let claims = claims.filter(|claims| claims.is_current(flow.now) && claims.sid == id);
    let session = live(flow, &id)?;
    if claims.is_none() {
        return Err(ApiError::new(
            StatusCode::UNAUTHORIZED,
            "invalid_session_token",
            "Invalid session token",
        )
        .explain("The token is not a session token of this session, or it has expired."));
    }
    Ok(view(&session))
}

pub(super) fn revoke(flow: &Flow<'_>, Path(id): Path<String>) -> Answer {
    let session = live(flow, &id)?;
    flow.end_session(&session, SessionStatus::Revoked)?;
    Ok(view(&named(flow, &id)?))
}

/// The session with this id, which has to be live.
fn live(flow: &Flow<'_>, id: &str) -> Result<Session, ApiError> {
    let session = named(flow, id)?;
    match session.is_live() {
        true => Ok(session),
        false => Err(inactive(&session)),
    }
}

pub(super) fn inactive(session: &Session) -> ApiError {
    ApiError::new(StatusCode::BAD_REQUEST, "session_inactive", "Session is not active")
        .explain(format!("This session is {}.", session.status.as_str()))
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
