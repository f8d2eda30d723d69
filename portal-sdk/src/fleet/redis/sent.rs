//! [`Sent`]: events that this replica has sent, in case Redis loses them.

use std::collections::{HashMap, VecDeque};

use super::super::FleetEvent;
use crate::clock::UnixTime;
use crate::limits::MAX_ENDED_SESSIONS;

/// The most events that are kept: as many as an authenticator remembers.
const MAX_SENT: usize = MAX_ENDED_SESSIONS;

/// The events that were sent and whose tokens may be valid, oldest first.
///
/// A server that crashes may have accepted events that it neither passed on nor kept, and so may one that follows it.
#[derive(Debug, Default)]
pub(super) struct Sent {
    events: VecDeque<FleetEvent>,
}

impl Sent {
    /// Keeps the events that are stored. Drops those whose time has passed, and the oldest beyond the limit.
    pub(super) fn add(&mut self, batch: Vec<FleetEvent>, now: UnixTime) {
        self.events
            .extend(batch.into_iter().filter(|event| event.until().is_some()));
        let is_surplus = |events: &VecDeque<FleetEvent>| {
            let first = events.front().and_then(FleetEvent::until);
            events.len() > MAX_SENT || first.is_some_and(|until| until <= now)
        };
        while is_surplus(&self.events) {
            self.events.pop_front();
        }
    }

    /// Removes the events that are not among those that Redis has stored, and whose time has not passed.
    pub(super) fn take_lost(&mut self, stored: &[FleetEvent], now: UnixTime) -> Vec<FleetEvent> {
        // The latest end of each, because several replicas may have told it.
        let mut latest = HashMap::new();
        for event in stored {
            let until = latest.entry(event.store_key()).or_default();
            *until = event.until().max(*until);
        }
        let is_stored = |event: &FleetEvent| {
            latest
                .get(&event.store_key())
                .is_some_and(|until| *until >= event.until())
        };
        let is_alive = |event: &FleetEvent| event.until().is_some_and(|until| until > now);
        let (lost, kept) = self
            .events
            .drain(..)
            .filter(is_alive)
            .partition::<Vec<_>, _>(|event| !is_stored(event));
        self.events = kept.into();
        lost
    }
}

#[cfg(test)]
mod tests {
    use super::super::event;
    use super::*;

    #[test]
    fn lost_events_are_those_that_are_neither_stored_nor_expired() {
        let (mut sent, now) = (Sent::default(), UnixTime::from_secs(10));
        sent.add(vec![event(1, 20), event(2, 20), event(3, 20), event(4, 15)], now);
        sent.add(vec![FleetEvent::KeyRemoved { key_id: "ins_1".into() }], now);
        let stored = [event(1, 21), event(1, 19), event(2, 19)];
        let later = UnixTime::from_secs(15);
        assert_eq!(sent.take_lost(&stored, later), [event(2, 20), event(3, 20)]);
        assert_eq!(sent.take_lost(&[], later), [event(1, 20)]);
        assert_eq!(sent.take_lost(&[], later), []);
    }

    #[test]
    fn sent_events_are_bounded() {
        let (mut sent, now) = (Sent::default(), UnixTime::from_secs(10));
        for n in 0..MAX_SENT + 3 {
            sent.add(vec![event(n, 20)], now);
        }
        assert_eq!((sent.events.len(), &sent.events[0]), (MAX_SENT, &event(3, 20)));
        sent.add(vec![event(0, 30)], UnixTime::from_secs(20));
        assert_eq!(sent.events, [event(0, 30)]);
    }
}
