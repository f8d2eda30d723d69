//! [`TestClock`]: a clock that a test moves.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use crate::clock::{Clock, SystemClock, UnixTime};

/// A clock that stands still until it is moved. Clones share the time.
///
/// ```
/// use std::time::Duration;
///
/// use portal_sdk::clock::{Clock, UnixTime};
/// use portal_sdk::testing::TestClock;
///
/// let clock = TestClock::at(UnixTime::from_secs(1_800_000_000));
/// clock.advance(Duration::from_secs(60));
/// assert_eq!(clock.now(), UnixTime::from_secs(1_800_000_060));
/// ```
#[derive(Clone, Debug)]
pub struct TestClock(Arc<AtomicI64>);

impl TestClock {
    /// Creates a clock that stands at `time`.
    #[must_use]
    pub fn at(time: UnixTime) -> Self {
        Self(Arc::new(AtomicI64::new(time.as_millis())))
    }

    /// Moves the clock to `time`, forward or back.
    pub fn set(&self, time: UnixTime) {
        self.0.store(time.as_millis(), Ordering::SeqCst);
    }

    /// Moves the clock forward.
    pub fn advance(&self, duration: Duration) {
        let millis = i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
        self.set(self.now().plus_millis(millis));
    }
}

/// A clock that stands at the machine's current time.
impl Default for TestClock {
    fn default() -> Self {
        Self::at(SystemClock.now())
    }
}

impl Clock for TestClock {
    fn now(&self) -> UnixTime {
        UnixTime::from_millis(self.0.load(Ordering::SeqCst))
    }
}
