//! [`BackendError`]: a failed call to Clerk.

use std::error::Error;
use std::fmt::{self, Write as _};
use std::io;
use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;

/// Clerk's error code for an unknown secret key.
pub(crate) const SECRET_KEY_REFUSED: &str = "clerk_key_invalid";

/// A failed call to Clerk.
///
/// The causes are private; use the methods. A custom backend creates its errors with the constructors.
///
/// ```
/// use std::time::Duration;
///
/// use http::StatusCode;
/// use portal_sdk::effect::BackendError;
///
/// let error = BackendError::answer(StatusCode::TOO_MANY_REQUESTS)
///     .with_code("too_many_requests")
///     .with_retry_after(Duration::from_secs(7));
/// assert!(error.is_outage());
/// assert_eq!(error.status(), Some(StatusCode::TOO_MANY_REQUESTS));
/// assert_eq!(error.code(), Some("too_many_requests"));
/// assert_eq!(error.retry_after(), Some(Duration::from_secs(7)));
///
/// assert!(BackendError::timeout(Duration::from_secs(5)).is_timeout());
/// // A refusal carries one of Clerk's error codes; an answer without one comes from something in between.
/// let not_found = BackendError::answer(StatusCode::NOT_FOUND);
/// assert!(not_found.is_outage());
/// assert!(!not_found.with_code("resource_not_found").is_outage());
/// ```
#[derive(Clone, Debug)]
pub struct BackendError {
    kind: Kind,
    source: Option<Arc<dyn Error + Send + Sync>>,
}

#[derive(Clone, Debug)]
enum Kind {
    Connect,
    Transport,
    Timeout(Duration),
    Answer {
        status: StatusCode,
        code: Option<Box<str>>,
        retry_after: Option<Duration>,
    },
    Unreadable {
        status: StatusCode,
        problem: String,
    },
    Busy,
    InvalidRequest(String),
}

/// The source of an error whose call ended with its runtime.
#[derive(Debug, thiserror::Error)]
#[error("the call was given up")]
struct GivenUp;

impl BackendError {
    /// Creates the error of a failed connection: DNS, TCP, TLS or the proxy.
    #[must_use]
    pub fn connect(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::with_source(Kind::Connect, source)
    }

    /// Creates the error of a broken connection or a malformed HTTP response.
    #[must_use]
    pub fn transport(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::with_source(Kind::Transport, source)
    }

    /// Creates the error of a call without a response within `limit`.
    #[must_use]
    pub fn timeout(limit: Duration) -> Self {
        Self::new(Kind::Timeout(limit))
    }

    /// Creates the error of a response with an error status; see [`with_code`](Self::with_code) and
    /// [`with_retry_after`](Self::with_retry_after).
    #[must_use]
    pub fn answer(status: StatusCode) -> Self {
        Self::new(Kind::Answer {
            status,
            code: None,
            retry_after: None,
        })
    }

    /// Creates the error of a response whose body is unreadable.
    ///
    /// The body is too large or not the expected JSON.
    ///
    /// `problem` continues the sentence "its body cannot be read:". It must not quote the body, which may hold tokens.
    #[must_use]
    pub fn unreadable(status: StatusCode, problem: impl Into<String>) -> Self {
        Self::new(Kind::Unreadable {
            status,
            problem: problem.into(),
        })
    }

    /// Creates the error of a call beyond the limit of concurrent calls.
    #[must_use]
    pub fn busy() -> Self {
        Self::new(Kind::Busy)
    }

    /// Creates the error of a call with an invalid path or body.
    ///
    /// Such a call is not sent; it is a bug of the caller.
    #[must_use]
    pub fn invalid_request(problem: impl Into<String>) -> Self {
        Self::new(Kind::InvalidRequest(problem.into()))
    }

    /// Creates the error of a call that ended with its runtime.
    pub(crate) fn given_up() -> Self {
        Self::transport(GivenUp)
    }

    /// Sets the error code of an [`answer`](Self::answer), as Clerk spells it. A no-op for other errors.
    #[must_use]
    pub fn with_code(mut self, new: impl Into<String>) -> Self {
        if let Kind::Answer { code, .. } = &mut self.kind {
            *code = Some(new.into().into());
        }
        self
    }

    /// Sets the `Retry-After` of an [`answer`](Self::answer). A no-op for other errors.
    #[must_use]
    pub fn with_retry_after(mut self, new: Duration) -> Self {
        if let Kind::Answer { retry_after, .. } = &mut self.kind {
            *retry_after = Some(new);
        }
        self
    }

    fn new(kind: Kind) -> Self {
        Self { kind, source: None }
    }

    fn with_source(kind: Kind, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self {
            kind,
            source: Some(source.into().into()),
        }
    }

    /// Returns `true` if Clerk is unreachable and the call's result unknown.
    ///
    /// Causes are a failed connection, a time-out, an unreadable body, too many calls in progress, or an error response
    /// that is not Clerk's refusal. A refusal has a 4xx status other than 407, 408, 425 and 429, and an error
    /// [`code`](Self::code), which redirects and the pages of proxies, firewalls and captive portals lack. This
    /// definition applies to keys, handshakes, renewals, sign-out and users.
    #[must_use]
    pub fn is_outage(&self) -> bool {
        match &self.kind {
            Kind::Connect | Kind::Transport | Kind::Timeout(_) | Kind::Unreadable { .. } | Kind::Busy => true,
            Kind::Answer { status, code, .. } => code.is_none() || !could_be_refusal(*status),
            Kind::InvalidRequest(_) => false,
        }
    }

    /// Returns `true` if the call timed out, also while connecting.
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        let timed_out = |error: &(dyn Error + 'static)| {
            error
                .downcast_ref::<io::Error>()
                .is_some_and(|error| error.kind() == io::ErrorKind::TimedOut)
        };
        matches!(self.kind, Kind::Timeout(_)) || self.sources().any(timed_out)
    }

    /// Returns `true` if the connection failed. The request was then not sent.
    #[must_use]
    pub fn is_connect(&self) -> bool {
        matches!(self.kind, Kind::Connect)
    }

    /// Returns `true` if the response's body is unreadable.
    #[must_use]
    pub fn is_unreadable(&self) -> bool {
        matches!(self.kind, Kind::Unreadable { .. })
    }

    /// Returns `true` if the limit of concurrent calls prevented the call.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        matches!(self.kind, Kind::Busy)
    }

    /// Returns the HTTP status of the response, or `None` without a response.
    #[must_use]
    pub fn status(&self) -> Option<StatusCode> {
        match &self.kind {
            Kind::Answer { status, .. } | Kind::Unreadable { status, .. } => Some(*status),
            _ => None,
        }
    }

    /// Returns the first error's code, as Clerk spells it.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        match &self.kind {
            Kind::Answer { code, .. } => code.as_deref(),
            _ => None,
        }
    }

    /// Returns the time to wait before a retry.
    ///
    /// It is the response's `Retry-After`, if given in seconds (RFC 9110 section 10.2.3).
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        match &self.kind {
            Kind::Answer { retry_after, .. } => *retry_after,
            _ => None,
        }
    }

    /// Returns the error and its sources as one string, for a log line.
    pub(crate) fn with_sources(&self) -> String {
        self.sources().fold(self.to_string(), |mut text, error| {
            let _ = write!(text, ": {error}");
            text
        })
    }

    fn sources(&self) -> impl Iterator<Item = &(dyn Error + 'static)> {
        std::iter::successors(self.source(), |error: &&'_ (dyn Error + 'static)| (*error).source())
    }
}

/// Returns `true` for a 4xx status by which a server rejects the request itself.
///
/// The excepted statuses say that the server did not process it: 407 (RFC 9110 section 15.5.8), 408 (section 15.5.9),
/// 425 (RFC 8470 section 5.2) and 429 (RFC 6585 section 4).
fn could_be_refusal(status: StatusCode) -> bool {
    let is_about_transport = matches!(
        status,
        StatusCode::PROXY_AUTHENTICATION_REQUIRED
            | StatusCode::REQUEST_TIMEOUT
            | StatusCode::TOO_EARLY
            | StatusCode::TOO_MANY_REQUESTS
    );
    status.is_client_error() && !is_about_transport
}

impl fmt::Display for BackendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            Kind::Connect => f.write_str("no connection to the Backend API could be made"),
            Kind::Transport => f.write_str("the connection to the Backend API failed"),
            Kind::Timeout(limit) => write!(f, "the Backend API did not answer within {} ms", limit.as_millis()),
            Kind::Answer {
                status,
                code: Some(code),
                ..
            } => write!(f, "the Backend API answered {status} ({code})"),
            Kind::Answer { status, .. } => write!(f, "the Backend API answered {status}"),
            Kind::Unreadable { status, problem } => {
                write!(
                    f,
                    "the Backend API answered {status}, and its body cannot be read: {problem}"
                )
            }
            Kind::Busy => f.write_str("too many calls of this kind to the Backend API are in progress"),
            Kind::InvalidRequest(problem) => write!(f, "the Backend API was not called: {problem}"),
        }
    }
}

impl Error for BackendError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn backend_error_prints_its_source_once() {
        let refused = io::Error::new(io::ErrorKind::ConnectionRefused, "refused");
        let error = BackendError::connect(refused);
        assert_eq!(error.to_string(), "no connection to the Backend API could be made");
        assert_eq!(
            error.with_sources(),
            "no connection to the Backend API could be made: refused"
        );
        assert!(error.source().is_some_and(<dyn Error>::is::<io::Error>));
    }

    #[test]
    fn connect_error_that_timed_out_is_a_timeout() {
        let timed_out = || io::Error::from(io::ErrorKind::TimedOut);
        for (error, is_connect, is_timeout) in [
            (BackendError::connect(timed_out()), true, true),
            (BackendError::transport(timed_out()), false, true),
            (BackendError::transport("broken pipe"), false, false),
            (BackendError::timeout(Duration::ZERO), false, true),
            (BackendError::given_up(), false, false),
        ] {
            assert_eq!(error.is_connect(), is_connect, "{error:?}");
            assert_eq!(error.is_timeout(), is_timeout, "{error:?}");
            assert!(error.is_outage(), "{error:?}");
        }
    }

    #[test]
    fn only_client_error_with_a_code_is_a_refusal() {
        for status in 100..600 {
            let error = BackendError::answer(StatusCode::from_u16(status).unwrap());
            assert!(error.is_outage(), "{status}");
            let is_refusal = matches!(status, 400..=499) && !matches!(status, 407 | 408 | 425 | 429);
            assert_eq!(error.with_code("x").is_outage(), !is_refusal, "{status}");
        }
    }

    #[test]
    fn code_and_retry_after_belong_to_answers_only() {
        let error = BackendError::busy().with_code("x").with_retry_after(Duration::ZERO);
        assert_eq!((error.code(), error.retry_after(), error.status()), (None, None, None));
        assert!(error.is_busy() && error.is_outage());
        assert!(!BackendError::invalid_request("empty path").is_outage());
    }
}
