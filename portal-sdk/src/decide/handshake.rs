//! A returning handshake: takes over its cookies.

use std::sync::Arc;
use std::time::Duration;

use http::HeaderValue;
use http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, LOCATION, SET_COOKIE,
};
use serde_json::Value;

use super::expired::is_session_cookie;
use super::{Answer, Question, Stop, as_texts, cookie_check, cookie_pair};
use crate::effect::{BackendError, Effect};
use crate::limits::could_be_nonce;
use crate::secret::Secret;
use crate::state::{AuthReason, RequestState, ResponseHeaders, UndecidedCause};
use crate::token::{TokenError, UnverifiedToken, verify_handshake_token};

/// One day: the clock difference that a development machine may have when a fresh session token arrives.
const DEVELOPMENT_CLOCK_SKEW: Duration = Duration::from_secs(86_400);

/// The result of looking for a returning handshake.
#[expect(clippy::large_enum_variant, reason = "lives on the stack during one decision")]
pub(super) enum Returned {
    /// The handshake decides.
    Resolved(RequestState),
    /// No handshake, or an unusable one, with the error of its token if it carries one.
    Useless(Option<TokenError>),
    /// The payload could not be fetched.
    OutOfReach(Arc<BackendError>),
}

/// Resolves the handshake whose payload the request carries.
pub(super) fn returned(question: Question<'_, '_>) -> Answer<Returned> {
    let cx = question.cx;
    let is_development = cx.instance().is_development();
    // A nonce takes precedence over a token.
    let payload = if let Some(nonce) = cx.handshake_nonce() {
        match &question.known.handshake {
            // Any client can invent a nonce: make no call for a malformed one.
            None if !could_be_nonce(nonce) && is_development => Vec::new(),
            None if !could_be_nonce(nonce) => return Ok(Returned::Useless(None)),
            None => return Err(Stop::Needs(Effect::HandshakePayload(Secret::new(nonce)))),
            Some(Ok(payload)) => payload.set_cookies.clone(),
            // Redirect to the clean URL only if the request's session can then decide.
            Some(Err(error)) if error.is_outage() && is_development && !has_valid_session(question)? => {
                return Err(Stop::Undecided(UndecidedCause::HandshakeOutOfReach(error.clone())));
            }
            Some(Err(error)) if error.is_outage() && !is_development => {
                return Ok(Returned::OutOfReach(error.clone()));
            }
            // No payload: in production the ordinary cookies decide, in development the URL is cleaned first.
            Some(Err(_)) if is_development => Vec::new(),
            Some(Err(_)) => return Ok(Returned::Useless(None)),
        }
    } else if let Some(token) = cx.handshake_token() {
        match verify_token(question, token)? {
            Ok(payload) => payload,
            Err(error) if is_development => return Err(Stop::Undecided(UndecidedCause::HandshakeToken(error))),
            // The cookie may belong to another application on a sister domain.
            Err(error) => return Ok(Returned::Useless(Some(error))),
        }
    } else {
        return Ok(Returned::Useless(None));
    };
    take_over(question, &payload)
}

fn has_valid_session(question: Question<'_, '_>) -> Answer<bool> {
    let session = question
        .cx
        .session_cookie()
        .filter(|session| UnverifiedToken::decode(session).is_ok_and(|session| !session.is_other_than_session_token()));
    match session {
        Some(session) => Ok(question.verify(session)?.is_ok()),
        None => Ok(false),
    }
}

fn verify_token(question: Question<'_, '_>, token: &str) -> Answer<Result<Vec<Value>, TokenError>> {
    let token = match UnverifiedToken::decode(token) {
        Ok(token) => token,
        Err(error) => return Ok(Err(error)),
    };
    Ok(question
        .key(token.key_id())?
        .and_then(|key| verify_handshake_token(&token, &key)))
}

fn take_over(question: Question<'_, '_>, payload: &[Value]) -> Answer<Returned> {
    let cx = question.cx;
    let Some(cookies) = as_texts(payload) else {
        return Ok(Returned::Useless(None));
    };
    let mut headers = ResponseHeaders::default();
    headers.append(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("null"));
    headers.append(ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
    let mut session = Some("");
    for set_cookie in cookies {
        let Some(value) = header_value(set_cookie) else {
            return Ok(Returned::Useless(None));
        };
        headers.append(SET_COOKIE, value);
        let (name, value) = cookie_pair(set_cookie);
        if is_session_cookie(question, name) {
            session = value;
        }
    }
    if cx.instance().is_development() {
        let mut location = cx.url().without_handshake();
        cookie_check::mark(question, &mut location, &mut headers);
        let Ok(location) = HeaderValue::from_str(location.as_str()) else {
            return Ok(Returned::Useless(None));
        };
        headers.append(LOCATION, location);
        headers.append(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    // A session cookie without a value is an error, not a sign-out.
    let Some(session) = session else {
        return Ok(Returned::Useless(None));
    };
    if session.is_empty() {
        let state = question.signed_out_with(AuthReason::SessionTokenMissing.into(), headers);
        return Ok(Returned::Resolved(state));
    }
    let mut verified = question.verify(session)?;
    if cx.instance().is_development() && verified.as_ref().is_err_and(TokenError::is_about_time) {
        verified = question.verify_by(session, question.rules().with_clock_skew(DEVELOPMENT_CLOCK_SKEW))?;
    }
    Ok(match verified {
        Ok(claims) => Returned::Resolved(question.signed_in(claims, session, headers)),
        Err(error) => Returned::Useless(Some(error)),
    })
}

/// Converts a `Set-Cookie` value; returns `None` if it contains a character that headers forbid, such as a line end.
fn header_value(set_cookie: &str) -> Option<HeaderValue> {
    let bytes: Option<Vec<u8>> = set_cookie
        .trim()
        .chars()
        .map(|c| u8::try_from(u32::from(c)).ok())
        .collect();
    HeaderValue::from_bytes(&bytes?).ok()
}
