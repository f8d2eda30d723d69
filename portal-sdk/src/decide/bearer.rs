//! A session token in the `Authorization` header. Cookies, handshakes and satellites are ignored.

use super::{Answer, Question, Verdict};
use crate::state::AuthReason;
use crate::token::UnverifiedToken;

pub(super) fn verdict<'t>(question: Question<'_, '_>, token: &'t str) -> Answer<Verdict<'t>> {
    if UnverifiedToken::decode(token).is_ok_and(|token| token.is_other_than_session_token()) {
        return Ok(Verdict::SignedOut(AuthReason::TokenTypeMismatch.into()));
    }
    question.judge(token)
}
