//! Time as an argument: [`UnixTime`], and the [`Clock`] that supplies it.

use std::ops::{Add, Sub};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A moment in milliseconds since 1970-01-01T00:00:00Z.
///
/// ```
/// use std::time::Duration;
///
/// use portal_sdk::clock::UnixTime;
///
/// let now = UnixTime::from_secs(1_700_000_000);
/// let later = now + Duration::from_millis(1_500);
/// assert_eq!((later.as_millis(), later.as_secs()), (1_700_000_001_500, 1_700_000_001));
/// assert_eq!(later.age_of(now), Some(Duration::from_millis(1_500)));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnixTime(i64);

impl UnixTime {
    /// Creates a moment from seconds; saturates.
    #[must_use]
    pub const fn from_secs(secs: i64) -> Self {
        Self(secs.saturating_mul(1_000))
    }

    /// Creates a moment from milliseconds.
    #[must_use]
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// Milliseconds since the epoch.
    #[must_use]
    pub const fn as_millis(self) -> i64 {
        self.0
    }

    /// Whole seconds since the epoch, rounded towards the past.
    #[must_use]
    pub const fn as_secs(self) -> i64 {
        self.0.div_euclid(1_000)
    }

    /// Returns the age of `earlier`; `None` if it is later.
    ///
    /// The clock was then set back, so that the age is unknown.
    #[must_use]
    pub const fn age_of(self, earlier: Self) -> Option<Duration> {
        let millis = self.0.saturating_sub(earlier.0);
        if millis < 0 {
            return None;
        }
        Some(Duration::from_millis(millis.unsigned_abs()))
    }

    /// Returns `true` if less than `duration` has passed since `earlier`.
    ///
    /// An unknown age (see [`age_of`](Self::age_of)) counts as old, so that a clock that is set back ends every pause.
    #[must_use]
    pub fn is_within(self, duration: Duration, earlier: Self) -> bool {
        self.age_of(earlier).is_some_and(|age| age < duration)
    }
}

/// Saturates. Fractions of a millisecond are dropped.
impl Add<Duration> for UnixTime {
    type Output = Self;

    fn add(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(millis(duration)))
    }
}

/// Saturates. Fractions of a millisecond are dropped.
impl Sub<Duration> for UnixTime {
    type Output = Self;

    fn sub(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(millis(duration)))
    }
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

/// Reads the current time. Closures are clocks.
///
/// ```
/// use portal_sdk::clock::{Clock, UnixTime};
///
/// let stopped = || UnixTime::from_secs(1_700_000_000);
/// assert_eq!(Clock::now(&stopped).as_secs(), 1_700_000_000);
/// ```
pub trait Clock: Send + Sync + 'static {
    /// The current time.
    fn now(&self) -> UnixTime;
}

impl<F> Clock for F
where
    F: Fn() -> UnixTime + Send + Sync + 'static,
{
    fn now(&self) -> UnixTime {
        self()
    }
}

/// The system's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> UnixTime {
        // A clock before 1970 reads as 1970: every token then looks issued in the future, and every request is signed
        // out.
        let elapsed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        UnixTime(millis(elapsed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_are_unknown_after_the_clock_was_set_back() {
        let at = UnixTime::from_millis;
        for (now, earlier, age, is_within) in [
            (100, 100, Some(0), true),
            (109, 100, Some(9), true),
            (110, 100, Some(10), false),
            (99, 100, None, false),
            (i64::MIN, i64::MAX, None, false),
            (i64::MAX, i64::MIN, Some(i64::MAX.unsigned_abs()), false),
        ] {
            let age = age.map(Duration::from_millis);
            assert_eq!(at(now).age_of(at(earlier)), age, "{now} {earlier}");
            let limit = Duration::from_millis(10);
            assert_eq!(at(now).is_within(limit, at(earlier)), is_within, "{now} {earlier}");
        }
    }
}
