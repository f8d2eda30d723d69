//! [`LeasePolicy`]: when sessions with live connections are looked up.

use std::time::Duration;

use crate::jitter::part;

/// The shortest interval, so that no setting causes back-to-back look-ups.
const MIN_INTERVAL: Duration = Duration::from_secs(1);

/// The interval between look-ups, and the length of outages that leases outlast.
///
/// ```
/// use std::time::Duration;
///
/// use portal_sdk::lease::LeasePolicy;
///
/// // With webhooks, which report the end of a session at once.
/// let policy = LeasePolicy::default()
///     .with_interval(Duration::from_secs(10 * 60))
///     .with_max_age(Duration::from_secs(60 * 60));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LeasePolicy {
    pub(super) interval: Duration,
    pub(super) max_age: Duration,
    pub(super) jitter: bool,
}

impl Default for LeasePolicy {
    fn default() -> Self {
        Self {
            interval: Duration::from_secs(60),
            max_age: Duration::from_secs(10 * 60),
            jitter: true,
        }
    }
}

impl LeasePolicy {
    /// Sets the shortest time between two look-ups of a session.
    ///
    /// Default: 60 seconds. Less than one second counts as one second.
    ///
    /// The first interval begins when the token was issued. The first look-up is made in the second half of the rest of this
    /// interval; with the default, before the token expires. Each later one follows after a random 100 to 110 % of the
    /// interval.
    ///
    /// # Security
    ///
    /// A session that ends at Clerk without a webhook keeps its connections until the next look-up.
    #[must_use]
    pub fn with_interval(self, interval: Duration) -> Self {
        Self {
            interval: interval.max(MIN_INTERVAL),
            ..self
        }
    }

    /// Sets how long a lease outlasts the last proof of life (default: 10 minutes).
    ///
    /// A look-up proves that the session is alive, and so does a token at its time of issue. After failed look-ups, the pauses
    /// are a quarter of the interval, half of it, and then the interval. The first pause is at least a minute, or the interval
    /// if that is shorter, and doubles twice. With the default, the pauses are one, two and then four minutes. A longer
    /// `Retry-After` is obeyed. The lease ends at a failed look-up if the last proof is older than this age.
    ///
    /// # Security
    ///
    /// During an outage a session that has ended keeps its connections for that time.
    #[must_use]
    pub fn with_max_age(self, max_age: Duration) -> Self {
        Self { max_age, ..self }
    }

    /// Enables or disables jitter (default: enabled). Disable it in simulations and tests only.
    ///
    /// Jitter keeps connections that opened together from being looked up in the same second.
    #[must_use]
    pub fn with_jitter(self, jitter: bool) -> Self {
        Self { jitter, ..self }
    }

    /// Returns a random part of `whole` between two percentages. Returns `whole` without jitter.
    pub(super) fn part(self, whole: Duration, range: (f64, f64), random: u64) -> Duration {
        match self.jitter {
            true => part(whole, range, random),
            false => whole,
        }
    }
}
