//! [`LeaseEnd`]: why a connection must be closed, and how to tell the client.

use std::fmt;

use crate::fleet::SessionEndReason;

/// The reason why a lease ended.
///
/// ```
/// use portal_sdk::fleet::SessionEndReason;
/// use portal_sdk::lease::LeaseEnd;
///
/// let end = LeaseEnd::SessionEnded(SessionEndReason::SignedOut);
/// assert_eq!((end.close_code(), end.as_str()), (1008, "signed-out"));
/// assert_eq!(end.to_sse(), "event: session-ended\ndata: signed-out\n\n");
/// assert_eq!(LeaseEnd::Unconfirmed.close_code(), 1013);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LeaseEnd {
    /// The session has ended.
    SessionEnded(SessionEndReason),
    /// The session's user was deleted.
    UserDeleted,
    /// The session may be alive, but this process could not confirm it in time.
    ///
    /// Look-ups failed until the last proof was older than the [age](super::LeasePolicy::with_max_age), the token names no
    /// session and has expired, or the tokio runtime is missing or was shut down. The client may reconnect: the new request
    /// is authenticated again.
    Unconfirmed,
}

impl LeaseEnd {
    /// The name of the server-sent event that tells the client.
    pub const EVENT_NAME: &'static str = "session-ended";

    /// Returns the code of the WebSocket close frame; [`as_str`](Self::as_str) is its reason.
    ///
    /// 1008 (policy violation, RFC 6455 section 7.4.1) if the session has ended: the client must not reconnect before
    /// sign-in. 1013 (try again later, registered with IANA: <https://www.iana.org/assignments/websocket>) if it could not
    /// be confirmed. This library does not use the codes from 4000, which are the application's.
    #[must_use]
    pub fn close_code(self) -> u16 {
        match self {
            Self::SessionEnded(_) | Self::UserDeleted => 1008,
            Self::Unconfirmed => 1013,
        }
    }

    /// Returns the reason as a word for clients, such as `signed-out`.
    ///
    /// The other words are `revoked`, `expired`, `not-found`, `ended`, `user-deleted` and `unconfirmed`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SessionEnded(reason) => reason.as_str(),
            Self::UserDeleted => "user-deleted",
            Self::Unconfirmed => "unconfirmed",
        }
    }

    /// Returns a server-sent event named [`EVENT_NAME`](Self::EVENT_NAME). Its data is [`as_str`](Self::as_str).
    ///
    /// Send it as the last event of the stream:
    /// <https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream>.
    #[must_use]
    pub fn to_sse(self) -> String {
        format!("event: {}\ndata: {self}\n\n", Self::EVENT_NAME)
    }
}

impl fmt::Display for LeaseEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn end_has_a_word_a_close_code_and_an_event() {
        for (end, word, code) in [
            (LeaseEnd::SessionEnded(SessionEndReason::SignedOut), "signed-out", 1008),
            (LeaseEnd::SessionEnded(SessionEndReason::Revoked), "revoked", 1008),
            (LeaseEnd::UserDeleted, "user-deleted", 1008),
            (LeaseEnd::Unconfirmed, "unconfirmed", 1013),
        ] {
            assert_eq!((end.as_str(), end.close_code()), (word, code));
            assert_eq!(format!("{end:>13}"), format!("{word:>13}"));
            assert_eq!(end.to_sse(), format!("event: session-ended\ndata: {word}\n\n"));
        }
    }
}
