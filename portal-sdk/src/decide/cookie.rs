//! The session cookie: is there one, is it fresh, is it genuine.

use super::redirect::is_document_get;
use super::{Answer, Question, Refusal, organization, refresh, satellite};
use crate::names::query;
use crate::state::{AuthReason, RequestState, ResponseDirectives};
use crate::token::{TokenError, UnverifiedToken};

pub(super) fn answer(question: Question<'_, '_>) -> Answer<RequestState> {
    let cx = question.cx;
    if cx.instance().is_development() {
        // Present counts even if it is empty: the parameter must leave the address bar.
        if cx.url().query_parameter(query::DEV_BROWSER).is_some() {
            return Ok(question.handshake_or_signed_out(AuthReason::DevBrowserSync.into()));
        }
        if cx.dev_browser().is_none() {
            return Ok(question.handshake_or_signed_out(AuthReason::DevBrowserMissing.into()));
        }
    }
    let is_client_active = cx.client_uat() != 0;
    let session = match (is_client_active, cx.session_cookie()) {
        (false, None) => return Ok(question.signed_out(AuthReason::SessionTokenAndUatMissing.into())),
        (false, Some(_)) => {
            return Ok(question.handshake_or_signed_out(AuthReason::SessionTokenWithoutClientUat.into()));
        }
        (true, None) => {
            return Ok(question.handshake_or_signed_out(AuthReason::ClientUatWithoutSessionToken.into()));
        }
        (true, Some(session)) => session,
    };
    session_token(question, session)
}

#[expect(clippy::cast_precision_loss, reason = "seconds of our time fit a double exactly")]
fn session_token(question: Question<'_, '_>, session: &str) -> Answer<RequestState> {
    let cx = question.cx;
    let token = match UnverifiedToken::decode(session) {
        Ok(token) => token,
        Err(error) => return Ok(question.signed_out(Refusal::token(error))),
    };
    if token.is_other_than_session_token() {
        return Ok(question.signed_out(AuthReason::TokenTypeMismatch.into()));
    }
    // The client changed after the token was made: perhaps somebody signed out, or in as somebody else.
    if token
        .issued_at_secs()
        .is_some_and(|issued_at| issued_at < cx.client_uat() as f64)
    {
        return Ok(question.handshake_or_signed_out(AuthReason::SessionTokenIatBeforeClientUat.into()));
    }
    let claims = match question.verify(session)? {
        Ok(claims) => claims,
        Err(error) => return refused(question, error),
    };
    if is_document_get(cx) && cx.redirect_count() == 0 && satellite::comes_from_elsewhere(cx) {
        return Ok(question.handshake_or_signed_out(AuthReason::PrimaryDomainCrossOriginSync.into()));
    }
    if let Some(state) = organization::answer(question, &claims) {
        return Ok(state);
    }
    Ok(question.signed_in(claims, session, ResponseDirectives::default()))
}

/// A token that does not verify. Where only time is in the way the session may be alive: renew it, or let the Frontend
/// API tell.
pub(super) fn refused(question: Question<'_, '_>, error: TokenError) -> Answer<RequestState> {
    let reason = match error {
        TokenError::Expired { .. } => return expired(question, error),
        TokenError::NotActiveYet { .. } => AuthReason::SessionTokenNotActiveYet,
        TokenError::IssuedInTheFuture { .. } => AuthReason::SessionTokenIatInTheFuture,
        _ => return Ok(question.signed_out(Refusal::token(error))),
    };
    Ok(question.handshake_or_signed_out(Refusal {
        token_error: Some(error),
        ..reason.into()
    }))
}

fn expired(question: Question<'_, '_>, error: TokenError) -> Answer<RequestState> {
    let failure = match refresh::attempt(question)? {
        Ok(state) => return Ok(organization::answer_renewed(question, state)),
        Err(failure) => failure,
    };
    let refusal = Refusal {
        reason: AuthReason::SessionTokenExpired(failure),
        token_error: Some(error),
    };
    Ok(question.handshake_or_signed_out(refusal))
}
