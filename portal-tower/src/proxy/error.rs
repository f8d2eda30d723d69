//! [`ProxyError`]: what the proxy itself answers.

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderValue, Response, StatusCode};
use http_body_util::LengthLimitError;
use serde_json::json;

use super::body::IdleTooLong;

/// Why a request was not passed on, or its answer not passed back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProxyError {
    /// The path does not lie below the proxy's.
    #[error(
        "the path does not lie below the proxy's own; mount the service so that it sees the whole path, such as with \
         route_service(\"/__clerk/{{*path}}\", …), not nest_service"
    )]
    Path,
    /// The request's body is larger than allowed.
    #[error("the request's body is larger than this proxy passes on")]
    TooLarge,
    /// The proxy is mounted inside the layer that authenticates.
    #[error("the Frontend API proxy must stand outside AuthenticateLayer, or handshakes go in circles")]
    Misplaced,
    /// Clerk cannot be reached, or broke the connection.
    #[error("the Frontend API cannot be reached")]
    Unreachable,
    /// Clerk did not answer in time.
    #[error("the Frontend API did not answer in time")]
    TooSlow,
}

impl ProxyError {
    /// What a failed exchange means.
    pub(super) fn of(error: &(dyn std::error::Error + 'static)) -> Self {
        let mut cause = Some(error);
        while let Some(error) = cause {
            if error.is::<LengthLimitError>() {
                return Self::TooLarge;
            }
            if error.is::<IdleTooLong>() {
                return Self::TooSlow;
            }
            cause = error.source();
        }
        Self::Unreachable
    }

    /// The status it is answered with.
    #[must_use]
    pub fn status(self) -> StatusCode {
        match self {
            Self::Path => StatusCode::BAD_REQUEST,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Misplaced => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Unreachable => StatusCode::BAD_GATEWAY,
            Self::TooSlow => StatusCode::GATEWAY_TIMEOUT,
        }
    }

    fn code(self) -> &'static str {
        match self {
            Self::Path => "proxy_path_mismatch",
            Self::TooLarge => "proxy_request_too_large",
            Self::Misplaced => "proxy_configuration_error",
            Self::Unreachable | Self::TooSlow => "proxy_request_failed",
        }
    }

    pub(super) fn into_response(self) -> Response<Bytes> {
        let body = json!({ "errors": [{ "code": self.code(), "message": self.to_string() }] });
        let mut response = Response::new(Bytes::from(body.to_string()));
        *response.status_mut() = self.status();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if matches!(self, Self::Unreachable | Self::TooSlow) {
            headers.insert(RETRY_AFTER, HeaderValue::from_static("5"));
        }
        response
    }
}
