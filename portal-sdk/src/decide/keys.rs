//! Which key a token is to be verified with, and the verification of session tokens by it.

use std::borrow::Cow;

use super::{Answer, Effect, KnownKeys, MissingKey, Question, Stop};
use crate::state::UndecidedCause;
use crate::token::{SessionClaims, TokenError, UnverifiedToken, VerifyRules, VerifyingKey, verify_session_token};

impl<'q> Question<'q, '_> {
    /// The key with the id `key_id`. A PEM key serves every id.
    pub(super) fn key(self, key_id: Option<&str>) -> Answer<Result<Cow<'q, VerifyingKey>, TokenError>> {
        if let Some(key) = self.cx.instance().jwt_key() {
            return Ok(Ok(Cow::Owned(key.clone())));
        }
        match &self.known.keys {
            KnownKeys::InMemory(Some(keys)) if key_id.is_some_and(|key_id| keys.contains(key_id)) => {
                Ok(keys.key(key_id).map(Cow::Borrowed))
            }
            KnownKeys::InMemory(_) => Err(Stop::Needs(Effect::SigningKeys {
                key_id: key_id.map(Into::into),
            })),
            KnownKeys::Asked { keys, missing } => match (keys.key(key_id), missing) {
                (Err(TokenError::UnknownKey { .. }), MissingKey::Refused(error)) => Ok(Err(error.clone())),
                (Err(TokenError::UnknownKey { .. }), MissingKey::OutOfReach(error)) => {
                    Err(Stop::Undecided(UndecidedCause::KeysOutOfReach(error.clone())))
                }
                (Err(TokenError::UnknownKey { .. }), MissingKey::TooSoon) => {
                    Err(Stop::Undecided(UndecidedCause::KeyNotLookedUpYet))
                }
                (key, _) => Ok(key.map(Cow::Borrowed)),
            },
        }
    }

    pub(super) fn rules(self) -> VerifyRules<'q> {
        VerifyRules::of(self.cx.instance())
    }

    /// Verifies a session token by the instance's rules.
    pub(super) fn verify(self, token: &str) -> Answer<Result<SessionClaims, TokenError>> {
        self.verify_by(token, self.rules())
    }

    pub(super) fn verify_by(self, token: &str, rules: VerifyRules<'_>) -> Answer<Result<SessionClaims, TokenError>> {
        let token = match UnverifiedToken::decode(token) {
            Ok(token) => token,
            Err(error) => return Ok(Err(error)),
        };
        // Before a key is asked for: a machine's token is none of a session's, whatever key signed it.
        if token.is_of_machine_category() {
            return Ok(Err(TokenError::Category));
        }
        let key = match self.key(token.key_id())? {
            Ok(key) => key,
            Err(error) => return Ok(Err(error)),
        };
        Ok(verify_session_token(&token, &key, rules, self.now))
    }
}
