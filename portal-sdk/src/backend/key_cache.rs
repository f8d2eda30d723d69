//! The signing keys in memory: one snapshot, replaced as a whole. Requests use it at once, while at most one fetch runs
//! in the background.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex as SyncMutex, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwapOption;

use super::flights::Flights;
use super::{Backend, SECRET_KEY_REFUSED};
use crate::clock::{Clock, UnixTime};
use crate::effect::{BackendError, KnownKeys, MissingKey};
use crate::key::KeySet;
use crate::token::TokenError;

/// The most unknown key IDs that are remembered. The number is bounded, because any client can invent them.
const MAX_UNKNOWN_KEY_IDS: usize = 64;

/// The times that determine when signing keys are refetched.
///
/// ```
/// use std::time::Duration;
///
/// use portal_sdk::backend::KeyCachePolicy;
///
/// let policy = KeyCachePolicy::default()
///     .with_lifetime(Duration::from_secs(60))
///     .with_max_stale(Duration::from_secs(60 * 60));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyCachePolicy {
    lifetime: Duration,
    max_stale: Duration,
    min_refetch: Duration,
    retry_after_failure: Duration,
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
    /// Sets how long fetched keys are fresh (default: 5 minutes, as in Clerk's SDK).
    ///
    /// Older keys are still used while new ones are fetched in the background (stale-while-revalidate).
    #[must_use]
    pub fn with_lifetime(self, lifetime: Duration) -> Self {
        Self { lifetime, ..self }
    }

    /// Sets how long keys are used after they stop being fresh (default: 24 hours).
    ///
    /// Older keys are not used: requests wait for a fetch.
    #[must_use]
    pub fn with_max_stale(self, max_stale: Duration) -> Self {
        Self { max_stale, ..self }
    }

    /// Sets the shortest time between two fetches for unknown key IDs (default: 10 seconds).
    ///
    /// # Security
    ///
    /// Any client can send unknown key IDs. A short time lets clients cause many calls to Clerk.
    #[must_use]
    pub fn with_min_refetch(self, min_refetch: Duration) -> Self {
        Self { min_refetch, ..self }
    }

    /// Sets the shortest time before a failed fetch is retried (default: 1 second).
    #[must_use]
    pub fn with_retry_after_failure(self, retry_after_failure: Duration) -> Self {
        Self {
            retry_after_failure,
            ..self
        }
    }
}

/// The keys of one successful fetch.
#[derive(Debug)]
struct Snapshot {
    keys: Arc<KeySet>,
    fetched_at: UnixTime,
}

/// The history of fetch attempts, without their keys.
#[derive(Debug, Default)]
struct Attempts {
    /// The time of the last fetch if it failed, and the result for a token whose key is missing.
    failure: Option<(UnixTime, MissingKey)>,
    /// The start of the last fetch for an unknown key ID.
    for_unknown_at: Option<UnixTime>,
    /// Key IDs that a fetch has shown to be unknown, oldest first.
    unknown: VecDeque<(Box<str>, UnixTime)>,
}

/// The keys of one instance.
#[derive(Debug)]
pub(crate) struct KeyCache {
    policy: KeyCachePolicy,
    snapshot: ArcSwapOption<Snapshot>,
    attempts: SyncMutex<Attempts>,
    fetching: Flights<(), ()>,
}

/// The next step for a wanted key ID.
#[derive(Debug)]
enum Verdict {
    /// Use these keys.
    Use(KnownKeys),
    /// Fetch the keys; `for_unknown` if the keys in memory are fresh but lack this ID.
    Fetch { for_unknown: bool },
}

impl KeyCache {
    pub(crate) fn new(policy: KeyCachePolicy) -> Self {
        Self {
            policy,
            snapshot: ArcSwapOption::empty(),
            attempts: SyncMutex::default(),
            fetching: Flights::default(),
        }
    }

    /// Returns the keys in memory unless they are too old.
    ///
    /// Starts a fetch in the background if they are not fresh. Without a tokio runtime only fresh keys are returned.
    pub(crate) fn in_memory<B: Backend>(self: &Arc<Self>, backend: &B, clock: &Arc<dyn Clock>) -> Option<Arc<KeySet>> {
        let now = clock.now();
        let snapshot = self.snapshot.load();
        let snapshot = snapshot.as_ref()?;
        let may_serve =
            self.is_fresh(snapshot, now) || (self.is_usable(snapshot, now) && self.refresh(backend, clock, now));
        may_serve.then(|| snapshot.keys.clone())
    }

    /// Returns the keys in memory without fetching any.
    pub(crate) fn peek(&self, now: UnixTime) -> Option<Arc<KeySet>> {
        let snapshot = self.snapshot.load();
        let usable = snapshot.as_ref().filter(|snapshot| self.is_usable(snapshot, now));
        usable.map(|snapshot| snapshot.keys.clone())
    }

    /// Returns the keys for a token with the key ID `key_id`; fetches them if needed.
    pub(crate) async fn ask<B: Backend>(
        self: &Arc<Self>,
        backend: &B,
        clock: &Arc<dyn Clock>,
        key_id: Option<&str>,
    ) -> KnownKeys {
        if let Verdict::Use(keys) = self.verdict(key_id, clock.now()) {
            return keys;
        }
        let fetch = || {
            self.clone()
                .fetch(backend.clone(), clock.clone(), key_id.map(Into::into))
        };
        self.fetching.join((), fetch).await;
        self.conclude(key_id, clock.now())
    }

    /// Starts a fetch in the background if it is due. Returns `false` without a tokio runtime.
    fn refresh<B: Backend>(self: &Arc<Self>, backend: &B, clock: &Arc<dyn Clock>, now: UnixTime) -> bool {
        match self.verdict(None, now) {
            Verdict::Use(_) => true,
            Verdict::Fetch { .. } => self
                .fetching
                .start((), || self.clone().fetch(backend.clone(), clock.clone(), None)),
        }
    }

    /// Fetches the keys, as the single flight. Checks again if the fetch is still due.
    async fn fetch<B: Backend>(self: Arc<Self>, backend: B, clock: Arc<dyn Clock>, key_id: Option<Box<str>>) {
        let began_at = clock.now();
        let Verdict::Fetch { for_unknown } = self.verdict(key_id.as_deref(), began_at) else {
            return;
        };
        // Count the attempt at its start, so that a cancelled one counts too.
        if for_unknown {
            self.attempts().for_unknown_at = Some(began_at);
        }
        let mut attempt = Attempt {
            cache: &self,
            address: backend.address(),
            began_at,
            is_over: false,
        };
        let fetched = backend.jwks().await;
        attempt.is_over = true;
        let now = clock.now();
        match fetched {
            Ok(keys) if keys.is_empty() => self.keep_failure(no_keys(), backend.address(), now),
            Ok(keys) => self.keep(keys, key_id.as_deref(), now),
            Err(error) => self.keep_failure(meaning_of(error), backend.address(), now),
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
            // A fetch cannot help a token without a key ID.
            let Some(key_id) = key_id.filter(|key_id| !snapshot.keys.contains(key_id)) else {
                return asked(MissingKey::Unknown);
            };
            let is_recent = |at: UnixTime| now.is_within(self.policy.min_refetch, at);
            let is_it = |(unknown, at): &(Box<str>, UnixTime)| **unknown == *key_id && is_recent(*at);
            if attempts.unknown.iter().any(is_it) {
                return asked(MissingKey::Unknown);
            }
            if attempts.for_unknown_at.is_some_and(is_recent) {
                return asked(MissingKey::TooSoon);
            }
            return Verdict::Fetch { for_unknown: true };
        }
        match &attempts.failure {
            Some((at, missing)) if now.is_within(self.policy.retry_after_failure, *at) => {
                Verdict::Use(self.after_failure(missing.clone(), now))
            }
            _ => Verdict::Fetch { for_unknown: false },
        }
    }

    /// Returns the keys after a flight.
    fn conclude(&self, key_id: Option<&str>, now: UnixTime) -> KnownKeys {
        let attempts = self.attempts();
        if let Some((_, missing)) = &attempts.failure {
            return self.after_failure(missing.clone(), now);
        }
        let Some(snapshot) = self.snapshot.load_full() else {
            return self.after_failure(given_up(), now);
        };
        // Only the flight's own key ID is certainly unknown: Clerk may have created another key since the fetch began.
        // A found key is certain too.
        let is_settled = |key_id: &str| {
            snapshot.keys.contains(key_id) || attempts.unknown.iter().any(|(unknown, _)| **unknown == *key_id)
        };
        KnownKeys::Asked {
            keys: snapshot.keys.clone(),
            missing: match key_id.is_none_or(is_settled) {
                true => MissingKey::Unknown,
                false => MissingKey::TooSoon,
            },
        }
    }

    fn keep(&self, keys: KeySet, key_id: Option<&str>, now: UnixTime) {
        let mut attempts = self.attempts();
        if attempts.failure.take().is_some() {
            tracing::info!("signing keys can be fetched again");
        }
        if let Some(key_id) = key_id.filter(|key_id| !keys.contains(key_id)) {
            attempts.unknown.retain(|(unknown, _)| **unknown != *key_id);
            attempts.unknown.push_back((key_id.into(), now));
            if attempts.unknown.len() > MAX_UNKNOWN_KEY_IDS {
                attempts.unknown.pop_front();
            }
        }
        self.snapshot.store(Some(Arc::new(Snapshot {
            keys: Arc::new(keys),
            fetched_at: now,
        })));
    }

    fn keep_failure(&self, missing: MissingKey, address: &str, now: UnixTime) {
        let mut attempts = self.attempts();
        if attempts.failure.is_none() {
            let problem = problem_of(&missing);
            if self.peek(now).is_some() {
                tracing::warn!(
                    address,
                    problem,
                    "signing keys cannot be fetched; keys in memory go on serving"
                );
            } else {
                tracing::warn!(
                    address,
                    problem,
                    "signing keys cannot be fetched and none are in memory; requests with a session token cannot be decided"
                );
            }
        }
        attempts.failure = Some((now, missing));
    }

    /// Returns the keys in memory unless they are too old; `missing` is the result for other keys.
    fn after_failure(&self, missing: MissingKey, now: UnixTime) -> KnownKeys {
        KnownKeys::Asked {
            keys: self.peek(now).unwrap_or_default(),
            missing,
        }
    }

    fn is_fresh(&self, snapshot: &Snapshot, now: UnixTime) -> bool {
        now.is_within(self.policy.lifetime, snapshot.fetched_at)
    }

    /// Returns `true` if the keys may be used during a fetch. Keys of unknown age (the clock was set back) are, because
    /// a fetch is due at once.
    fn is_usable(&self, snapshot: &Snapshot, now: UnixTime) -> bool {
        let max_age = self.policy.lifetime.saturating_add(self.policy.max_stale);
        now.age_of(snapshot.fetched_at).is_none_or(|age| age < max_age)
    }

    fn attempts(&self) -> std::sync::MutexGuard<'_, Attempts> {
        // The critical sections leave no partial state, so a poisoned lock is still consistent.
        self.attempts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A fetch in progress. Dropped without a result (its runtime was shut down), it counts as a failure.
struct Attempt<'c> {
    cache: &'c KeyCache,
    address: &'c str,
    began_at: UnixTime,
    is_over: bool,
}

impl Drop for Attempt<'_> {
    fn drop(&mut self) {
        if !self.is_over {
            self.cache.keep_failure(given_up(), self.address, self.began_at);
        }
    }
}

/// Maps a failed fetch to the result for a token whose key is missing.
fn meaning_of(error: BackendError) -> MissingKey {
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

fn no_keys() -> MissingKey {
    MissingKey::Refused(TokenError::KeysNotLoaded {
        problem: "the key set is empty".into(),
    })
}

fn given_up() -> MissingKey {
    MissingKey::OutOfReach(BackendError::given_up())
}

fn problem_of(missing: &MissingKey) -> Option<String> {
    match missing {
        MissingKey::Refused(error) => Some(error.to_string()),
        MissingKey::OutOfReach(error) => Some(error.with_sources()),
        MissingKey::Unknown | MissingKey::TooSoon => None,
    }
}
