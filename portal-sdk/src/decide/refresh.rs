//! Renewing an expired session token through the Backend API, without sending the browser anywhere.

use http::HeaderValue;
use http::header::SET_COOKIE;

use super::{Answer, Question, Stop, cookie_pair};
use crate::effect::{BackendError, Effect, SessionRefresh};
use crate::names::cookie;
use crate::secret::Secret;
use crate::state::{RefreshFailure, RequestState, ResponseDirectives, UndecidedCause};
use crate::token::UnverifiedToken;

/// Signed in with a new token, or why not.
pub(super) fn attempt(question: Question<'_, '_>) -> Answer<Result<RequestState, RefreshFailure>> {
    let refresh = match eligible(question) {
        Ok(refresh) => refresh,
        Err(failure) => return Ok(Err(failure)),
    };
    let renewed = match &question.known.refresh {
        None => return Err(Stop::Needs(Effect::RefreshSession(Box::new(refresh)))),
        // It is not known whether the session is alive: neither sign-out nor a redirect to a Clerk that may be down.
        Some(Err(error)) if error.is_outage() => {
            return Err(Stop::Undecided(UndecidedCause::RenewalOutOfReach(error.clone())));
        }
        Some(Err(error)) => return Ok(Err(failure_of(error))),
        Some(Ok(renewed)) => renewed,
    };
    if renewed.cookies.is_empty() {
        return Ok(Err(RefreshFailure::NoCookies));
    }
    let mut directives = ResponseDirectives::default();
    let mut token = "";
    for directive in &renewed.cookies {
        let Ok(value) = HeaderValue::from_str(directive) else {
            return Ok(Err(RefreshFailure::NoCookies));
        };
        directives.append(SET_COOKIE, value);
        let (name, value) = cookie_pair(directive);
        if is_session_cookie(question, name) {
            token = value.unwrap_or_default();
        }
    }
    Ok(match question.verify(token)? {
        Ok(claims) => Ok(question.signed_in(claims, token, directives)),
        Err(_) => Err(RefreshFailure::InvalidSessionToken),
    })
}

/// Whether `name` is the session cookie, plain or of this instance. Cookies that merely begin alike are not.
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

/// How Clerk's SDK names this failure of a refresh.
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
