//! The form of events in Redis, and their bounds.

use super::super::FleetEvent;

/// The most events of a message.
pub(super) const MAX_BATCH: usize = 100;
/// The most bytes of an event. Its ID has at most 256, and JSON may escape each of them as six.
const MAX_EVENT_BYTES: usize = 2 * 1024;
/// The most bytes of a message.
pub(super) const MAX_MESSAGE_BYTES: usize = MAX_BATCH * MAX_EVENT_BYTES;

/// Returns a message of these events, one per line.
pub(super) fn encode(events: &[FleetEvent]) -> String {
    let lines: Vec<_> = events.iter().map(FleetEvent::to_json).collect();
    lines.join("\n")
}

/// Reads the events of a message. Everything else in it is skipped.
pub(super) fn decode(message: &[u8]) -> Vec<FleetEvent> {
    if message.len() > MAX_MESSAGE_BYTES {
        return Vec::new();
    }
    message.split(|byte| *byte == b'\n').filter_map(decode_one).collect()
}

/// Reads one event.
pub(super) fn decode_one(line: &[u8]) -> Option<FleetEvent> {
    if line.len() > MAX_EVENT_BYTES {
        return None;
    }
    FleetEvent::from_json(std::str::from_utf8(line).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::UnixTime;
    use crate::fleet::SessionEndReason;

    fn event(id: &str) -> FleetEvent {
        FleetEvent::SessionEnded {
            id: id.into(),
            reason: SessionEndReason::SignedOut,
            until: UnixTime::from_millis(i64::MAX),
        }
    }

    #[test]
    fn longest_events_fit_a_message() {
        let events = vec![event(&"\u{1}".repeat(256)); MAX_BATCH];
        assert_eq!(decode(encode(&events).as_bytes()), events);
    }

    #[test]
    fn everything_but_events_is_skipped() {
        let one = event("sess_1").to_json();
        let padded = format!("{one}{}", " ".repeat(MAX_EVENT_BYTES));
        let mixed = format!("{{}}\n{one}\n{padded}\n\n[1]");
        assert_eq!(decode(mixed.as_bytes()), [event("sess_1")]);
        assert_eq!(decode(&[b"\xff\n", one.as_bytes()].concat()), [event("sess_1")]);
        let long = format!("{one}\n").repeat(MAX_MESSAGE_BYTES / one.len());
        assert!(decode(long.as_bytes()).is_empty());
        assert!(decode(b"").is_empty());
    }
}
