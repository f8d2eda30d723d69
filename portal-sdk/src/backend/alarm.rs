//! [`Alarm`]: a time limit that needs no timer of the runtime.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::thread;
use std::time::{Duration, Instant};

/// Calls a function on each item that still exists after a time, which is the same for all.
///
/// A thread runs while items are watched. Tokio's timer would panic in a runtime that was built without `enable_time`,
/// and would end with the runtime that it started in.
pub(super) struct Alarm<T> {
    limit: Duration,
    ring: fn(&T),
    watched: Arc<Mutex<Watched<T>>>,
}

struct Watched<T> {
    /// Oldest first: all have the same limit.
    items: VecDeque<(Instant, Weak<T>)>,
    has_thread: bool,
}

impl<T: Send + Sync + 'static> Alarm<T> {
    pub(super) fn new(limit: Duration, ring: fn(&T)) -> Self {
        let watched = Watched {
            items: VecDeque::new(),
            has_thread: false,
        };
        Self {
            limit,
            ring,
            watched: Arc::new(Mutex::new(watched)),
        }
    }

    /// Rings for `item` when the limit is over, unless it was dropped before.
    pub(super) fn set(&self, item: &Arc<T>) {
        // A limit beyond the range of the clock never rings.
        let Some(due) = Instant::now().checked_add(self.limit) else {
            return;
        };
        let mut watched = self.watched.lock().unwrap_or_else(PoisonError::into_inner);
        watched.items.push_back((due, Arc::downgrade(item)));
        if watched.has_thread {
            return;
        }
        let (items, ring) = (self.watched.clone(), self.ring);
        let thread = thread::Builder::new().name("portal-time-limit".to_owned());
        // Without a thread callers wait for the call's own time limit.
        watched.has_thread = thread.spawn(move || watch(&items, ring)).is_ok();
    }
}

fn watch<T>(watched: &Mutex<Watched<T>>, ring: fn(&T)) {
    loop {
        let mut watching = watched.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        let remaining = loop {
            let Some((due, item)) = watching.items.front() else {
                watching.has_thread = false;
                return;
            };
            match item.upgrade() {
                Some(_) if *due > now => break due.saturating_duration_since(now),
                Some(item) => ring(&item),
                // Dropped before its time.
                None => {}
            }
            watching.items.pop_front();
        };
        drop(watching);
        thread::sleep(remaining);
    }
}

impl<T> Alarm<T> {
    pub(super) fn limit(&self) -> Duration {
        self.limit
    }
}

impl<T> fmt::Debug for Alarm<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Alarm")
            .field("limit", &self.limit)
            .finish_non_exhaustive()
    }
}
