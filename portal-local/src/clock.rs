//! A clock that can be made wrong.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use portal_sdk::clock::{Clock, UnixTime};

/// Arithmetic in signed milliseconds, in which the database keeps times.
pub(crate) trait Millis {
    /// This moment moved by `millis`, which may be negative; saturates.
    fn plus_millis(self, millis: i64) -> Self;

    /// Milliseconds from `earlier` to this moment; negative if `earlier` is later.
    fn millis_since(self, earlier: Self) -> i64;

    /// Returns `true` if at most `millis` have passed since `earlier`; `false` if it is later.
    fn follows_within(self, millis: i64, earlier: Self) -> bool;
}

impl Millis for UnixTime {
    fn plus_millis(self, millis: i64) -> Self {
        Self::from_millis(self.as_millis().saturating_add(millis))
    }

    fn millis_since(self, earlier: Self) -> i64 {
        self.as_millis().saturating_sub(earlier.as_millis())
    }

    fn follows_within(self, millis: i64, earlier: Self) -> bool {
        (0..=millis).contains(&self.millis_since(earlier))
    }
}

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

    /// The time without the skew, as browsers on the same machine see it.
    pub(crate) fn unskewed_now(&self) -> UnixTime {
        self.inner.now()
    }

    pub(crate) fn skew_secs(&self) -> i64 {
        self.skew_millis.load(Ordering::Relaxed) / 1_000
    }

    pub(crate) fn set_skew_secs(&self, secs: i64) {
        self.skew_millis.store(secs.saturating_mul(1_000), Ordering::Relaxed);
    }
}
