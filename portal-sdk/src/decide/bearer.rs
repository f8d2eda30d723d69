//! A session token in the `Authorization` header. Cookies, handshakes and satellites are ignored.

use super::{Answer, Question, Refusal, Verdict};
use crate::state::AuthReason;
use crate::token::{TokenError, UnverifiedToken};

pub(super) fn verdict<'q>(
    question: Question<'q, '_>,
    token: Result<UnverifiedToken<'q>, TokenError>,
) -> Answer<Verdict> {
    match token {
        Ok(token) if token.is_other_than_session_token() => {
            Ok(Verdict::SignedOut(AuthReason::TokenTypeMismatch.into()))
        }
        Ok(token) => question.judge(&token),
        Err(error) => Ok(Verdict::SignedOut(Refusal::token(error))),
    }
}
