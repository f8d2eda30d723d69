//! The signing keys in memory: one snapshot, swapped whole. Keys in memory answer at once; a fetch runs beside them, one at
//! a time.

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

/// How many unknown key ids are remembered. They are anyone's to send, so there must be an end.
const MAX_UNKNOWN_KEY_IDS: usize = 64;

/// The times after which signing keys are fetched again.
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
    /// Sets how long fetched keys are fresh. Default: 5 minutes, as in Clerk's SDK.
    ///
    /// Older keys still serve at once, while new ones are fetched in the background (stale-while-revalidate).
    #[must_use]
    pub fn with_lifetime(self, lifetime: Duration) -> Self {
        Self { lifetime, ..self }
    }

    /// Sets how long keys serve after they are no longer fresh. Default: 24 hours.
    ///
    /// Older keys are not used: requests wait for a fetch.
    #[must_use]
    pub fn with_max_stale(self, max_stale: Duration) -> Self {
        Self { max_stale, ..self }
    }

    /// Sets the shortest time between two fetches that unknown key IDs cause. Default: 10 seconds.
    ///
    /// # Security
    ///
    /// Any client can send unknown key IDs, so a short time lets clients cause that many calls to Clerk.
    #[must_use]
    pub fn with_min_refetch(self, min_refetch: Duration) -> Self {
        Self { min_refetch, ..self }
    }

    /// Sets the shortest time between two attempts after a failed one. Default: 1 second.
    #[must_use]
    pub fn with_retry_after_failure(self, retry_after_failure: Duration) -> Self {
        Self {
            retry_after_failure,
            ..self
        }
    }
}

/// One successful answer.
#[derive(Debug)]
struct Snapshot {
    keys: Arc<KeySet>,
    fetched_at: UnixTime,
}

/// The history of fetch attempts, without their keys.
#[derive(Debug, Default)]
struct Attempts {
    /// The last attempt, if it brought no keys, and what that means for a token whose key is missing.
    failure: Option<(UnixTime, MissingKey)>,
    /// The beginning of the last fetch that an unknown key id caused.
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
    fetching: Flights<(), ()>,
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
            fetching: Flights::default(),
        }
    }

    /// Returns the keys in memory, unless they are too old to serve. If they are no longer fresh, a fetch is started in
    /// the background; without a tokio runtime to do so, only fresh keys are returned.
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

    /// The keys for a token that names `key_id`, fetched if that is due.
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

    /// Starts a fetch beside the caller if it is time to. Returns `false` if there is no tokio runtime to start it on.
    fn refresh<B: Backend>(self: &Arc<Self>, backend: &B, clock: &Arc<dyn Clock>, now: UnixTime) -> bool {
        match self.verdict(None, now) {
            Verdict::Use(_) => true,
            Verdict::Fetch { .. } => self
                .fetching
                .start((), || self.clone().fetch(backend.clone(), clock.clone(), None)),
        }
    }

    /// Fetches the keys, for the only flight. It may have been due when the flight was boarded and not be any more.
    async fn fetch<B: Backend>(self: Arc<Self>, backend: B, clock: Arc<dyn Clock>, key_id: Option<Box<str>>) {
        let began_at = clock.now();
        let Verdict::Fetch { for_unknown } = self.verdict(key_id.as_deref(), began_at) else {
            return;
        };
        // An attempt counts when it begins, so that one that is given up on the way counts too.
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
            // A token without a key id names no key, so a fetch cannot find it.
            let Some(key_id) = key_id.filter(|key_id| !snapshot.keys.contains(key_id)) else {
                return asked(MissingKey::Unknown);
            };
            let is_recent = |at: UnixTime| now.is_within(millis(self.policy.min_refetch), at);
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
            Some((at, missing)) if now.is_within(millis(self.policy.retry_after_failure), *at) => {
                Verdict::Use(self.after_failure(missing.clone(), now))
            }
            _ => Verdict::Fetch { for_unknown: false },
        }
    }

    /// Returns the keys known after a flight.
    fn conclude(&self, key_id: Option<&str>, now: UnixTime) -> KnownKeys {
        let attempts = self.attempts();
        if let Some((_, missing)) = &attempts.failure {
            return self.after_failure(missing.clone(), now);
        }
        let Some(snapshot) = self.snapshot.load_full() else {
            return self.after_failure(given_up(), now);
        };
        // Only the flight's own key id is known to be unknown: another may have been made since the fetch began. A found
        // key settles that a second token of the same request, under another id, has an unknown key.
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

    /// Keys from before, if they are not too old, and what the failure means for those that are missing.
    fn after_failure(&self, missing: MissingKey, now: UnixTime) -> KnownKeys {
        KnownKeys::Asked {
            keys: self.peek(now).unwrap_or_default(),
            missing,
        }
    }

    fn is_fresh(&self, snapshot: &Snapshot, now: UnixTime) -> bool {
        now.is_within(millis(self.policy.lifetime), snapshot.fetched_at)
    }

    /// Returns `true` if the keys may serve during a fetch. Keys of unknown age (the clock was set back) stay usable,
    /// because they are fetched again at once.
    fn is_usable(&self, snapshot: &Snapshot, now: UnixTime) -> bool {
        let max_age = millis(self.policy.lifetime).saturating_add(millis(self.policy.max_stale));
        now.age_of(snapshot.fetched_at).is_none_or(|age| age < max_age)
    }

    fn attempts(&self) -> std::sync::MutexGuard<'_, Attempts> {
        // Nothing in here can be half done: a panic elsewhere leaves it as good as before.
        self.attempts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A fetch under way. One that ends without an answer, because its runtime was shut down, counts as a failure.
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

/// Maps a failed fetch to the verdict on a token whose key is not in memory. A refusal is an answer, an outage is not.
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

fn given_up() -> MissingKey {
    MissingKey::OutOfReach(Arc::new(BackendError::given_up()))
}

fn problem_of(missing: &MissingKey) -> Option<String> {
    match missing {
        MissingKey::Refused(error) => Some(error.to_string()),
        MissingKey::OutOfReach(error) => Some(error.with_sources()),
        MissingKey::Unknown | MissingKey::TooSoon => None,
    }
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}
