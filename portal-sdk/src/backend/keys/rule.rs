//! [`KeyRule`]: when signing keys are fetched, as a state machine without clock, lock or network.

use std::collections::VecDeque;
use std::time::Duration;

use super::KeyCachePolicy;
use crate::clock::UnixTime;
use crate::jitter::part;

/// The most unknown key IDs that are remembered. The number is bounded, because any client can invent them.
const MAX_UNKNOWN_KEY_IDS: usize = 64;
/// The longest `Retry-After` that is obeyed for keys that are in memory.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(60 * 60);
/// The longest `Retry-After` that is obeyed without keys and for unknown key IDs. It is short, because requests are
/// undecided meanwhile.
const MAX_RETRY_AFTER_UNDECIDED: Duration = Duration::from_secs(60);
/// The age at which a fetch in progress counts as abandoned.
///
/// Its runtime is then no longer driven, because the default time limit of a call is far shorter (5 seconds).
const MAX_FLIGHT: Duration = Duration::from_secs(60);
/// The part of the lifetime after which keys are refreshed ahead, in percent.
const REFRESH_AHEAD: (f64, f64) = (75.0, 95.0);
/// The part of the back-off after which the next attempt is made, in percent.
const BACKOFF: (f64, f64) = (50.0, 100.0);
/// The part of the interval after which keys are refreshed because of a report, in percent.
const REPORTED: (f64, f64) = (0.0, 100.0);

/// Decides when the signing keys are fetched. Pure: time and randomness are arguments.
///
/// The owner keeps the keys, asks [`step`](Self::step) for each request, and reports each fetch with
/// [`started`](Self::started) and [`succeeded`](Self::succeeded) or [`failed`](Self::failed).
///
/// ```
/// use std::time::Duration;
///
/// use portal_sdk::backend::{KeyCachePolicy, KeyRule, KeyStep};
/// use portal_sdk::clock::UnixTime;
///
/// let mut rule = KeyRule::new(KeyCachePolicy::default().with_jitter(false));
/// let start = UnixTime::from_secs(1_800_000_000);
/// assert_eq!(rule.step(Some("ins_1"), start), KeyStep::Fetch);
/// rule.started(Some("ins_1"), start);
/// assert_eq!(rule.step(Some("ins_1"), start), KeyStep::Wait);
/// rule.succeeded(None, start, 0);
/// // The key is in memory. It is refreshed ahead, and no request waits for that.
/// assert_eq!(rule.step(None, start), KeyStep::Serve { refresh: false });
/// assert_eq!(rule.step(None, start + Duration::from_secs(255)), KeyStep::Serve { refresh: true });
/// ```
#[derive(Clone, Debug)]
pub struct KeyRule {
    policy: KeyCachePolicy,
    /// The time of the last successful fetch.
    fetched_at: Option<UnixTime>,
    /// The span in which requests wait for the fetch in progress.
    in_flight: Option<Pause>,
    /// The span without fetches while keys are in memory.
    pause: Option<Pause>,
    /// The span without fetches while no keys are in memory.
    pause_without_keys: Option<Pause>,
    /// The span without fetches for unknown key IDs: the `Retry-After` of the last response.
    retry_after: Option<Pause>,
    /// The time of the last failed fetch.
    failed_at: Option<UnixTime>,
    /// The failed fetches since the last successful one.
    failures: u32,
    /// The start of the last fetch for an unknown key ID.
    for_unknown_at: Option<UnixTime>,
    /// Key IDs that a fetch has shown to be unknown, oldest first.
    unknown: VecDeque<(Box<str>, UnixTime)>,
    /// Key IDs that other replicas reported as removed, oldest first.
    reported: VecDeque<(Box<str>, UnixTime)>,
}

/// The next step for a request with a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyStep {
    /// The keys in memory decide.
    Serve {
        /// Start a fetch in the background.
        refresh: bool,
    },
    /// The key ID is unknown: a fetch within the [interval](KeyCachePolicy::with_min_refetch) did not return its key.
    Unknown,
    /// Keys were fetched for an unknown ID within the interval. The request is undecided.
    TooSoon,
    /// The last fetch failed, and the next attempt is not due. The request shares that failure.
    Failed,
    /// Start a fetch and wait for it.
    Fetch,
    /// Wait for the fetch in progress.
    Wait,
}

/// A span of time. A clock that is set back ends it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::backend) struct Pause {
    since: UnixTime,
    length: Duration,
}

impl Pause {
    pub(in crate::backend) fn new(since: UnixTime, length: Duration) -> Self {
        Self { since, length }
    }

    pub(in crate::backend) fn holds(self, now: UnixTime) -> bool {
        now.is_within(self.length, self.since)
    }

    /// Returns the time until the end of the span.
    fn remaining(self, now: UnixTime) -> Duration {
        let age = now.age_of(self.since);
        age.map_or(Duration::ZERO, |age| self.length.saturating_sub(age))
    }
}

impl KeyRule {
    /// Creates the rule of a cache without keys.
    #[must_use]
    pub fn new(policy: KeyCachePolicy) -> Self {
        Self {
            policy,
            fetched_at: None,
            in_flight: None,
            pause: None,
            pause_without_keys: None,
            retry_after: None,
            failed_at: None,
            failures: 0,
            for_unknown_at: None,
            unknown: VecDeque::new(),
            reported: VecDeque::new(),
        }
    }

    /// Creates the rule of a cache with keys from elsewhere.
    ///
    /// They count as fetched at `fetched_at`, and are refreshed at the first request.
    #[must_use]
    pub fn with_keys_of(policy: KeyCachePolicy, fetched_at: UnixTime) -> Self {
        Self {
            fetched_at: Some(fetched_at),
            ..Self::new(policy)
        }
    }

    /// Returns the next step for a request.
    ///
    /// `missing` is the token's key ID if no key in memory has it, and `None` if one has it or the token names none.
    #[must_use]
    pub fn step(&self, missing: Option<&str>, now: UnixTime) -> KeyStep {
        if !self.has_keys(now) {
            return self.step_without_keys(now);
        }
        // A fetch cannot help a token without a key ID.
        let Some(key_id) = missing else {
            return KeyStep::Serve {
                refresh: self.is_refresh_due(now),
            };
        };
        let is_unknown =
            |(unknown, at): &(Box<str>, UnixTime)| **unknown == *key_id && now.is_within(self.policy.min_refetch, *at);
        if self.unknown.iter().any(is_unknown) {
            return KeyStep::Unknown;
        }
        match (self.is_in_flight(now), self.may_fetch_for_unknown(now)) {
            (true, _) => KeyStep::Wait,
            (false, true) => KeyStep::Fetch,
            (false, false) if self.failures > 0 => KeyStep::Failed,
            (false, false) => KeyStep::TooSoon,
        }
    }

    fn step_without_keys(&self, now: UnixTime) -> KeyStep {
        if self.is_in_flight(now) {
            return KeyStep::Wait;
        }
        match self.pause_without_keys.is_some_and(|pause| pause.holds(now)) {
            true => KeyStep::Failed,
            false => KeyStep::Fetch,
        }
    }

    /// Returns `true` if keys were fetched and are not too old.
    ///
    /// Keys of unknown age (the clock was set back) may be used, because a fetch is due at once.
    #[must_use]
    pub fn has_keys(&self, now: UnixTime) -> bool {
        self.fetched_at.is_some_and(|at| is_usable(&self.policy, at, now))
    }

    /// Returns `true` if a refresh of keys in memory is due.
    #[must_use]
    pub fn is_refresh_due(&self, now: UnixTime) -> bool {
        !self.is_in_flight(now) && !self.pause.is_some_and(|pause| pause.holds(now))
    }

    fn is_in_flight(&self, now: UnixTime) -> bool {
        self.in_flight.is_some_and(|flight| flight.holds(now))
    }

    /// Returns `true` if a fetch for an unknown key ID is due.
    ///
    /// During an outage unknown IDs follow the back-off too, but for their own interval at most. Otherwise a user with
    /// a new key would wait for minutes after the outage.
    fn may_fetch_for_unknown(&self, now: UnixTime) -> bool {
        let interval = self.policy.min_refetch;
        let is_recent = |at: Option<UnixTime>| at.is_some_and(|at| now.is_within(interval, at));
        let is_asked_to_wait = self.retry_after.is_some_and(|pause| pause.holds(now));
        let backs_off = is_recent(self.failed_at) && self.pause.is_some_and(|pause| pause.holds(now));
        !is_asked_to_wait && !is_recent(self.for_unknown_at) && !backs_off
    }

    /// Records the start of a fetch, for the same `missing` key ID as in [`step`](Self::step).
    ///
    /// A fetch that does not end within a minute counts as abandoned, and another one is due.
    pub fn started(&mut self, missing: Option<&str>, now: UnixTime) {
        self.in_flight = Some(Pause::new(now, MAX_FLIGHT));
        // Count it at its start, so that an abandoned fetch counts too.
        if missing.is_some() && self.has_keys(now) {
            self.for_unknown_at = Some(now);
        }
    }

    /// Records a successful fetch.
    ///
    /// `still_missing` is the key ID that the fetch was for, if the new keys lack it. `random` is uniformly distributed
    /// and determines the time of the next refresh.
    pub fn succeeded(&mut self, still_missing: Option<&str>, now: UnixTime, random: u64) {
        self.in_flight = None;
        self.failures = 0;
        self.failed_at = None;
        self.retry_after = None;
        self.pause_without_keys = None;
        self.fetched_at = Some(now);
        self.pause = Some(Pause::new(
            now,
            self.part(self.policy.lifetime, REFRESH_AHEAD, 85.0, random),
        ));
        if let Some(key_id) = still_missing {
            self.showed_unknown(key_id, now);
        }
    }

    /// Records that a successful fetch at `now` no longer returned the keys with these IDs.
    ///
    /// Their tokens are then renewed at once, not after the interval. Records nothing if a fetch for an unknown ID may start
    /// now. The next such token then causes one, because a single outdated response must not sign all users out.
    pub(super) fn showed_removed(&mut self, key_ids: &[Box<str>], now: UnixTime) {
        if self.may_fetch_for_unknown(now) {
            return;
        }
        for key_id in key_ids {
            self.showed_unknown(key_id, now);
        }
    }

    /// Records that another replica found the key with this ID removed. Returns `false` if nothing changes.
    ///
    /// Call it for a key in memory. A refresh is then due at a random time within the
    /// [interval](KeyCachePolicy::with_min_refetch), so that the replicas do not fetch at the same moment. One report of
    /// each key counts in a [lifetime](KeyCachePolicy::with_lifetime), so that false reports cause few fetches. During an
    /// outage the back-off decides.
    pub fn reported_removed(&mut self, key_id: &str, now: UnixTime, random: u64) -> bool {
        let lifetime = self.policy.lifetime;
        self.reported.retain(|(_, at)| now.is_within(lifetime, *at));
        if self.has_reported(key_id) {
            return false;
        }
        self.reported.push_back((key_id.into(), now));
        if self.reported.len() > MAX_UNKNOWN_KEY_IDS {
            self.reported.pop_front();
        }
        if self.failures > 0 || self.is_in_flight(now) {
            return false;
        }
        let wait = self.part(self.policy.min_refetch, REPORTED, 100.0, random);
        let is_sooner = self.pause.is_some_and(|pause| pause.remaining(now) > wait);
        if is_sooner {
            self.pause = Some(Pause::new(now, wait));
        }
        is_sooner
    }

    /// Returns `true` if another replica reported that the key with this ID was removed.
    pub(super) fn has_reported(&self, key_id: &str) -> bool {
        self.reported.iter().any(|(reported, _)| **reported == *key_id)
    }

    /// Records that a successful fetch at `now` did not return a key with this ID.
    fn showed_unknown(&mut self, key_id: &str, now: UnixTime) {
        self.unknown.retain(|(unknown, _)| **unknown != *key_id);
        self.unknown.push_back((key_id.into(), now));
        if self.unknown.len() > MAX_UNKNOWN_KEY_IDS {
            self.unknown.pop_front();
        }
    }

    /// Records a failed fetch, with the response's `Retry-After`.
    ///
    /// `random` is uniformly distributed and determines the time of the next attempt.
    pub fn failed(&mut self, retry_after: Option<Duration>, now: UnixTime, random: u64) {
        self.in_flight = None;
        self.failed_at = Some(now);
        let doublings = self.failures.min(31);
        self.failures = self.failures.saturating_add(1);
        let bound = self.policy.retry_after_failure.saturating_mul(1 << doublings);
        let bound = bound.min(self.policy.max_backoff(self.has_keys(now)));
        let backoff = self.part(bound, BACKOFF, 100.0, random);
        let asked = retry_after.unwrap_or_default();
        let asked_undecided = asked.min(MAX_RETRY_AFTER_UNDECIDED);
        self.retry_after = retry_after.map(|_| Pause::new(now, asked_undecided));
        // Add the back-off, so that processes with the same `Retry-After` do not return together.
        let pause = |asked: Duration, backoff| Some(Pause::new(now, asked.saturating_add(backoff)));
        self.pause = pause(asked.min(MAX_RETRY_AFTER), backoff);
        // Keys may become too old during the pause.
        self.pause_without_keys = pause(asked_undecided, backoff.min(self.policy.max_backoff(false)));
    }

    /// Returns `true` if a fetch has shown this key ID to be unknown, however long ago.
    pub(super) fn has_shown_unknown(&self, key_id: &str) -> bool {
        self.unknown.iter().any(|(unknown, _)| **unknown == *key_id)
    }

    /// Returns the number of failed fetches since the last successful one.
    #[must_use]
    pub fn failures(&self) -> u32 {
        self.failures
    }

    /// Returns the time until the next fetch; zero if it is due or in progress.
    ///
    /// Fetches for unknown key IDs may come earlier.
    #[must_use]
    pub fn next_attempt_in(&self, now: UnixTime) -> Duration {
        let pause = match self.has_keys(now) {
            true => self.pause,
            false => self.pause_without_keys,
        };
        match pause {
            Some(pause) if !self.is_in_flight(now) => pause.remaining(now),
            _ => Duration::ZERO,
        }
    }

    /// Returns the span in which keys in memory decide without asking this rule.
    pub(super) fn quiet(&self) -> Option<Pause> {
        self.in_flight.or(self.pause)
    }

    /// Returns a random part of `whole` between two percentages; `fixed` percent without jitter.
    fn part(&self, whole: Duration, range: (f64, f64), fixed: f64, random: u64) -> Duration {
        let range = if self.policy.jitter { range } else { (fixed, fixed) };
        part(whole, range, random)
    }
}

/// Returns `true` if keys fetched at `fetched_at` may still decide.
pub(super) fn is_usable(policy: &KeyCachePolicy, fetched_at: UnixTime, now: UnixTime) -> bool {
    let max_age = policy.lifetime.saturating_add(policy.max_stale);
    now.age_of(fetched_at).is_none_or(|age| age < max_age)
}
