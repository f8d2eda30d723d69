//! [`KeyCache`]: one snapshot of keys, and at most one fetch at a time.
//!
//! The snapshot is replaced as a whole and read without a lock.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::runtime::Handle;

use super::attempt::{Attempt, given_up, meaning_of, no_keys, problem_of, warn};
use super::rule::{Pause, is_usable};
use super::{KeyCachePolicy, KeyRule, KeyStep, SnapshotFile};
use crate::backend::flights::{Flights, Landing};
use crate::backend::{Backend, meter};
use crate::clock::{Clock, UnixTime};
use crate::effect::{BackendError, KnownKeys, MissingKey};
use crate::fleet::{Fleet, FleetEvent};
use crate::jitter::random;
use crate::key::KeySet;
use crate::latest::Latest;

/// The keys of one instance.
#[derive(Debug)]
pub(crate) struct KeyCache {
    policy: KeyCachePolicy,
    snapshot: Latest<Snapshot>,
    state: Mutex<State>,
    fetching: Flights<(), ()>,
    file: Option<Arc<SnapshotFile>>,
    /// The other replicas, which learn of removed keys.
    fleet: Option<Arc<dyn Fleet>>,
}

/// The keys in memory, and the span in which they need no fetch.
#[derive(Debug)]
struct Snapshot {
    keys: Arc<KeySet>,
    fetched_at: UnixTime,
    /// The span in which no fetch is due, so that requests need not lock the rule.
    quiet: Option<Pause>,
}

/// The history of fetches, without their keys.
#[derive(Debug)]
struct State {
    rule: KeyRule,
    /// The meaning of the last fetch, if it failed, for a token whose key is missing.
    failure: Option<MissingKey>,
    /// All fetches.
    started: u64,
    failed: u64,
}

/// The state of the keys, for `Health`.
#[derive(Debug)]
pub(crate) struct KeyCounts {
    pub(crate) age: Option<Duration>,
    pub(crate) usable: usize,
    pub(crate) last_error: Option<String>,
    pub(crate) failures: u32,
    pub(crate) started: u64,
    pub(crate) failed: u64,
    pub(crate) next_attempt_in: Duration,
}

impl KeyCache {
    pub(crate) fn new(policy: KeyCachePolicy) -> Self {
        Self {
            policy,
            snapshot: Latest::default(),
            state: Mutex::new(State {
                rule: KeyRule::new(policy),
                failure: None,
                started: 0,
                failed: 0,
            }),
            fetching: Flights::with_limit(policy.max_wait),
            file: None,
            fleet: None,
        }
    }

    /// Sets the fleet that learns of removed keys.
    #[must_use]
    pub(crate) fn with_fleet(self, fleet: Arc<dyn Fleet>) -> Self {
        Self {
            fleet: Some(fleet),
            ..self
        }
    }

    /// Adds keys to start with, and a file that keeps fetched keys.
    ///
    /// They are used until the first fetch succeeds. Keys in the file take precedence over `initial` ones, because they
    /// were fetched; `initial` ones count as fetched now.
    #[must_use]
    pub(crate) fn with_keys(mut self, initial: Option<KeySet>, file: Option<SnapshotFile>, now: UnixTime) -> Self {
        self.file = file.map(Arc::new);
        let on_disk = self.file.as_ref().and_then(|file| file.read(&self.policy, now));
        let initial = initial.filter(|keys| !keys.is_empty()).map(|keys| (keys, now));
        let Some((keys, fetched_at)) = on_disk.or(initial) else {
            return self;
        };
        let mut state = self.state();
        state.rule = KeyRule::with_keys_of(self.policy, fetched_at);
        self.publish(&state, Some((Arc::new(keys), fetched_at)));
        drop(state);
        self
    }

    /// Returns the keys in memory unless they are too old. Never waits, and takes no lock unless a fetch is due.
    ///
    /// A due fetch starts in the background. Without a tokio runtime it cannot, so that only fresh keys are returned.
    pub(crate) fn in_memory<B: Backend>(self: &Arc<Self>, backend: &B, clock: &Arc<dyn Clock>) -> Option<Arc<KeySet>> {
        let now = clock.now();
        let keys = |snapshot: &Snapshot| {
            let may_serve = self.is_usable(snapshot, now)
                && (snapshot.quiet.is_some_and(|quiet| quiet.holds(now))
                    || self.refresh(backend, clock, now)
                    || self.is_fresh(snapshot, now));
            may_serve.then(|| snapshot.keys.clone())
        };
        self.snapshot.read(keys).flatten()
    }

    /// Returns the keys in memory without fetching any.
    pub(crate) fn peek(&self, now: UnixTime) -> Option<Arc<KeySet>> {
        self.usable(now).map(|snapshot| snapshot.keys.clone())
    }

    /// Returns the keys for a token's key ID without waiting.
    ///
    /// Returns `None` if a fetch for it is due or in progress, so that [`ask`](Self::ask) would wait.
    pub(crate) fn ask_now(&self, clock: &dyn Clock, key_id: Option<&str>) -> Option<KnownKeys> {
        let now = clock.now();
        match self.verdict(key_id, now) {
            None if self.fetching.is_late(&()) => Some(self.when_late(now)),
            known => known,
        }
    }

    /// Returns the keys for a token's key ID; fetches them if needed.
    ///
    /// Waits until the fetch ends or takes longer than [`KeyCachePolicy::with_max_wait`].
    pub(crate) async fn ask<B: Backend>(
        self: &Arc<Self>,
        backend: &B,
        clock: &Arc<dyn Clock>,
        key_id: Option<&str>,
    ) -> KnownKeys {
        if let Some(known) = self.ask_now(&**clock, key_id) {
            return known;
        }
        let fetch = || {
            self.clone()
                .fetch(backend.clone(), clock.clone(), key_id.map(Into::into))
        };
        match self.fetching.join((), fetch).await {
            Landing::Late(_) => self.when_late(clock.now()),
            Landing::Result(()) | Landing::Lost => self.conclude(key_id, clock.now()),
        }
    }

    /// Refreshes the keys soon if one with this ID is in memory, because another replica found it removed.
    ///
    /// The next request after that time starts the fetch.
    pub(crate) fn reported_removed(&self, key_id: &str, now: UnixTime) {
        let mut state = self.state();
        if contains(self.usable(now).as_deref(), key_id) && state.rule.reported_removed(key_id, now, random()) {
            self.publish(&state, None);
        }
    }

    pub(crate) fn counts(&self, now: UnixTime) -> KeyCounts {
        let state = self.state();
        let snapshot = self.snapshot.get();
        KeyCounts {
            age: snapshot.as_ref().and_then(|snapshot| now.age_of(snapshot.fetched_at)),
            usable: self.usable(now).map_or(0, |snapshot| snapshot.keys.usable()),
            last_error: state.failure.as_ref().and_then(problem_of),
            failures: state.rule.failures(),
            started: state.started,
            failed: state.failed,
            next_attempt_in: state.rule.next_attempt_in(now),
        }
    }

    /// Starts a fetch in the background if it is due. Returns `false` if that needs a tokio runtime.
    fn refresh<B: Backend>(self: &Arc<Self>, backend: &B, clock: &Arc<dyn Clock>, now: UnixTime) -> bool {
        let is_due = self.state().rule.is_refresh_due(now);
        let fetch = || self.clone().fetch(backend.clone(), clock.clone(), None);
        !is_due || self.fetching.start((), fetch)
    }

    /// Fetches the keys if that is still due. Runs as the single flight.
    async fn fetch<B: Backend>(self: Arc<Self>, backend: B, clock: Arc<dyn Clock>, key_id: Option<Box<str>>) {
        let began_at = clock.now();
        let Some(number) = self.begin(key_id.as_deref(), began_at) else {
            return;
        };
        let mut attempt = Attempt {
            cache: &self,
            number,
            address: backend.address(),
            began_at,
            is_over: false,
        };
        let fetched = backend.jwks().await;
        let now = clock.now();
        // Set only now: if a custom clock panics above, dropping the attempt records a failure.
        attempt.is_over = true;
        match fetched {
            Ok(keys) if keys.is_empty() => self.keep_failure(number, no_keys(), None, backend.address(), now),
            Ok(keys) => self.keep(number, keys, key_id.as_deref(), backend.address(), now),
            Err(error) => {
                let retry_after = error.retry_after();
                self.keep_failure(number, meaning_of(error), retry_after, backend.address(), now);
            }
        }
    }

    /// Records the start of a fetch if one is due, and returns its number.
    fn begin(&self, key_id: Option<&str>, now: UnixTime) -> Option<u64> {
        let mut state = self.state();
        let snapshot = self.usable(now);
        let missing = key_id.filter(|key_id| !contains(snapshot.as_deref(), key_id));
        let is_due = matches!(
            state.rule.step(missing, now),
            KeyStep::Fetch | KeyStep::Serve { refresh: true }
        );
        if !is_due {
            return None;
        }
        state.rule.started(missing, now);
        state.started += 1;
        let number = state.started;
        self.publish(&state, None);
        drop(state);
        meter::key_fetch_started();
        Some(number)
    }

    /// Returns the keys if the request need not wait.
    fn verdict(&self, key_id: Option<&str>, now: UnixTime) -> Option<KnownKeys> {
        let state = self.state();
        let snapshot = self.usable(now);
        let missing = key_id.filter(|key_id| !contains(snapshot.as_deref(), key_id));
        let missing = match state.rule.step(missing, now) {
            KeyStep::Fetch | KeyStep::Wait => return None,
            // Without a runtime nothing runs in the background: the request that finds old keys fetches.
            KeyStep::Serve { refresh: true }
                if Handle::try_current().is_err()
                    && !snapshot.as_ref().is_some_and(|keys| self.is_fresh(keys, now)) =>
            {
                return None;
            }
            KeyStep::Serve { .. } | KeyStep::Unknown => MissingKey::Unknown,
            KeyStep::TooSoon => MissingKey::TooSoon,
            KeyStep::Failed => state.failure.clone().unwrap_or_else(given_up),
        };
        Some(asked(snapshot.as_deref(), missing))
    }

    /// Returns the keys after a flight.
    fn conclude(&self, key_id: Option<&str>, now: UnixTime) -> KnownKeys {
        let state = self.state();
        let snapshot = self.usable(now);
        if let Some(failure) = &state.failure {
            return asked(snapshot.as_deref(), failure.clone());
        }
        // Only the flight's own key ID is certainly unknown: Clerk may have created another key since the fetch began.
        // A found key is certain too.
        let is_settled = |key_id: &str| contains(snapshot.as_deref(), key_id) || state.rule.has_shown_unknown(key_id);
        let missing = match &snapshot {
            None => given_up(),
            Some(_) if key_id.is_none_or(is_settled) => MissingKey::Unknown,
            Some(_) => MissingKey::TooSoon,
        };
        asked(snapshot.as_deref(), missing)
    }

    /// Returns the keys while a fetch takes longer than requests wait.
    fn when_late(&self, now: UnixTime) -> KnownKeys {
        let snapshot = self.usable(now);
        let missing = match &snapshot {
            Some(_) => MissingKey::TooSoon,
            None => MissingKey::OutOfReach(BackendError::timeout(self.policy.max_wait)),
        };
        asked(snapshot.as_deref(), missing)
    }

    // Metrics and log lines wait until the new state is published and unlocked, because a recorder or a subscriber may
    // block or call `health`.
    fn keep(&self, number: u64, keys: KeySet, key_id: Option<&str>, address: &str, now: UnixTime) {
        let keys = Arc::new(keys);
        let Some(mut state) = self.state_of(number) else {
            return;
        };
        let failures = state.rule.failures();
        let still_missing = key_id.filter(|key_id| !keys.contains(key_id));
        state.rule.succeeded(still_missing, now, random());
        let mut removed = self.snapshot.read(|old| old.keys.missing_in(&keys)).unwrap_or_default();
        state.rule.showed_removed(&removed, now);
        // The others know of these keys.
        removed.retain(|key_id| !state.rule.has_reported(key_id));
        let ends_outage = state.failure.take().is_some();
        self.publish(&state, Some((keys.clone(), now)));
        drop(state);
        if ends_outage {
            tracing::info!(address, failures, "signing keys can be fetched again");
        }
        meter::keys_replaced(keys.usable(), now);
        if let Some(fleet) = &self.fleet {
            let events = removed.into_iter().map(|key_id| FleetEvent::KeyRemoved { key_id });
            events.for_each(|event| fleet.tell(&event));
        }
        if let Some(file) = &self.file {
            file.keep(&keys, now, &self.policy);
        }
    }

    pub(super) fn keep_failure(
        &self,
        number: u64,
        missing: MissingKey,
        retry_after: Option<Duration>,
        address: &str,
        now: UnixTime,
    ) {
        let Some(mut state) = self.state_of(number) else {
            return;
        };
        state.rule.failed(retry_after, now, random());
        state.failed += 1;
        let (failures, next_attempt) = (state.rule.failures(), state.rule.next_attempt_in(now));
        let is_first = state.failure.is_none();
        let problem = problem_of(&missing).filter(|_| is_first);
        state.failure = Some(missing);
        self.publish(&state, None);
        drop(state);
        meter::key_fetch_failed(failures);
        if is_first {
            let age = self.usable(now).map(|snapshot| now.age_of(snapshot.fetched_at));
            warn(problem.as_deref(), address, failures, next_attempt, age);
        }
    }

    /// Replaces the snapshot after each change of the rule, with `new` keys or those in memory.
    fn publish(&self, state: &State, new: Option<(Arc<KeySet>, UnixTime)>) {
        let in_memory = || self.snapshot.read(|old| (old.keys.clone(), old.fetched_at));
        let Some((keys, fetched_at)) = new.or_else(in_memory) else {
            return;
        };
        self.snapshot.set(Snapshot {
            keys,
            fetched_at,
            quiet: state.rule.quiet(),
        });
    }

    fn usable(&self, now: UnixTime) -> Option<Arc<Snapshot>> {
        self.snapshot.get().filter(|snapshot| self.is_usable(snapshot, now))
    }

    fn is_usable(&self, snapshot: &Snapshot, now: UnixTime) -> bool {
        is_usable(&self.policy, snapshot.fetched_at, now)
    }

    fn is_fresh(&self, snapshot: &Snapshot, now: UnixTime) -> bool {
        now.is_within(self.policy.lifetime, snapshot.fetched_at)
    }

    /// Returns the state for the result of a fetch, unless the result is outdated.
    ///
    /// It is if the fetch was abandoned and another one has started, whose keys are newer.
    fn state_of(&self, number: u64) -> Option<MutexGuard<'_, State>> {
        let state = self.state();
        (state.started == number).then_some(state)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // The critical sections leave no partial state, so a poisoned lock is still consistent.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn contains(snapshot: Option<&Snapshot>, key_id: &str) -> bool {
    snapshot.is_some_and(|snapshot| snapshot.keys.contains(key_id))
}

fn asked(snapshot: Option<&Snapshot>, missing: MissingKey) -> KnownKeys {
    KnownKeys::Asked {
        keys: snapshot.map(|snapshot| snapshot.keys.clone()).unwrap_or_default(),
        missing,
    }
}

#[cfg(test)]
mod tests;
