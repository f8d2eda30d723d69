//! [`Attempt`]: a fetch of keys in progress, and the meaning of a failed one.

use std::time::Duration;

use super::KeyCache;
use crate::clock::UnixTime;
use crate::effect::{BackendError, MissingKey, SECRET_KEY_REFUSED};
use crate::token::TokenError;

/// A fetch in progress. Dropped without a result (its runtime was shut down), it counts as a failure.
pub(super) struct Attempt<'c> {
    pub(super) cache: &'c KeyCache,
    pub(super) number: u64,
    pub(super) address: &'c str,
    pub(super) began_at: UnixTime,
    pub(super) is_over: bool,
}

impl Drop for Attempt<'_> {
    fn drop(&mut self) {
        if !self.is_over {
            self.cache
                .keep_failure(self.number, given_up(), None, self.address, self.began_at);
        }
    }
}

/// Maps a failed fetch to the result for a token whose key is missing.
pub(super) fn meaning_of(error: BackendError) -> MissingKey {
    if error.is_outage() {
        return MissingKey::OutOfReach(error);
    }
    MissingKey::Refused(match error.code() {
        Some(SECRET_KEY_REFUSED) => TokenError::SecretKeyRefused,
        _ => TokenError::KeysNotLoaded {
            problem: error.to_string().into(),
        },
    })
}

pub(super) fn no_keys() -> MissingKey {
    MissingKey::Refused(TokenError::KeysNotLoaded {
        problem: "the key set is empty".into(),
    })
}

pub(super) fn given_up() -> MissingKey {
    MissingKey::OutOfReach(BackendError::given_up())
}

pub(super) fn problem_of(missing: &MissingKey) -> Option<String> {
    match missing {
        MissingKey::Refused(error) => Some(error.to_string()),
        MissingKey::OutOfReach(error) => Some(error.with_sources()),
        MissingKey::Unknown | MissingKey::TooSoon => None,
    }
}

/// Warns of the first failure of an outage.
///
/// `key_age` is `None` without keys in memory, and `Some(None)` if their age is unknown because the clock was set back.
pub(super) fn warn(
    problem: Option<&str>,
    address: &str,
    failures: u32,
    next_attempt: Duration,
    key_age: Option<Option<Duration>>,
) {
    let next_attempt_secs = next_attempt.as_secs_f32();
    if let Some(age) = key_age {
        let key_age_secs = age.map(|age| age.as_secs());
        tracing::warn!(
            address,
            problem,
            key_age_secs,
            failures,
            next_attempt_secs,
            "signing keys cannot be fetched; keys in memory stay in use"
        );
    } else {
        tracing::warn!(
            address,
            problem,
            failures,
            next_attempt_secs,
            "signing keys cannot be fetched and none are in memory; requests with a session token cannot be decided"
        );
    }
}
