//! A clock that can be made wrong.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use portal_sdk::clock::{Clock, UnixTime};

/// The clock that the portal was given, and how far it is moved.
pub(crate) struct SkewedClock {
    inner: Arc<dyn Clock>,
    skew_millis: AtomicI64,
}

impl SkewedClock {
    pub(crate) fn new(inner: Arc<dyn Clock>) -> Self {
        Self {
            inner,
            skew_millis: AtomicI64::new(0),
        }
    }

    pub(crate) fn now(&self) -> UnixTime {
        self.inner.now().plus_millis(self.skew_millis.load(Ordering::Relaxed))
    }

    pub(crate) fn skew_secs(&self) -> i64 {
        self.skew_millis.load(Ordering::Relaxed) / 1_000
    }

    pub(crate) fn set_skew_secs(&self, secs: i64) {
        self.skew_millis.store(secs.saturating_mul(1_000), Ordering::Relaxed);
    }
}
