//! [`FleetEvent`]: a fact that one replica learns and all must know.

use serde::{Deserialize, Serialize};

use crate::clock::UnixTime;
use crate::token::{SessionId, UserId};

/// The most bytes of an ID in an event. Clerk's IDs have about 32.
const MAX_ID_BYTES: usize = 256;

/// A fact that one replica learns and all replicas must know.
///
/// ```
/// use portal_sdk::clock::UnixTime;
/// use portal_sdk::fleet::{FleetEvent, SessionEndReason};
///
/// let event = FleetEvent::SessionEnded {
///     id: "sess_1".into(),
///     reason: SessionEndReason::Revoked,
///     until: UnixTime::from_secs(1_800_000_070),
/// };
/// assert_eq!(FleetEvent::from_json(&event.to_json()), Some(event));
/// // Later versions may send other events, or more about an event.
/// assert_eq!(FleetEvent::from_json(r#"{ "event": "moon_landed" }"#), None);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FleetEvent {
    /// A session has ended.
    SessionEnded {
        /// The session's ID.
        id: SessionId,
        /// The reason.
        reason: SessionEndReason,
        /// The time at which the session's tokens have expired.
        until: UnixTime,
    },
    /// A user was deleted.
    UserDeleted {
        /// The user's ID.
        id: UserId,
        /// The time at which the user's tokens have expired.
        until: UnixTime,
    },
    /// The instance's key set no longer contains a signing key.
    ///
    /// A replica with that key in memory fetches the keys soon, by its own rule. The event alone does not drop the key.
    KeyRemoved {
        /// The key's ID (`kid`).
        key_id: Box<str>,
    },
}

/// The reason why a session ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SessionEndReason {
    /// The user signed out: in this application, or at the portal (`ended`, `removed`, `replaced`).
    SignedOut,
    /// The application, an administrator, or the user on another device ended the session (`revoked`).
    Revoked,
    /// The session has expired or was abandoned (`expired`, `abandoned`).
    Expired,
    /// Clerk does not know the session, for example because its user was deleted.
    NotFound,
    /// The session has ended for a reason unknown to this version.
    #[default]
    Ended,
}

impl SessionEndReason {
    const ALL: [Self; 5] = [
        Self::SignedOut,
        Self::Revoked,
        Self::Expired,
        Self::NotFound,
        Self::Ended,
    ];

    /// Returns the reason for the status of an ended session.
    ///
    /// Returns `None` if the session is alive: `active` or `pending`.
    ///
    /// The words are those of the Backend API and of webhooks:
    /// <https://clerk.com/docs/reference/javascript/types/session-status>.
    ///
    /// ```
    /// use portal_sdk::fleet::SessionEndReason;
    ///
    /// assert_eq!(SessionEndReason::from_status("removed"), Some(SessionEndReason::SignedOut));
    /// assert_eq!(SessionEndReason::from_status("active"), None);
    /// ```
    #[must_use]
    pub fn from_status(status: &str) -> Option<Self> {
        match status {
            "active" | "pending" => None,
            "ended" | "removed" | "replaced" => Some(Self::SignedOut),
            "revoked" => Some(Self::Revoked),
            "expired" | "abandoned" => Some(Self::Expired),
            _ => Some(Self::Ended),
        }
    }

    /// Returns the reason as a word, such as `signed-out`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SignedOut => "signed-out",
            Self::Revoked => "revoked",
            Self::Expired => "expired",
            Self::NotFound => "not-found",
            Self::Ended => "ended",
        }
    }

    /// Reads the word of [`as_str`](Self::as_str). A word of a later version is [`Self::Ended`].
    fn from_word(word: &str) -> Self {
        let known = Self::ALL.into_iter().find(|reason| reason.as_str() == word);
        known.unwrap_or_default()
    }
}

/// The form of an event between processes. Further fields are ignored.
#[derive(Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
enum Wire {
    SessionEnded {
        id: SessionId,
        #[serde(default)]
        reason: String,
        until_ms: i64,
    },
    UserDeleted {
        id: UserId,
        until_ms: i64,
    },
    KeyRemoved {
        key_id: Box<str>,
    },
}

impl FleetEvent {
    /// Returns the event as one line of JSON, for a transport between processes.
    #[must_use]
    pub fn to_json(&self) -> String {
        let wire = match self.clone() {
            Self::SessionEnded { id, reason, until } => Wire::SessionEnded {
                id,
                reason: reason.as_str().to_owned(),
                until_ms: until.as_millis(),
            },
            Self::UserDeleted { id, until } => Wire::UserDeleted {
                id,
                until_ms: until.as_millis(),
            },
            Self::KeyRemoved { key_id } => Wire::KeyRemoved { key_id },
        };
        serde_json::to_string(&wire).expect("strings and integers are valid JSON")
    }

    /// Reads an event from the JSON of [`to_json`](Self::to_json).
    ///
    /// Returns `None` for an event of a later version, for malformed JSON, and for an ID that is empty or longer than 256
    /// bytes. An unknown field is ignored, and an unknown reason becomes [`SessionEndReason::Ended`], so that replicas of
    /// different versions understand each other.
    #[must_use]
    pub fn from_json(json: &str) -> Option<Self> {
        let event = match serde_json::from_str(json).ok()? {
            Wire::SessionEnded { id, reason, until_ms } => Self::SessionEnded {
                id,
                reason: SessionEndReason::from_word(&reason),
                until: UnixTime::from_millis(until_ms),
            },
            Wire::UserDeleted { id, until_ms } => Self::UserDeleted {
                id,
                until: UnixTime::from_millis(until_ms),
            },
            Wire::KeyRemoved { key_id } => Self::KeyRemoved { key_id },
        };
        event.has_possible_id().then_some(event)
    }

    /// Returns `true` if the ID is neither empty nor too long, so that [`from_json`](Self::from_json) accepts the event.
    pub(super) fn has_possible_id(&self) -> bool {
        (1..=MAX_ID_BYTES).contains(&self.subject().1.len())
    }

    /// Returns the time until which a store keeps the event.
    ///
    /// Returns `None` for a [`KeyRemoved`](Self::KeyRemoved), which is only sent. A replica that missed it fetches the keys
    /// by its own rule.
    #[must_use]
    pub fn until(&self) -> Option<UnixTime> {
        match self {
            Self::SessionEnded { until, .. } | Self::UserDeleted { until, .. } => Some(*until),
            Self::KeyRemoved { .. } => None,
        }
    }

    /// Returns the key under which a store keeps the event, such as `session:sess_1`.
    ///
    /// Events about the same session, user or signing key have the same key.
    #[must_use]
    pub fn store_key(&self) -> String {
        let (kind, id) = self.subject();
        format!("{kind}:{id}")
    }

    fn subject(&self) -> (&'static str, &str) {
        match self {
            Self::SessionEnded { id, .. } => ("session", id.as_str()),
            Self::UserDeleted { id, .. } => ("user", id.as_str()),
            Self::KeyRemoved { key_id } => ("key", key_id),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn events() -> Vec<FleetEvent> {
        let until = UnixTime::from_millis(1_800_000_070_123);
        let ended = |reason| FleetEvent::SessionEnded {
            id: "sess_1".into(),
            reason,
            until,
        };
        let mut events: Vec<_> = SessionEndReason::ALL.into_iter().map(ended).collect();
        events.push(FleetEvent::UserDeleted {
            id: "user_1".into(),
            until,
        });
        events.push(FleetEvent::KeyRemoved { key_id: "ins_1".into() });
        events
    }

    #[test]
    fn event_round_trips_through_its_json() {
        for event in events() {
            let json = event.to_json();
            assert!(!json.contains('\n'), "{json}");
            assert_eq!(FleetEvent::from_json(&json).as_ref(), Some(&event), "{json}");
        }
    }

    #[test]
    fn event_of_a_later_version_is_read_or_ignored() {
        let read = |json: &str| FleetEvent::from_json(json);
        let ended = read(r#"{"event":"session_ended","id":"sess_1","reason":"moved","until_ms":5,"by":{"x":1}}"#);
        let without_reason = read(r#"{"event":"session_ended","id":"sess_1","until_ms":5}"#);
        let expected = FleetEvent::SessionEnded {
            id: "sess_1".into(),
            reason: SessionEndReason::Ended,
            until: UnixTime::from_millis(5),
        };
        assert_eq!((ended, without_reason), (Some(expected.clone()), Some(expected)));
        for json in [
            r#"{"event":"organization_deleted","id":"org_1"}"#,
            r#"{"event":"session_ended","id":"sess_1"}"#,
            r#"{"event":"session_ended","id":"","until_ms":5}"#,
            r#"{"event":"user_deleted","id":1,"until_ms":5}"#,
            r#"{"event":"user_deleted","id":"user_1","until_ms":1e300}"#,
            r#"{"id":"user_1"}"#,
            "[]",
            "",
            "\0",
        ] {
            assert_eq!(read(json), None, "{json}");
        }
        let long = "x".repeat(MAX_ID_BYTES + 1);
        assert_eq!(read(&format!(r#"{{"event":"key_removed","key_id":"{long}"}}"#)), None);
    }

    #[test]
    fn stored_event_has_a_key_and_an_end() {
        let stored: Vec<_> = events()
            .iter()
            .skip(4)
            .map(|event| (event.store_key(), event.until().is_some()))
            .collect();
        let expected = [("session:sess_1", true), ("user:user_1", true), ("key:ins_1", false)];
        assert_eq!(stored, expected.map(|(key, is_stored)| (key.to_owned(), is_stored)));
    }

    #[test]
    fn status_other_than_active_and_pending_is_an_end() {
        use SessionEndReason::{Ended, Expired, Revoked, SignedOut};
        for (status, reason) in [
            ("active", None),
            ("pending", None),
            ("ended", Some(SignedOut)),
            ("removed", Some(SignedOut)),
            ("replaced", Some(SignedOut)),
            ("revoked", Some(Revoked)),
            ("expired", Some(Expired)),
            ("abandoned", Some(Expired)),
            ("moved", Some(Ended)),
            ("", Some(Ended)),
        ] {
            assert_eq!(SessionEndReason::from_status(status), reason, "{status}");
        }
    }
}
