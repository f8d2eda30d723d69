//! The session cookie: its presence, age and signature.

use super::redirect::is_document_get;
use super::{Answer, Question, Refusal, Verdict, satellite};
use crate::names::query;
use crate::state::AuthReason;
use crate::token::{TokenError, UnverifiedToken};

pub(super) fn verdict<'q>(question: Question<'q, '_>) -> Answer<Verdict> {
    let cx = question.cx;
    if cx.instance().is_development() {
        // An empty parameter counts too, because it must leave the address bar.
        if cx.query_parameter(query::DEV_BROWSER).is_some() {
            return Ok(Verdict::Unsettled(AuthReason::DevBrowserSync.into()));
        }
        if cx.dev_browser().is_none() {
            return Ok(Verdict::Unsettled(AuthReason::DevBrowserMissing.into()));
        }
    }
    let is_client_active = cx.client_uat() != 0;
    match (is_client_active, cx.session_cookie_token()) {
        (false, None) => Ok(Verdict::SignedOut(AuthReason::SessionTokenAndUatMissing.into())),
        (false, Some(_)) => Ok(Verdict::Unsettled(AuthReason::SessionTokenWithoutClientUat.into())),
        (true, None) => Ok(Verdict::Unsettled(AuthReason::ClientUatWithoutSessionToken.into())),
        (true, Some(session)) => session_token(question, session),
    }
}

#[expect(clippy::cast_precision_loss, reason = "seconds of our time fit a double exactly")]
fn session_token<'q>(question: Question<'q, '_>, session: Result<UnverifiedToken<'q>, TokenError>) -> Answer<Verdict> {
    let cx = question.cx;
    let token = match session {
        Ok(token) => token,
        Err(error) => return Ok(Verdict::SignedOut(Refusal::token(error))),
    };
    if token.is_other_than_session_token() {
        return Ok(Verdict::SignedOut(AuthReason::TokenTypeMismatch.into()));
    }
    // The client changed after the token was issued: the user may have signed out, or in as another user.
    let is_outdated = |issued_at| issued_at < cx.client_uat() as f64;
    if token.issued_at_secs().is_some_and(is_outdated) {
        return Ok(Verdict::Unsettled(AuthReason::SessionTokenIatBeforeClientUat.into()));
    }
    let verdict = question.judge(&token)?;
    let is_signed_in = matches!(verdict, Verdict::SignedIn(..));
    // Most requests do not come from elsewhere.
    if is_signed_in && satellite::comes_from_elsewhere(cx) && is_document_get(cx) && cx.redirect_count() == 0 {
        return Ok(Verdict::Unsettled(AuthReason::PrimaryDomainCrossOriginSync.into()));
    }
    Ok(verdict)
}
