//! [`ProxyError`]: the errors that the proxy responds with.

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderValue, Response, StatusCode};
use http_body_util::LengthLimitError;
use portal_sdk::clock::{Clock as _, SystemClock};
use portal_sdk::throttle::Throttle;
use serde_json::json;
use tower_http::timeout::TimeoutError;

use super::body::TooLong;
use super::request_body::ClientBodyError;

/// An error of the proxy; see the table in the [module](super).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProxyError {
    /// The path is not below the proxy's mount path.
    #[error(
        "the path is not below the proxy's mount path; mount the service so that it sees the whole path, such as with \
         route_service(\"/__clerk/{{*path}}\", …) instead of nest_service"
    )]
    Path,
    /// The request body exceeds the size limit.
    #[error("the request body exceeds the size limit")]
    TooLarge,
    /// The client ended its request before the body was complete.
    #[error("the request body ended early")]
    Incomplete,
    /// The client sent no part of the body within the time limit, or not the whole body within ten minutes.
    #[error("the request body did not arrive in time")]
    Stalled,
    /// The method is `TRACE` or `CONNECT`.
    #[error("TRACE and CONNECT are not forwarded")]
    Method,
    /// The proxy is mounted inside [`AuthenticateLayer`](crate::AuthenticateLayer).
    #[error("the Frontend API proxy is mounted inside AuthenticateLayer, where handshakes loop; mount it outside")]
    Misplaced,
    /// Clerk is unreachable, or closed the connection early.
    #[error("the Frontend API is unreachable")]
    Unreachable,
    /// Clerk switched protocols although no upgrade was requested.
    #[error("the Frontend API switched protocols unasked")]
    Upgraded,
    /// Clerk did not respond in time.
    #[error("the Frontend API did not respond in time")]
    TooSlow,
}

/// A failed exchange and its cause.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) meaning: ProxyError,
    cause: Option<hyper_util::client::legacy::Error>,
}

impl Failure {
    /// Logs the failure; at `debug` level if the client is at fault, else once a minute, because each request causes it.
    pub(super) fn log(&self, log_lines: &Throttle) {
        let cause = self
            .cause
            .as_ref()
            .map(|cause| cause as &(dyn std::error::Error + 'static));
        let error = self.meaning;
        let is_misplaced = error == ProxyError::Misplaced;
        if !is_misplaced && !error.is_upstreams() {
            tracing::debug!(%error, cause, "a request for the Frontend API was refused");
            return;
        }
        let Some(held_back) = log_lines.admit(error.code(), SystemClock.now()) else {
            return;
        };
        if is_misplaced {
            tracing::error!(%error, held_back, "a request for the Frontend API was refused");
        } else {
            tracing::warn!(%error, cause, held_back, "a request for the Frontend API failed");
        }
    }
}

impl From<ProxyError> for Failure {
    fn from(meaning: ProxyError) -> Self {
        Self { meaning, cause: None }
    }
}

impl From<hyper_util::client::legacy::Error> for Failure {
    fn from(cause: hyper_util::client::legacy::Error) -> Self {
        Self {
            meaning: ProxyError::of(&cause),
            cause: Some(cause),
        }
    }
}

impl ProxyError {
    /// Classifies a failed exchange. The client is at fault if its own body failed.
    fn of(error: &(dyn std::error::Error + 'static)) -> Self {
        let is_clients = is_caused_by::<ClientBodyError>(error);
        if is_clients && is_caused_by::<LengthLimitError>(error) {
            return Self::TooLarge;
        }
        let is_slow = is_caused_by::<TimeoutError>(error) || is_caused_by::<TooLong>(error);
        match (is_clients, is_slow) {
            (true, true) => Self::Stalled,
            (true, false) => Self::Incomplete,
            (false, true) => Self::TooSlow,
            (false, false) => Self::Unreachable,
        }
    }

    /// Returns `true` if Clerk or the network is at fault.
    fn is_upstreams(self) -> bool {
        matches!(self, Self::Unreachable | Self::Upgraded | Self::TooSlow)
    }

    /// The status of the response.
    #[must_use]
    pub fn status(self) -> StatusCode {
        match self {
            Self::Path | Self::Incomplete => StatusCode::BAD_REQUEST,
            Self::Method => StatusCode::METHOD_NOT_ALLOWED,
            Self::Stalled => StatusCode::REQUEST_TIMEOUT,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Misplaced => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Unreachable | Self::Upgraded => StatusCode::BAD_GATEWAY,
            Self::TooSlow => StatusCode::GATEWAY_TIMEOUT,
        }
    }

    fn code(self) -> &'static str {
        match self {
            Self::Path => "proxy_path_mismatch",
            Self::TooLarge => "proxy_request_too_large",
            Self::Incomplete | Self::Stalled => "proxy_request_incomplete",
            Self::Method => "proxy_method_not_allowed",
            Self::Misplaced => "proxy_configuration_error",
            Self::Unreachable | Self::Upgraded | Self::TooSlow => "proxy_request_failed",
        }
    }

    pub(super) fn into_response(self) -> Response<Bytes> {
        let body = json!({ "errors": [{ "code": self.code(), "message": self.to_string() }] });
        let mut response = Response::new(Bytes::from(body.to_string()));
        *response.status_mut() = self.status();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if self.is_upstreams() {
            headers.insert(RETRY_AFTER, HeaderValue::from_static("5"));
        }
        response
    }
}

/// Returns `true` if `error` or one of its sources is a `T`.
fn is_caused_by<T: std::error::Error + 'static>(error: &(dyn std::error::Error + 'static)) -> bool {
    std::iter::successors(Some(error), |error| error.source()).any(<dyn std::error::Error>::is::<T>)
}
