//! Renewal of an expired session token through the Backend API, without a redirect.

use http::HeaderValue;
use http::header::SET_COOKIE;

use super::{Answer, Question, Stop, cookie_pair};
use crate::effect::{BackendError, Effect, SessionRefresh};
use crate::names::cookie;
use crate::secret::Secret;
use crate::state::{RefreshFailure, RequestState, ResponseHeaders, UndecidedCause};
use crate::token::UnverifiedToken;

/// The result of a renewal.
#[expect(clippy::large_enum_variant, reason = "lives on the stack during one decision")]
pub(super) enum Refresh {
    /// Signed in with a new token.
    Renewed(RequestState),
    /// The old token stands.
    Failed(RefreshFailure),
}

/// Renews the session, if the request is eligible.
pub(super) fn refresh(question: Question<'_, '_>) -> Answer<Refresh> {
    let refresh = match eligible(question) {
        Ok(refresh) => refresh,
        Err(failure) => return Ok(Refresh::Failed(failure)),
    };
    let renewed = match &question.known.refresh {
        None => return Err(Stop::Needs(Effect::RefreshSession(Box::new(refresh)))),
        // The session may be alive: neither sign the request out nor redirect to a Clerk that may be down.
        Some(Err(error)) if error.is_outage() => {
            return Err(Stop::Undecided(UndecidedCause::RenewalOutOfReach(error.clone())));
        }
        Some(Err(error)) => return Ok(Refresh::Failed(failure_of(error))),
        Some(Ok(renewed)) => renewed,
    };
    if renewed.cookies.is_empty() {
        return Ok(Refresh::Failed(RefreshFailure::NoCookies));
    }
    let mut headers = ResponseHeaders::default();
    let mut token = "";
    for set_cookie in &renewed.cookies {
        let Ok(value) = HeaderValue::from_str(set_cookie) else {
            return Ok(Refresh::Failed(RefreshFailure::NoCookies));
        };
        headers.append(SET_COOKIE, value);
        let (name, value) = cookie_pair(set_cookie);
        if is_session_cookie(question, name) {
            token = value.unwrap_or_default();
        }
    }
    Ok(match question.verify(token)? {
        Ok(claims) => Refresh::Renewed(question.signed_in(claims, token, headers)),
        Err(_) => Refresh::Failed(RefreshFailure::InvalidSessionToken),
    })
}

/// Returns `true` if `name` is the session cookie, plain or suffixed for this instance; a prefix does not count.
pub(super) fn is_session_cookie(question: Question<'_, '_>, name: &str) -> bool {
    let suffix = question.cx.instance().publishable_key().cookie_suffix();
    name.strip_prefix(cookie::SESSION)
        .is_some_and(|rest| rest.is_empty() || rest.strip_prefix('_') == Some(suffix))
}

fn eligible(question: Question<'_, '_>) -> Result<SessionRefresh, RefreshFailure> {
    let cx = question.cx;
    if !cx.is_eligible_for_refresh() {
        return Err(RefreshFailure::NotGet);
    }
    let refresh_token = cx.refresh_cookie().ok_or(RefreshFailure::NoRefreshCookie)?;
    let expired_token = cx.session_token().unwrap_or_default();
    let decoded = UnverifiedToken::decode(expired_token).map_err(|_| RefreshFailure::TokenUndecodable)?;
    let session_id = decoded.session_id().ok_or(RefreshFailure::SessionIdMissing)?;
    // It becomes a path segment of the request to Clerk.
    if !session_id
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
    {
        return Err(RefreshFailure::UnexpectedAnswer);
    }
    Ok(SessionRefresh {
        session_id: session_id.into(),
        expired_token: Secret::new(expired_token),
        refresh_token: Secret::new(refresh_token),
        request_origin: cx.url().origin().into(),
        request_headers: cx.headers_for_refresh(),
        suffixed_cookies: cx.uses_suffixed_cookies(),
    })
}

/// Returns the reason of a failed refresh, as Clerk's SDK names it.
fn failure_of(error: &BackendError) -> RefreshFailure {
    if error.is_unreadable() {
        return RefreshFailure::NoCookies;
    }
    match (error.status(), error.code()) {
        (None, _) | (_, Some("unexpected_error")) => RefreshFailure::FetchError,
        (_, Some(code)) => RefreshFailure::Refused(code.into()),
        (_, None) => RefreshFailure::UnexpectedAnswer,
    }
}
