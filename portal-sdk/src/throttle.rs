//! [`Throttle`]: admits one event per interval and cause, for log lines that a request can cause.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::clock::UnixTime;

/// The shortest time between two events of a cause.
const INTERVAL: Duration = Duration::from_secs(60);

/// Events by cause: one a minute is admitted. Causes are constants, so that the map stays small.
#[derive(Debug, Default)]
pub struct Throttle {
    last: Mutex<HashMap<&'static str, Last>>,
}

/// The last admitted event of a cause.
#[derive(Debug)]
struct Last {
    at: UnixTime,
    held_back: u64,
}

impl Throttle {
    /// Returns the number of suppressed events of `cause` since the last admitted one, or `None` if this one is
    /// suppressed.
    #[must_use]
    pub fn admit(&self, cause: &'static str, now: UnixTime) -> Option<u64> {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        match last.get_mut(cause) {
            Some(last) if now.is_within(INTERVAL, last.at) => {
                last.held_back += 1;
                None
            }
            _ => {
                let ended = last.insert(cause, Last { at: now, held_back: 0 });
                Some(ended.map_or(0, |last| last.held_back))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_event_per_interval_and_cause_is_admitted() {
        let (throttle, at) = (Throttle::default(), UnixTime::from_secs);
        assert_eq!(throttle.admit("a", at(100)), Some(0));
        assert_eq!(throttle.admit("a", at(100)), None);
        assert_eq!(throttle.admit("a", at(159)), None);
        assert_eq!(throttle.admit("b", at(159)), Some(0));
        assert_eq!(throttle.admit("a", at(160)), Some(2));
        // A clock that is set back ends the interval.
        assert_eq!(throttle.admit("a", at(100)), Some(0));
    }
}
