//! Renewal of an expired session token through the Backend API, without a redirect.

use http::StatusCode;

use super::brought::brought_by;
use super::{Answer, Question, Stop};
use crate::effect::{BackendError, Effect, SessionRefresh};
use crate::secret::Secret;
use crate::state::{RefreshFailure, RequestState, ResponseHeaders, UndecidedCause};
use crate::token::UnverifiedToken;

/// The result of a renewal.
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
    if renewed.set_cookies.is_empty() {
        return Ok(Refresh::Failed(RefreshFailure::NoCookies));
    }
    let mut headers = ResponseHeaders::default();
    let brought = brought_by(
        question,
        renewed.set_cookies.iter().map(|text| Some(text.as_str())),
        &mut headers,
    );
    if brought.is_garbage() {
        let error = BackendError::unreadable(StatusCode::OK, "its cookies hold no session token");
        return Err(Stop::Undecided(UndecidedCause::RenewalOutOfReach(error)));
    }
    let Ok(token) = UnverifiedToken::decode(brought.session.flatten().unwrap_or_default()) else {
        return Ok(Refresh::Failed(RefreshFailure::InvalidSessionToken));
    };
    Ok(match question.verify(&token)? {
        Ok(claims) => Refresh::Renewed(question.signed_in(claims, headers)),
        Err(_) => Refresh::Failed(RefreshFailure::InvalidSessionToken),
    })
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
    match error.code() {
        None | Some("unexpected_error") => RefreshFailure::FetchError,
        Some(code) => RefreshFailure::Refused(code.into()),
    }
}
