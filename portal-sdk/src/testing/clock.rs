//! [`TestClock`]: a clock that a test moves.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use crate::clock::{Clock, SystemClock, UnixTime};

/// A clock that a test moves. It stands still, or runs with the machine's. Clones share the time.
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
pub struct TestClock {
    is_running: bool,
    /// The time itself or, of a running clock, how far it is ahead of the machine's.
    millis: Arc<AtomicI64>,
}

impl TestClock {
    /// Creates a clock that stands at `time`.
    #[must_use]
    pub fn at(time: UnixTime) -> Self {
        Self {
            is_running: false,
            millis: Arc::new(AtomicI64::new(time.as_millis())),
        }
    }

    /// Creates a clock that runs with the machine's.
    ///
    /// Use it in tests with browsers or servers, which have their own clocks.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use portal_sdk::clock::{Clock, SystemClock};
    /// use portal_sdk::testing::TestClock;
    ///
    /// let clock = TestClock::running();
    /// clock.advance(Duration::from_secs(3_600));
    /// assert!(clock.now() > SystemClock.now());
    /// ```
    #[must_use]
    pub fn running() -> Self {
        Self {
            is_running: true,
            millis: Arc::default(),
        }
    }

    /// Moves the clock to `time`, forward or back.
    pub fn set(&self, time: UnixTime) {
        let millis = time.as_millis().saturating_sub(self.origin().as_millis());
        self.millis.store(millis, Ordering::SeqCst);
    }

    /// Moves the clock forward.
    pub fn advance(&self, duration: Duration) {
        let millis = i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
        let advanced = |now: i64| Some(now.saturating_add(millis));
        let _ = self.millis.fetch_update(Ordering::SeqCst, Ordering::SeqCst, advanced);
    }

    /// The time that `millis` counts from.
    fn origin(&self) -> UnixTime {
        match self.is_running {
            true => SystemClock.now(),
            false => UnixTime::from_millis(0),
        }
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
        let advanced = self.millis.load(Ordering::SeqCst);
        UnixTime::from_millis(self.origin().as_millis().saturating_add(advanced))
    }
}
