//! A returning handshake: takes over its cookies.

use std::time::Duration;

use http::HeaderValue;
use http::header::{ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, LOCATION};
use serde_json::Value;

use super::brought::brought_by;
use super::{Answer, Question, Stop, cookie_check};
use crate::effect::{BackendError, Effect};
use crate::limits::could_be_nonce;
use crate::secret::Secret;
use crate::state::{AuthReason, RequestState, ResponseHeaders, UndecidedCause};
use crate::token::{TokenError, UnverifiedToken, verify_handshake_token};

/// One day: the clock difference that a development machine may have when a fresh session token arrives.
const DEVELOPMENT_CLOCK_SKEW: Duration = Duration::from_secs(86_400);

/// The result of looking for a returning handshake.
pub(super) enum Returned {
    /// The handshake decides.
    Resolved(RequestState),
    /// No handshake, or an unusable one, with the error of its token if it carries one.
    Useless(Option<TokenError>),
    /// The payload could not be fetched.
    OutOfReach(BackendError),
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
    take_over(question, &payload, cx.handshake_nonce().is_none())
}

fn has_valid_session(question: Question<'_, '_>) -> Answer<bool> {
    match question.cx.session_cookie_token() {
        Some(Ok(session)) if !session.is_other_than_session_token() => Ok(question.verify(&session)?.is_ok()),
        _ => Ok(false),
    }
}

fn verify_token(question: Question<'_, '_>, token: &str) -> Answer<Result<Vec<Value>, TokenError>> {
    let token = match UnverifiedToken::decode(token) {
        Ok(token) => token,
        Err(error) => return Ok(Err(error)),
    };
    Ok(question
        .key_of(&token)?
        .and_then(|key| verify_handshake_token(&token, &key)))
}

fn take_over(question: Question<'_, '_>, payload: &[Value], is_signed: bool) -> Answer<Returned> {
    let cx = question.cx;
    let mut headers = ResponseHeaders::default();
    headers.append(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("null"));
    headers.append(ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
    let brought = brought_by(question, payload.iter().map(Value::as_str), &mut headers);
    // The missing session cookie may be the one that was skipped: an error, not a sign-out. A signed payload counts as a
    // whole, as at Clerk.
    if brought.has_skipped && (brought.session.is_none() || is_signed) {
        return Ok(Returned::Useless(None));
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
    let Some(session) = brought.session.unwrap_or(Some("")) else {
        return Ok(Returned::Useless(None));
    };
    if session.is_empty() {
        let state = question.signed_out_with(AuthReason::SessionTokenMissing.into(), headers);
        return Ok(Returned::Resolved(state));
    }
    let token = match UnverifiedToken::decode(session) {
        Ok(token) => token,
        Err(error) => return Ok(Returned::Useless(Some(error))),
    };
    let mut verified = question.verify(&token)?;
    if cx.instance().is_development() && verified.as_ref().is_err_and(TokenError::is_about_time) {
        verified = question.verify_by(&token, question.rules().with_clock_skew(DEVELOPMENT_CLOCK_SKEW))?;
    }
    Ok(match verified {
        Ok(claims) => Returned::Resolved(question.signed_in(claims, headers)),
        Err(error) => Returned::Useless(Some(error)),
    })
}
