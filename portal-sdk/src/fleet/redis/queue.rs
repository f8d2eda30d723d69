//! [`Queue`]: events that wait to be sent.

use std::collections::VecDeque;

use super::super::FleetEvent;
use super::message::MAX_BATCH;
use crate::clock::UnixTime;
use crate::limits::MAX_ENDED_SESSIONS;

/// The most events that wait: as many as an authenticator remembers.
pub(super) const MAX_WAITING: usize = MAX_ENDED_SESSIONS;

/// Events in the order in which they happened. A full queue drops the oldest.
#[derive(Debug, Default)]
pub(super) struct Queue {
    waiting: VecDeque<FleetEvent>,
    dropped: u64,
}

impl Queue {
    /// Adds an event. Returns `true` if an older one was dropped for it that had not expired at `since`.
    pub(super) fn push(&mut self, event: FleetEvent, since: UnixTime) -> bool {
        while self.waiting.front().is_some_and(|first| is_over(first, since)) {
            self.waiting.pop_front();
        }
        let is_full = self.waiting.len() >= MAX_WAITING;
        if is_full {
            self.waiting.pop_front();
            self.dropped += 1;
        }
        self.waiting.push_back(event);
        is_full
    }

    /// Removes the next events to send. Events that had expired at `since` are discarded.
    pub(super) fn take_batch(&mut self, since: UnixTime) -> Vec<FleetEvent> {
        let mut batch = Vec::new();
        while batch.len() < MAX_BATCH {
            let Some(event) = self.waiting.pop_front() else {
                break;
            };
            if !is_over(&event, since) {
                batch.push(event);
            }
        }
        batch
    }

    /// Returns a batch that could not be sent. Its oldest events are dropped if the queue is full.
    pub(super) fn give_back(&mut self, batch: Vec<FleetEvent>) {
        for event in batch.into_iter().rev() {
            if self.waiting.len() >= MAX_WAITING {
                self.dropped += 1;
            } else {
                self.waiting.push_front(event);
            }
        }
    }

    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Returns the number of events dropped so far.
    pub(super) fn dropped(&self) -> u64 {
        self.dropped
    }
}

/// Returns `true` if the event had expired at `since`.
fn is_over(event: &FleetEvent, since: UnixTime) -> bool {
    event.until().is_some_and(|until| until <= since)
}

#[cfg(test)]
mod tests {
    use super::super::event;
    use super::*;

    #[test]
    fn full_queue_drops_the_oldest_and_counts_them() {
        let (mut queue, now) = (Queue::default(), UnixTime::from_secs(1));
        let dropped: usize = (0..MAX_WAITING + 3)
            .map(|n| usize::from(queue.push(event(n, 9), now)))
            .sum();
        assert_eq!((dropped, queue.dropped(), queue.len()), (3, 3, MAX_WAITING));
        let batch = queue.take_batch(now);
        assert_eq!((batch.len(), &batch[0]), (MAX_BATCH, &event(3, 9)));
        // Two newer events came while the batch was on its way.
        queue.push(event(0, 9), now);
        queue.push(event(0, 9), now);
        queue.give_back(batch);
        assert_eq!((queue.dropped(), queue.len()), (5, MAX_WAITING));
        assert_eq!(queue.take_batch(now)[0], event(5, 9));
    }

    #[test]
    fn expired_event_is_not_sent() {
        let mut queue = Queue::default();
        let key = FleetEvent::KeyRemoved { key_id: "ins_1".into() };
        for event in [event(1, 9), event(2, 10), key.clone()] {
            queue.push(event, UnixTime::from_secs(1));
        }
        assert_eq!(queue.take_batch(UnixTime::from_secs(9)), [event(2, 10), key]);
        assert_eq!((queue.len(), queue.dropped()), (0, 0));
    }

    #[test]
    fn expired_events_make_room_and_are_not_counted() {
        let mut queue = Queue::default();
        for n in 0..MAX_WAITING {
            queue.push(event(n, if n < 7 { 9 } else { 20 }), UnixTime::from_secs(1));
        }
        assert!(!queue.push(event(MAX_WAITING, 20), UnixTime::from_secs(9)));
        assert_eq!((queue.dropped(), queue.len()), (0, MAX_WAITING - 6));
    }
}
