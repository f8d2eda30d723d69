//! [`BackendError`]: what went wrong between this process and Clerk.

use std::error::Error;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;

/// Why the Backend API gave no usable answer.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BackendError {
    /// No connection, or it broke.
    #[error("the Backend API cannot be reached")]
    Transport(#[source] Arc<dyn Error + Send + Sync>),
    /// No answer in time.
    #[error("the Backend API did not answer within {} ms", .0.as_millis())]
    Timeout(Duration),
    /// An error answer.
    #[error("the Backend API answered {status}{}", code.as_ref().map(|code| format!(" ({code})")).unwrap_or_default())]
    Answer {
        /// The HTTP status.
        status: StatusCode,
        /// The first error's code, if the body is one of Clerk's.
        code: Option<Box<str>>,
        /// How long to wait, if it said so.
        retry_after: Option<Duration>,
    },
    /// A success whose body is too large or not what was asked for.
    #[error("the Backend API answered {status} with a body that cannot be read: {problem}")]
    Unreadable {
        /// The HTTP status.
        status: StatusCode,
        /// What is wrong with it.
        problem: Box<str>,
    },
    /// The call was not made, because too many of its kind are under way.
    #[error("too many calls of this kind to the Backend API are under way")]
    Busy,
}

/// A call ended with the runtime it ran on.
#[derive(Debug, thiserror::Error)]
#[error("the call was given up")]
struct GivenUp;

impl BackendError {
    /// Returns `true` if Clerk is out of reach, so that nothing can be concluded: no connection, no answer in time, a
    /// server error, too many requests, or an answer that cannot be read. This is the one definition for keys, handshakes,
    /// renewals, sign-out and users.
    ///
    /// Any other error is an answer: it refuses.
    #[must_use]
    pub fn is_outage(&self) -> bool {
        match self {
            Self::Transport(_) | Self::Timeout(_) | Self::Unreadable { .. } | Self::Busy => true,
            Self::Answer { status, .. } => {
                status.is_server_error()
                    || matches!(*status, StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT)
            }
        }
    }

    /// The first error's code, as Clerk spells it.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        match self {
            Self::Answer { code, .. } => code.as_deref(),
            _ => None,
        }
    }

    pub(crate) fn given_up() -> Self {
        Self::Transport(Arc::new(GivenUp))
    }

    /// The error with its sources, for a log line.
    pub(crate) fn with_sources(&self) -> String {
        let mut text = self.to_string();
        let mut source = self.source();
        while let Some(error) = source {
            let _ = write!(text, ": {error}");
            source = error.source();
        }
        text
    }
}
