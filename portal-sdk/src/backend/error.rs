//! [`BackendError`]: what went wrong between this process and Clerk.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;

use crate::state::RefreshFailure;

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
}

impl BackendError {
    /// Whether Clerk itself did not answer (no connection, too slow, overloaded, broken), so that nothing can be
    /// concluded. An answer that refuses is an answer.
    #[must_use]
    pub fn is_outage(&self) -> bool {
        match self {
            Self::Transport(_) | Self::Timeout(_) | Self::Unreadable { .. } => true,
            Self::Answer { status, .. } => {
                status.is_server_error()
                    || *status == StatusCode::TOO_MANY_REQUESTS
                    || *status == StatusCode::REQUEST_TIMEOUT
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

    /// How Clerk's SDK names this failure of a refresh.
    pub(crate) fn refresh_failure(&self) -> RefreshFailure {
        match self {
            Self::Transport(_) | Self::Timeout(_) => RefreshFailure::FetchError,
            Self::Answer { code: Some(code), .. } if &**code == "unexpected_error" => RefreshFailure::FetchError,
            Self::Answer { code: Some(code), .. } => RefreshFailure::Refused(code.clone()),
            Self::Answer { code: None, .. } => RefreshFailure::UnexpectedAnswer,
            Self::Unreadable { .. } => RefreshFailure::NoCookies,
        }
    }
}
