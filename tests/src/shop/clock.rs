//! A clock that a test can move.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use portal_axum::portal_sdk::clock::{Clock, SystemClock, UnixTime};

/// The machine's clock, moved.
#[derive(Clone, Debug, Default)]
pub struct MovableClock {
    millis: Arc<AtomicI64>,
}

impl MovableClock {
    /// Moves it on.
    pub fn move_by_secs(&self, secs: i64) {
        self.millis.fetch_add(secs * 1_000, Ordering::SeqCst);
    }
}

impl Clock for MovableClock {
    fn now(&self) -> UnixTime {
        SystemClock.now().plus_millis(self.millis.load(Ordering::SeqCst))
    }
}
