//! [`WebhookRefusal`], and the responses of the service.

use bytes::Bytes;
use http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderValue, Response, StatusCode};
use portal_sdk::webhook::WebhookError;
use serde_json::json;

/// The refusal of a request that is not a genuine delivery.
///
/// The table in the [module](super) has the responses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WebhookRefusal {
    /// The delivery is not genuine.
    #[error(transparent)]
    Unverified(#[from] WebhookError),
    /// The method is not `POST`.
    #[error("expected the method POST")]
    Method,
    /// The body exceeds the size limit.
    #[error("the body exceeds the size limit; raise it with with_max_body_bytes")]
    TooLarge,
    /// The body did not arrive in time.
    #[error("the body did not arrive in time")]
    TooSlow,
    /// The client ended its request before the body was complete.
    #[error("the body ended early")]
    Incomplete,
}

impl WebhookRefusal {
    /// Returns the status of the response.
    #[must_use]
    pub fn status(self) -> StatusCode {
        match self {
            Self::Unverified(_) | Self::Incomplete => StatusCode::BAD_REQUEST,
            Self::Method => StatusCode::METHOD_NOT_ALLOWED,
            Self::TooSlow => StatusCode::REQUEST_TIMEOUT,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        }
    }

    pub(super) fn code(self) -> &'static str {
        match self {
            Self::Unverified(error) => error.as_str(),
            Self::Method => "webhook-method-not-allowed",
            Self::TooLarge => "webhook-body-too-large",
            Self::TooSlow => "webhook-body-too-slow",
            Self::Incomplete => "webhook-body-incomplete",
        }
    }

    pub(crate) fn into_response(self) -> Response<Bytes> {
        let mut response = failure(self.status(), self.code(), &self.to_string());
        if self == Self::Method {
            response.headers_mut().insert(ALLOW, HeaderValue::from_static("POST"));
        }
        response
    }
}

/// Responds that the delivery was handled.
pub(super) fn handled() -> Response<Bytes> {
    respond(StatusCode::OK, r#"{"received":true}"#.into())
}

/// Responds that the handler failed. Its error is for the log only.
pub(super) fn handler_failed() -> Response<Bytes> {
    let message = "the delivery could not be handled";
    failure(StatusCode::INTERNAL_SERVER_ERROR, "webhook-handler-failed", message)
}

/// Responds that another delivery with the same ID is being handled. That one may still fail, so Clerk must retry this one.
pub(super) fn in_progress() -> Response<Bytes> {
    let message = "a delivery with this ID is being handled; send it again";
    let mut response = failure(StatusCode::SERVICE_UNAVAILABLE, "webhook-in-progress", message);
    response
        .headers_mut()
        .insert(RETRY_AFTER, HeaderValue::from_static("5"));
    response
}

fn failure(status: StatusCode, code: &str, message: &str) -> Response<Bytes> {
    let body = json!({ "errors": [{ "code": code, "message": message }] });
    respond(status, body.to_string().into())
}

fn respond(status: StatusCode, body: Bytes) -> Response<Bytes> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
