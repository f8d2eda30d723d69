//! `POST /v1/sessions/{id}/refresh`: a new session token for an expired one, without the browser's help.
//!
//! Every mismatch is a 401. The application then starts a handshake, with the error's code as its reason.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use portal_sdk::clock::UnixTime;
use serde::Deserialize;
use serde_json::json;

use super::request::{Answer, JsonBody};
use crate::clock::Millis as _;
use crate::flow::Flow;
use crate::json::ApiError;
use crate::mint::{SessionClaims, TokenUse};
use crate::set_cookies::SignedIn;
use crate::state::App;
use crate::store::Session;
use crate::store::refresh_tokens::RefreshToken;
use crate::store::{clients, refresh_tokens, sessions};

/// The time for which a replaced token still works, because concurrent requests all carry it.
const GRACE_MILLIS: i64 = 10_000;
/// The time after its expiry in which a token may be refreshed: the longest life of a session.
const LONGEST_EXPIRY_MILLIS: i64 = 7 * 24 * 60 * 60 * 1_000;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Format {
    Cookie,
    #[default]
    Token,
}

/// Official SDKs send more, such as the headers of the request; nothing here depends on it.
#[derive(Deserialize)]
pub(super) struct RefreshRequest {
    expired_token: String,
    refresh_token: String,
    request_origin: String,
    #[serde(default)]
    format: Format,
}

/// The reason why a session was not refreshed.
#[derive(Clone, Copy, Debug)]
enum Refusal {
    SessionInactive,
    ExpiredTokenInvalid,
    RefreshTokenInvalid,
    OriginMismatch,
}

pub(super) fn refresh(
    flow: &Flow<'_>,
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    JsonBody(request): JsonBody<RefreshRequest>,
) -> Answer {
    let (session, for_plain_key) = check(&app, flow, &id, &request)?;
    let Some(client) = clients::find(flow.db, &session.client_id)? else {
        return Err(Refusal::SessionInactive.into());
    };
    flow.use_session(&session)?;
    let session_token = flow.session_token(&session, TokenUse::by(&request.request_origin))?;
    Ok(match request.format {
        // Nothing in this answer could carry a new refresh token, so the old one stays.
        Format::Token => json!({ "object": "token", "jwt": session_token }),
        Format::Cookie => {
            refresh_tokens::replace(flow.db, &request.refresh_token)?;
            refresh_tokens::forget_replaced(flow.db, &session.id, flow.now.plus_millis(-GRACE_MILLIS))?;
            let signed_in = SignedIn {
                client_uat_secs: client.updated_at.min(flow.now).as_secs(),
                refresh_token: &refresh_tokens::issue(flow.db, &session, for_plain_key)?,
                session_token: &session_token,
            };
            json!({ "object": "cookies", "cookies": signed_in.refreshed(&app.cookie_suffixes(for_plain_key)) })
        }
    })
}

fn check(app: &App, flow: &Flow<'_>, session_id: &str, request: &RefreshRequest) -> Result<(Session, bool), ApiError> {
    let Some(session) = sessions::find(flow.db, session_id)?.filter(Session::is_live) else {
        return Err(Refusal::SessionInactive.into());
    };
    let claims = app.mint.read_session_token(&request.expired_token);
    let Some(claims) = claims.filter(|claims| belongs_to(claims, &session, flow.now)) else {
        return Err(Refusal::ExpiredTokenInvalid.into());
    };
    let token = refresh_tokens::find(flow.db, &request.refresh_token)?;
    let is_good = |token: &RefreshToken| {
        let in_grace = token
            .replaced_at
            .is_none_or(|at| flow.now.follows_within(GRACE_MILLIS, at));
        token.session_id == session.id && token.expire_at > flow.now && in_grace
    };
    let Some(token) = token.filter(is_good) else {
        return Err(Refusal::RefreshTokenInvalid.into());
    };
    if claims.azp.as_deref() != Some(request.request_origin.as_str()) {
        return Err(Refusal::OriginMismatch.into());
    }
    Ok((session, token.for_plain_key))
}

fn belongs_to(claims: &SessionClaims, session: &Session, now: UnixTime) -> bool {
    let expired_for = now.millis_since(UnixTime::from_secs(claims.exp));
    claims.sid == session.id && claims.sub == session.user_id && expired_for <= LONGEST_EXPIRY_MILLIS
}

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> Self {
        let (code, message, sentence) = match refusal {
            Refusal::SessionInactive => (
                "session_inactive",
                "Session is not active",
                "The session does not exist, or it has ended.",
            ),
            Refusal::ExpiredTokenInvalid => (
                "expired_token_invalid",
                "Invalid expired token",
                "The expired token is not one of this session, or expired too long ago.",
            ),
            Refusal::RefreshTokenInvalid => (
                "refresh_token_invalid",
                "Invalid refresh token",
                "The refresh token is unknown, was replaced, or belongs to another session.",
            ),
            Refusal::OriginMismatch => (
                "origin_mismatch",
                "Origin mismatch",
                "The expired token was issued for another origin than the request's.",
            ),
        };
        Self::new(StatusCode::UNAUTHORIZED, code, message).explain(sentence)
    }
}
