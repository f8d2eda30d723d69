//! A session token in the `Authorization` header. Cookies, handshakes and satellites are not looked at.

use super::{Answer, Question, cookie};
use crate::state::{AuthReason, RequestState, ResponseDirectives};
use crate::token::UnverifiedToken;

pub(super) fn answer(question: Question<'_, '_>, token: &str) -> Answer<RequestState> {
    if UnverifiedToken::decode(token).is_ok_and(|token| token.is_other_than_session_token()) {
        return Ok(question.signed_out(AuthReason::TokenTypeMismatch.into()));
    }
    match question.verify(token)? {
        Ok(claims) => Ok(question.signed_in(claims, token, ResponseDirectives::default())),
        Err(error) => cookie::refused(question, error),
    }
}
