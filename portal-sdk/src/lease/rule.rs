//! [`LeaseRule`]: when a session is looked up, and when its leases end, as a state machine without timer or network.

use std::time::Duration;

use super::LeasePolicy;
use crate::clock::UnixTime;

/// The part of the rest of the first interval after which a session is first looked up, in percent.
///
/// It is at most the whole, so that with the default interval the look-up starts before the token expires.
const FIRST: (f64, f64) = (50.0, 100.0);
/// The part of the interval after which the next look-up follows, in percent. Never less than the whole.
const LATER: (f64, f64) = (100.0, 110.0);
/// The first pause after a failed look-up, as the divisor of the interval.
///
/// At most three attempts are made in an interval, so that an outage at most triples the calls of many replicas.
const RETRIES_DIVIDE: u32 = 4;
/// The shortest first pause, or the interval if that is shorter.
const MIN_RETRY: Duration = Duration::from_secs(60);
/// The longest pause as a multiple of the first one, unless Clerk asks for more. Pauses double up to it.
const MAX_BACKOFF: u32 = 4;
/// The longest `Retry-After` that is obeyed.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(60 * 60);

/// Decides when a session with leases is looked up, and when its leases end. Pure: time and randomness are arguments.
///
/// Times are those of a steady clock, which is never set. The owner asks [`step`](Self::step), carries out the look-up, and
/// reports it with [`started`](Self::started) and [`confirmed`](Self::confirmed) or [`failed`](Self::failed). A look-up that
/// shows the end of the session needs no rule.
///
/// ```
/// use std::time::Duration;
///
/// use portal_sdk::clock::UnixTime;
/// use portal_sdk::lease::{LeasePolicy, LeaseRule, LeaseStep};
///
/// let secs = Duration::from_secs;
/// let start = UnixTime::from_secs(1_800_000_000);
/// // A token that was issued five seconds ago.
/// let mut rule = LeaseRule::new(LeasePolicy::default().with_jitter(false), start - secs(5), start, 0);
/// assert_eq!(rule.step(start), LeaseStep::Wait(secs(55)));
///
/// let due = start + secs(55);
/// assert_eq!(rule.step(due), LeaseStep::LookUp);
/// rule.started(due);
/// rule.confirmed(0);
/// assert_eq!(rule.step(due), LeaseStep::Wait(secs(60)));
/// ```
#[derive(Clone, Debug)]
pub struct LeaseRule {
    policy: LeasePolicy,
    /// The time of the last proof that the session was alive.
    proven_at: UnixTime,
    /// The time of the next look-up.
    next_at: UnixTime,
    /// The start of the last look-up.
    started_at: Option<UnixTime>,
    /// The time of the last failed look-up, if no proof followed it.
    failed_at: Option<UnixTime>,
    /// The failed look-ups since the last proof.
    failures: u32,
}

/// The next step for a session with leases.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LeaseStep {
    /// Ask again after this time.
    Wait(Duration),
    /// Look the session up.
    LookUp,
    /// The session could not be confirmed in time, so its leases end.
    End,
}

impl LeaseRule {
    /// Creates the rule for the first lease of a session.
    ///
    /// `proven_at` is the token's time of issue. `random` is uniformly distributed and determines the time of the first
    /// look-up.
    #[must_use]
    pub fn new(policy: LeasePolicy, proven_at: UnixTime, now: UnixTime, random: u64) -> Self {
        let age = now.age_of(proven_at).unwrap_or_default();
        let rest = policy.interval.saturating_sub(age);
        Self {
            policy,
            proven_at,
            next_at: now + policy.part(rest, FIRST, random),
            started_at: None,
            failed_at: None,
            failures: 0,
        }
    }

    /// Returns the next step.
    #[must_use]
    pub fn step(&self, now: UnixTime) -> LeaseStep {
        let has_just_failed = |at: UnixTime| now.is_within(self.first_retry(), at);
        if self.is_too_old(now) && self.failed_at.is_some_and(has_just_failed) {
            return LeaseStep::End;
        }
        // A last look-up at the end of the age, unless the one before has just failed.
        let due_at = match self.failed_at {
            Some(_) => self.next_at.min(self.proven_at + self.policy.max_age),
            None => self.next_at,
        };
        match due_at.age_of(now) {
            Some(wait) if !wait.is_zero() => LeaseStep::Wait(wait),
            _ => LeaseStep::LookUp,
        }
    }

    /// Records the start of a look-up.
    pub fn started(&mut self, now: UnixTime) {
        self.started_at = Some(now);
        self.next_at = now + self.policy.interval;
    }

    /// Records that the look-up in progress found the session alive.
    ///
    /// `random` is uniformly distributed and determines the time of the next look-up.
    pub fn confirmed(&mut self, random: u64) {
        if let Some(started_at) = self.started_at {
            self.prove(started_at, random);
        }
    }

    /// Records a newer token of the session, issued at `at`. It saves a look-up.
    ///
    /// `random` is uniformly distributed and determines the time of the next look-up.
    pub fn proven(&mut self, at: UnixTime, random: u64) {
        if at > self.proven_at {
            self.prove(at, random);
        }
    }

    /// Records a failed look-up, with the response's `Retry-After`.
    ///
    /// `random` is uniformly distributed and determines the time of the next attempt.
    pub fn failed(&mut self, retry_after: Option<Duration>, now: UnixTime, random: u64) {
        let first = self.first_retry();
        let pause = first.saturating_mul(2_u32.saturating_pow(self.failures).min(MAX_BACKOFF));
        self.failures = self.failures.saturating_add(1);
        self.failed_at = Some(now);
        let asked = retry_after.unwrap_or_default().min(MAX_RETRY_AFTER);
        let next_at = self.started_at.unwrap_or(now) + self.policy.part(pause, LATER, random);
        self.next_at = next_at.max(now + asked);
    }

    /// Returns the time limit of a look-up.
    ///
    /// It ends when the last proof is too old, but is at least one interval.
    #[must_use]
    pub fn patience(&self, now: UnixTime) -> Duration {
        let end = self.proven_at + self.policy.max_age;
        end.age_of(now).unwrap_or_default().max(self.policy.interval)
    }

    fn prove(&mut self, at: UnixTime, random: u64) {
        self.proven_at = self.proven_at.max(at);
        self.failed_at = None;
        self.failures = 0;
        let next_at = at + self.policy.part(self.policy.interval, LATER, random);
        let earliest = self.started_at.map(|at| at + self.policy.interval);
        self.next_at = earliest.map_or(next_at, |earliest| earliest.max(next_at));
    }

    /// Returns the pause after the first failed look-up.
    fn first_retry(&self) -> Duration {
        let interval = self.policy.interval;
        (interval / RETRIES_DIVIDE).max(MIN_RETRY.min(interval))
    }

    fn is_too_old(&self, now: UnixTime) -> bool {
        !now.is_within(self.policy.max_age, self.proven_at)
    }
}
