//! The signing keys in memory: one snapshot, swapped whole, fetched by one caller at a time.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex as SyncMutex, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwapOption;
use tokio::sync::Mutex;

use super::{Backend, BackendError, SECRET_KEY_REFUSED};
use crate::clock::{Clock, UnixTime};
use crate::decide::{KnownKeys, MissingKey};
use crate::token::{KeySet, TokenError};

/// How many unknown key ids are remembered. They are anyone's to send, so there must be an end.
const MAX_UNKNOWN_KEY_IDS: usize = 64;

/// When signing keys are fetched again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct KeyCachePolicy {
    /// How long fetched keys are fresh. Default: 5 minutes, as Clerk's SDK has it.
    pub lifetime: Duration,
    /// How long older keys serve while they cannot be fetched. Default: 24 hours.
    pub max_stale: Duration,
    /// The least time between two fetches caused by unknown key ids, which anyone can send. Default: 10 seconds.
    pub min_refetch: Duration,
    /// The least time between two attempts after a failed one. Default: 1 second.
    pub retry_after_failure: Duration,
}

impl Default for KeyCachePolicy {
    fn default() -> Self {
        Self {
            lifetime: Duration::from_secs(5 * 60),
            max_stale: Duration::from_secs(24 * 60 * 60),
            min_refetch: Duration::from_secs(10),
            retry_after_failure: Duration::from_secs(1),
        }
    }
}

impl KeyCachePolicy {
    /// Sets how long fetched keys are fresh.
    #[must_use]
    pub fn with_lifetime(self, lifetime: Duration) -> Self {
        Self { lifetime, ..self }
    }

    /// Sets how long older keys serve while they cannot be fetched.
    #[must_use]
    pub fn with_max_stale(self, max_stale: Duration) -> Self {
        Self { max_stale, ..self }
    }

    /// Sets the least time between two fetches caused by unknown key ids.
    #[must_use]
    pub fn with_min_refetch(self, min_refetch: Duration) -> Self {
        Self { min_refetch, ..self }
    }
}

/// One successful answer.
#[derive(Debug)]
struct Snapshot {
    keys: Arc<KeySet>,
    fetched_at: UnixTime,
}

/// What is remembered about attempts, besides their fruit.
#[derive(Debug, Default)]
struct Attempts {
    /// The last attempt, if it brought no keys, and what that means for whoever needs one.
    failure: Option<(UnixTime, MissingKey)>,
    /// The last fetch that an unknown key id caused.
    for_unknown_at: Option<UnixTime>,
    /// Key ids that a fetch has shown to be unknown, oldest first.
    unknown: VecDeque<(Box<str>, UnixTime)>,
}

/// The keys of one instance.
#[derive(Debug)]
pub(crate) struct KeyCache {
    policy: KeyCachePolicy,
    snapshot: ArcSwapOption<Snapshot>,
    attempts: SyncMutex<Attempts>,
    /// Held while fetching, so that whoever comes meanwhile waits for that answer instead of asking too.
    fetching: Mutex<()>,
}

/// What to do for a wanted key id.
#[derive(Debug)]
enum Verdict {
    /// This is the answer.
    Use(KnownKeys),
    /// Fetch; `for_unknown` if fresh keys are there and only this id is not among them.
    Fetch { for_unknown: bool },
}

impl KeyCache {
    pub(crate) fn new(policy: KeyCachePolicy) -> Self {
        Self {
            policy,
            snapshot: ArcSwapOption::empty(),
            attempts: SyncMutex::default(),
            fetching: Mutex::new(()),
        }
    }

    /// The keys in memory, if they are fresh.
    pub(crate) fn fresh(&self, now: UnixTime) -> Option<Arc<KeySet>> {
        let snapshot = self.snapshot.load();
        snapshot
            .as_ref()
            .filter(|snapshot| self.is_fresh(snapshot, now))
            .map(|snapshot| snapshot.keys.clone())
    }

    /// The keys for a token that names `key_id`, fetched if that is due.
    pub(crate) async fn ask<B: Backend>(&self, backend: &B, clock: &dyn Clock, key_id: Option<&str>) -> KnownKeys {
        if let Verdict::Use(keys) = self.verdict(key_id, clock.now()) {
            return keys;
        }
        let _one_at_a_time = self.fetching.lock().await;
        // Somebody else may have fetched while this caller waited.
        let for_unknown = match self.verdict(key_id, clock.now()) {
            Verdict::Use(keys) => return keys,
            Verdict::Fetch { for_unknown } => for_unknown,
        };
        let fetched = backend.jwks().await;
        let now = clock.now();
        match fetched {
            Ok(jwks) => match KeySet::from_jwks(&jwks) {
                keys if keys.is_empty() => self.keep_failure(no_keys(), for_unknown, now),
                keys => self.keep(keys, key_id, for_unknown, now),
            },
            Err(error) => self.keep_failure(meaning_of(error), for_unknown, now),
        }
    }

    fn verdict(&self, key_id: Option<&str>, now: UnixTime) -> Verdict {
        let snapshot = self.snapshot.load_full();
        let attempts = self.attempts();
        if let Some(snapshot) = snapshot.as_ref().filter(|snapshot| self.is_fresh(snapshot, now)) {
            let asked = |missing| {
                Verdict::Use(KnownKeys::Asked {
                    keys: snapshot.keys.clone(),
                    missing,
                })
            };
            // A token without a key id names no key, so a fetch cannot find it.
            let Some(key_id) = key_id.filter(|key_id| !snapshot.keys.contains(key_id)) else {
                return asked(MissingKey::Unknown);
            };
            let is_recent = |at: UnixTime| now.millis_since(at) < millis(self.policy.min_refetch);
            if attempts
                .unknown
                .iter()
                .any(|(unknown, at)| **unknown == *key_id && is_recent(*at))
            {
                return asked(MissingKey::Unknown);
            }
            if attempts.for_unknown_at.is_some_and(is_recent) {
                return asked(MissingKey::TooSoon);
            }
            return Verdict::Fetch { for_unknown: true };
        }
        match &attempts.failure {
            Some((at, missing)) if now.millis_since(*at) < millis(self.policy.retry_after_failure) => {
                Verdict::Use(self.after_failure(missing.clone(), now))
            }
            _ => Verdict::Fetch { for_unknown: false },
        }
    }

    fn keep(&self, keys: KeySet, key_id: Option<&str>, for_unknown: bool, now: UnixTime) -> KnownKeys {
        let keys = Arc::new(keys);
        let mut attempts = self.attempts();
        attempts.failure = None;
        if for_unknown {
            attempts.for_unknown_at = Some(now);
        }
        if let Some(key_id) = key_id.filter(|key_id| !keys.contains(key_id)) {
            attempts.unknown.retain(|(unknown, _)| **unknown != *key_id);
            attempts.unknown.push_back((key_id.into(), now));
            if attempts.unknown.len() > MAX_UNKNOWN_KEY_IDS {
                attempts.unknown.pop_front();
            }
        }
        self.snapshot.store(Some(Arc::new(Snapshot {
            keys: keys.clone(),
            fetched_at: now,
        })));
        KnownKeys::Asked {
            keys,
            missing: MissingKey::Unknown,
        }
    }

    fn keep_failure(&self, missing: MissingKey, for_unknown: bool, now: UnixTime) -> KnownKeys {
        {
            let mut attempts = self.attempts();
            if attempts.failure.is_none() {
                tracing::warn!(?missing, "signing keys cannot be fetched; keys in memory go on serving");
            }
            attempts.failure = Some((now, missing.clone()));
            if for_unknown {
                attempts.for_unknown_at = Some(now);
            }
        }
        self.after_failure(missing, now)
    }

    /// Keys from before, if they are not too old, and what the failure means for those that are missing.
    fn after_failure(&self, missing: MissingKey, now: UnixTime) -> KnownKeys {
        let snapshot = self.snapshot.load_full();
        let max_age = millis(self.policy.lifetime).saturating_add(millis(self.policy.max_stale));
        let keys = snapshot
            .filter(|snapshot| now.millis_since(snapshot.fetched_at) < max_age)
            .map_or_else(Arc::default, |snapshot| snapshot.keys.clone());
        KnownKeys::Asked { keys, missing }
    }

    fn is_fresh(&self, snapshot: &Snapshot, now: UnixTime) -> bool {
        // A clock that was set back makes the age negative: then the keys' age is not known.
        (0..millis(self.policy.lifetime)).contains(&now.millis_since(snapshot.fetched_at))
    }

    fn attempts(&self) -> std::sync::MutexGuard<'_, Attempts> {
        // Nothing in here can be half done: a panic elsewhere leaves it as good as before.
        self.attempts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a failed fetch means for a token whose key is not in memory: an answer that refuses is an answer, an outage is
/// none.
fn meaning_of(error: BackendError) -> MissingKey {
    if error.is_outage() {
        return MissingKey::OutOfReach(Arc::new(error));
    }
    MissingKey::Refused(match error.code() {
        Some(SECRET_KEY_REFUSED) => TokenError::SecretKeyRefused,
        _ => TokenError::KeysNotLoaded {
            problem: error.to_string().into(),
        },
    })
}

fn no_keys() -> MissingKey {
    MissingKey::Refused(TokenError::KeysNotLoaded {
        problem: "the key set is empty".into(),
    })
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}
