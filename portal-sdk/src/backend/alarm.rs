//! [`Alarm`]: a time limit that needs no timer of the runtime.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::thread;
use std::time::{Duration, Instant};

/// Calls a function on each item that still exists after a time limit.
///
/// All items have the same limit. A thread runs while items are watched. Tokio's timer would panic in a runtime that
/// was built without `enable_time`, and would end with the runtime that it started in.
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

impl<T> Watched<T> {
    /// Removes the oldest items that are due or dropped, and returns the due ones.
    fn take_due(&mut self, now: Instant) -> Vec<Arc<T>> {
        let mut taken = Vec::new();
        while let Some((due, item)) = self.items.front() {
            match item.upgrade() {
                Some(_) if *due > now => break,
                Some(item) => taken.push(item),
                None => {}
            }
            self.items.pop_front();
        }
        taken
    }
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

    /// Rings for `item` after the limit, unless it is dropped first.
    pub(super) fn set(&self, item: &Arc<T>) {
        // A limit beyond the range of the clock never rings.
        let now = Instant::now();
        let Some(due) = now.checked_add(self.limit) else {
            return;
        };
        let mut watched = lock(&self.watched);
        watched.items.push_back((due, Arc::downgrade(item)));
        if watched.has_thread {
            return;
        }
        let (items, ring) = (self.watched.clone(), self.ring);
        let thread = thread::Builder::new().name("portal-time-limit".to_owned());
        watched.has_thread = thread.spawn(move || Watch(items).run(ring)).is_ok();
        if watched.has_thread {
            return;
        }
        // The thread could not start. Callers wait for the call's own time limit, and each new item rings for older
        // ones, so that they do not pile up.
        let late = watched.take_due(now);
        drop(watched);
        late.iter().for_each(|item| ring(item));
    }
}

/// The thread's part of an alarm.
struct Watch<T>(Arc<Mutex<Watched<T>>>);

impl<T> Watch<T> {
    fn run(self, ring: fn(&T)) {
        loop {
            let mut watched = lock(&self.0);
            let due = watched.take_due(Instant::now());
            let next = watched.items.front().map(|(due, _)| *due);
            if due.is_empty() && next.is_none() {
                watched.has_thread = false;
                return;
            }
            // Unlocked, because ringing wakes callers, which may set this alarm.
            drop(watched);
            due.iter().for_each(|item| ring(item));
            drop(due);
            if let Some(next) = next {
                // This blocks no thread of the runtime. Nothing needs to wake it early, because all items have the same
                // limit and newer ones are due later.
                thread::sleep(next.saturating_duration_since(Instant::now()));
            }
        }
    }
}

impl<T> Drop for Watch<T> {
    fn drop(&mut self) {
        // After a panic in `ring` the next item needs a new thread.
        if thread::panicking() {
            lock(&self.0).has_thread = false;
        }
    }
}

fn lock<T>(watched: &Mutex<Watched<T>>) -> MutexGuard<'_, Watched<T>> {
    watched.lock().unwrap_or_else(PoisonError::into_inner)
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

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Sender, channel};

    use super::*;

    #[test]
    fn due_and_dropped_items_are_taken_out_and_later_ones_stay() {
        let (start, second) = (Instant::now(), Duration::from_secs(1));
        let (due, later, dropped) = (Arc::new(1), Arc::new(2), Arc::new(3));
        let mut watched = Watched {
            items: VecDeque::from([
                (start, Arc::downgrade(&due)),
                (start + second, Arc::downgrade(&dropped)),
                (start + second, Arc::downgrade(&later)),
            ]),
            has_thread: false,
        };
        drop(dropped);
        assert_eq!(watched.take_due(start), [due]);
        assert_eq!(watched.items.len(), 1);
        assert_eq!(watched.take_due(start + second), [later]);
        assert!(watched.items.is_empty());
    }

    #[test]
    fn alarm_rings_after_a_panic() {
        let alarm: Alarm<Option<Sender<()>>> = Alarm::new(Duration::ZERO, |item| {
            item.as_ref()
                .expect("this panic is intended")
                .send(())
                .expect("received");
        });
        let panics = Arc::new(None);
        alarm.set(&panics);
        while Arc::strong_count(&panics) > 1 || lock(&alarm.watched).has_thread {
            thread::yield_now();
        }
        let (sender, receiver) = channel();
        let item = Arc::new(Some(sender));
        alarm.set(&item);
        receiver.recv().expect("the alarm rings");
    }

    #[test]
    fn ringing_may_set_the_alarm() {
        struct Item(Mutex<Option<(Alarm<Self>, Sender<()>)>>);
        let (sender, receiver) = channel();
        let alarm = Alarm::new(Duration::ZERO, |item: &Item| {
            if let Some((alarm, sender)) = item.0.lock().expect("not poisoned").take() {
                alarm.set(&Arc::new(Item(Mutex::default())));
                sender.send(()).expect("received");
            }
        });
        let again = Alarm {
            watched: alarm.watched.clone(),
            ..Alarm::new(Duration::ZERO, alarm.ring)
        };
        let item = Arc::new(Item(Mutex::new(Some((again, sender)))));
        alarm.set(&item);
        receiver.recv().expect("the alarm rings");
    }
}
