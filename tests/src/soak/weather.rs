//! [`Weather`]: the faults of a run, so that a response can be judged by the fault that it met.

use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// A kind of fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Fault {
    /// The portal is killed during a write, and started again.
    PortalKilled,
    /// The portal's clock is set forward and back.
    ClockSteps,
    /// The portal signs with a new key.
    KeyRotation,
    /// Clerk's two APIs fail in turns: errors, garbage, closed connections, delays.
    Flapping,
    /// Clients close their connections during requests and responses.
    Vanishing,
    /// The disk under the databases is full.
    DiskFull,
}

impl Fault {
    pub(super) const ALL: [Self; 6] = [
        Self::PortalKilled,
        Self::ClockSteps,
        Self::KeyRotation,
        Self::Flapping,
        Self::Vanishing,
        Self::DiskFull,
    ];

    /// Returns how long requests may still fail after this fault.
    ///
    /// After a failed fetch, an unknown key is not fetched for 10 seconds, and a `Retry-After` is obeyed (see the guide
    /// on outages). The other faults affect only requests that were running.
    pub(super) fn aftermath(self) -> Duration {
        match self {
            Self::PortalKilled | Self::Flapping | Self::DiskFull | Self::ClockSteps => Duration::from_secs(12),
            Self::KeyRotation | Self::Vanishing => Duration::ZERO,
        }
    }

    /// Returns `true` if requests may go without an answer.
    pub(super) fn may_break(self) -> bool {
        matches!(self, Self::PortalKilled | Self::Flapping)
    }

    /// Returns `true` if an application may be unable to reach Clerk.
    pub(super) fn is_outage(self) -> bool {
        matches!(self, Self::PortalKilled | Self::Flapping | Self::DiskFull)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::PortalKilled => "portal killed",
            Self::ClockSteps => "clock steps",
            Self::KeyRotation => "key rotation",
            Self::Flapping => "Clerk flapping",
            Self::Vanishing => "clients vanish",
            Self::DiskFull => "disk full",
        })
    }
}

#[derive(Clone, Copy, Debug)]
struct Spell {
    fault: Fault,
    ended: Option<Instant>,
}

/// Applications wait this long for Clerk; see the guide on outages. A slower machine is an outage for them.
const SLOW: Duration = Duration::from_secs(1);
const SLOW_AFTERMATH: Duration = Duration::from_secs(12);

/// The faults so far, and the time of the last slow response.
#[derive(Debug, Default)]
pub(super) struct Weather {
    spells: Mutex<Vec<Spell>>,
    slow_at: Mutex<Option<Instant>>,
}

impl Weather {
    pub(super) fn begin(&self, fault: Fault) {
        let spell = Spell { fault, ended: None };
        self.spells.lock().unwrap_or_else(PoisonError::into_inner).push(spell);
    }

    pub(super) fn end(&self) {
        let mut spells = self.spells.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(last) = spells.last_mut() {
            last.ended.get_or_insert_with(Instant::now);
        }
    }

    /// Records the time that a response took. Returns `true` if that was too long.
    pub(super) fn took(&self, time: Duration) -> bool {
        let is_slow = time >= SLOW;
        if is_slow {
            *self.slow_at.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
        }
        is_slow
    }

    /// Returns `true` if the machine was too busy at some time since `since`, or shortly before.
    pub(super) fn was_slow(&self, since: Instant) -> bool {
        let slow_at = self.slow_at.lock().unwrap_or_else(PoisonError::into_inner);
        slow_at.is_some_and(|at| at + SLOW_AFTERMATH >= since)
    }

    /// Returns the fault in effect.
    pub(super) fn now(&self) -> Option<Fault> {
        let spells = self.spells.lock().unwrap_or_else(PoisonError::into_inner);
        spells
            .last()
            .filter(|spell| spell.ended.is_none())
            .map(|spell| spell.fault)
    }

    /// Returns the faults that overlap the time from `since` until now.
    pub(super) fn met(&self, since: Instant) -> Vec<Fault> {
        let spells = self.spells.lock().unwrap_or_else(PoisonError::into_inner);
        let is_met = |spell: &&Spell| {
            let lasted = spell.ended.map(|ended| ended + spell.fault.aftermath());
            lasted.is_none_or(|lasted| lasted >= since)
        };
        let met = spells.iter().filter(is_met);
        met.map(|spell| spell.fault).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn request_that_overlaps_a_fault_meets_it() {
        let weather = Weather::default();
        let before = Instant::now();
        assert!(weather.met(before).is_empty());
        weather.begin(Fault::Vanishing);
        assert_eq!(weather.now(), Some(Fault::Vanishing));
        weather.end();
        assert_eq!(weather.met(before), [Fault::Vanishing]);
        assert_eq!(weather.now(), None);
        let after = Instant::now() + Duration::from_millis(1);
        assert!(weather.met(after).is_empty());
    }

    #[test]
    fn slow_response_counts_as_a_busy_machine() {
        let weather = Weather::default();
        assert!(!weather.took(Duration::from_millis(999)) && !weather.was_slow(Instant::now()));
        assert!(weather.took(SLOW) && weather.was_slow(Instant::now()));
        assert!(!weather.was_slow(Instant::now() + SLOW_AFTERMATH));
    }

    #[test]
    fn outage_is_met_for_a_while_after_its_end() {
        let weather = Weather::default();
        weather.begin(Fault::Flapping);
        weather.end();
        let soon = Instant::now() + Duration::from_secs(5);
        assert_eq!(weather.met(soon), [Fault::Flapping]);
        assert!(weather.met(soon + Duration::from_secs(20)).is_empty());
    }
}
