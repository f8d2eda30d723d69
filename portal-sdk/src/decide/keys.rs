//! Key selection, and the verification of session tokens.

use std::borrow::Cow;
use std::ops::RangeInclusive;

use super::{Answer, Decision, Question, Refusal, Stop, Verdict};
use crate::clock::UnixTime;
use crate::effect::{Effect, KnownKeys, MissingKey};
use crate::instance::Instance;
use crate::key::{KeySet, Lookup, VerifyingKey};
use crate::state::{AuthReason, UndecidedCause};
use crate::token::{
    GenuineSession, SessionClaims, TokenError, UnverifiedToken, VerifyRules, header_problem, verify_session_token,
};

/// The lengths of signatures by RSA keys of 2048 to 8192 bits, in bytes (RFC 8017 section 8.2.1).
const SIGNATURE_BYTES: RangeInclusive<usize> = 256..=1024;

/// Returns the key of a token. Never asks for a fetch that cannot help the token.
///
/// # Security
///
/// Any client can send tokens that no key can verify. They must not cause calls to Clerk.
pub(super) fn key_of<'k>(
    instance: &'k Instance,
    keys: &'k KnownKeys,
    token: &UnverifiedToken<'_>,
) -> Answer<Result<Cow<'k, VerifyingKey>, TokenError>> {
    let stop = match key(instance, keys, token.key_id()) {
        Ok(key) => return Ok(key),
        Err(stop) => stop,
    };
    match (hopeless(token), keys) {
        (None, _) => Err(stop),
        // As after a fetch that does not find the key.
        (Some(_), KnownKeys::InMemory(Some(keys))) => Ok(found(keys, token.key_id()).map(Cow::Borrowed)),
        (Some(problem), _) => Ok(Err(problem)),
    }
}

/// Returns the error of a token that no key can verify, by its header and the length of its signature.
fn hopeless(token: &UnverifiedToken<'_>) -> Option<TokenError> {
    let has_possible_length = token.signature_len().is_ok_and(|len| SIGNATURE_BYTES.contains(&len));
    header_problem(token).or((!has_possible_length).then_some(TokenError::Signature))
}

/// Returns the key with the ID `key_id`. A PEM key serves every ID.
fn key<'k>(
    instance: &'k Instance,
    keys: &'k KnownKeys,
    key_id: Option<&str>,
) -> Answer<Result<Cow<'k, VerifyingKey>, TokenError>> {
    if let Some(key) = instance.jwt_key() {
        return Ok(Ok(Cow::Borrowed(key)));
    }
    match keys {
        KnownKeys::InMemory(Some(keys)) if key_id.is_some_and(|key_id| keys.contains(key_id)) => {
            Ok(found(keys, key_id).map(Cow::Borrowed))
        }
        KnownKeys::InMemory(_) => Err(Stop::Needs(Effect::SigningKeys {
            key_id: key_id.map(Into::into),
        })),
        KnownKeys::Asked { keys, missing } => match (found(keys, key_id), missing) {
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

fn found<'k>(keys: &'k KeySet, key_id: Option<&str>) -> Result<&'k VerifyingKey, TokenError> {
    match key_id.map_or(Lookup::Unknown, |key_id| keys.find(key_id)) {
        Lookup::Usable(key) => Ok(key),
        Lookup::Unusable => Err(TokenError::UnusableKey { algorithm: "RSA" }),
        Lookup::Unknown => Err(TokenError::UnknownKey {
            key_id: key_id.map(Into::into),
            known: keys.key_ids(),
        }),
    }
}

/// Returns the session of a token that this instance signed, even an expired one, or the key that is needed first.
pub(crate) fn genuine_session(
    instance: &Instance,
    keys: &KnownKeys,
    token: &str,
) -> Decision<Result<Option<GenuineSession>, UndecidedCause>> {
    match checked_session(instance, keys, token) {
        Ok(session) => Decision::Settled(Ok(session)),
        Err(Stop::Needs(effect)) => Decision::Needs(effect),
        Err(Stop::Undecided(cause)) => Decision::Settled(Err(cause)),
    }
}

/// Returns the error of a session token, by the keys in memory; for explanations, not for decisions.
///
/// Returns `None` if the token is valid, or its key is not in memory.
pub(crate) fn token_problem(instance: &Instance, keys: &KnownKeys, token: &str, now: UnixTime) -> Option<TokenError> {
    let token = match UnverifiedToken::decode(token) {
        Ok(token) => token,
        Err(error) => return Some(error),
    };
    match key_of(instance, keys, &token) {
        Ok(Ok(key)) => verify_session_token(&token, &key, VerifyRules::of(instance), now).err(),
        Ok(Err(error)) => Some(error),
        Err(_) => None,
    }
}

fn checked_session(instance: &Instance, keys: &KnownKeys, token: &str) -> Answer<Option<GenuineSession>> {
    let Some(token) = UnverifiedToken::decode(token)
        .ok()
        .filter(|token| !token.is_other_than_session_token())
    else {
        return Ok(None);
    };
    let Ok(key) = key_of(instance, keys, &token)? else {
        return Ok(None);
    };
    Ok(GenuineSession::check(&token, &key))
}

impl<'q> Question<'q, '_> {
    pub(super) fn key_of(self, token: &UnverifiedToken<'_>) -> Answer<Result<Cow<'q, VerifyingKey>, TokenError>> {
        key_of(self.cx.instance(), &self.known.keys, token)
    }

    pub(super) fn rules(self) -> VerifyRules<'q> {
        VerifyRules::of(self.cx.instance())
    }

    /// Verifies a session token. If only its times are wrong, the session may be alive.
    pub(super) fn judge(self, token: &UnverifiedToken<'_>) -> Answer<Verdict> {
        let error = match self.verify(token)? {
            Ok(claims) => return Ok(Verdict::SignedIn(claims)),
            Err(error) => error,
        };
        let reason = match error {
            TokenError::Expired { .. } => return Ok(Verdict::Expired(error)),
            TokenError::NotActiveYet { .. } => AuthReason::SessionTokenNotActiveYet,
            TokenError::IssuedInTheFuture { .. } => AuthReason::SessionTokenIatInTheFuture,
            _ => return Ok(Verdict::SignedOut(Refusal::token(error))),
        };
        Ok(Verdict::Unsettled(Refusal {
            reason,
            token_error: Some(error.into()),
        }))
    }

    /// Verifies a session token by the instance's rules.
    pub(super) fn verify(self, token: &UnverifiedToken<'_>) -> Answer<Result<SessionClaims, TokenError>> {
        self.verify_by(token, self.rules())
    }

    pub(super) fn verify_by(
        self,
        token: &UnverifiedToken<'_>,
        rules: VerifyRules<'_>,
    ) -> Answer<Result<SessionClaims, TokenError>> {
        // Reject machine tokens before fetching keys: they are never session tokens.
        if token.is_of_machine_category() {
            return Ok(Err(TokenError::Category));
        }
        let key = match self.key_of(token)? {
            Ok(key) => key,
            // The key exists but is unusable: the header's own errors come first, as at Clerk.
            Err(error @ TokenError::UnusableKey { .. }) => return Ok(Err(header_problem(token).unwrap_or(error))),
            Err(error) => return Ok(Err(error)),
        };
        Ok(verify_session_token(token, &key, rules, self.now))
    }
}
