//! JSON answers and Clerk's error bodies.

use std::borrow::Cow;

use axum::body::Body;
use axum::extract::rejection::BytesRejection;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue, RETRY_AFTER, X_CONTENT_TYPE_OPTIONS};
use axum::http::{Response, StatusCode};
use axum::response::IntoResponse;
use serde::Serialize;
use serde_json::json;

use crate::flow::{FlowError, FlowFailure};
use crate::secrets::random_hex;
use crate::slow_work::BUSY_SECS;
use crate::status;
use crate::store::{Failure, StoreError};

/// Exactly this: official SDKs take a body whose type has a parameter for text.
const APPLICATION_JSON: HeaderValue = HeaderValue::from_static("application/json");

/// A JSON answer.
pub(crate) fn json(status: StatusCode, value: &impl Serialize) -> Response<Body> {
    let Ok(body) = serde_json::to_vec(value) else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, APPLICATION_JSON);
    response
        .headers_mut()
        .insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
        .headers_mut()
        .insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// An error in Clerk's shape.
#[derive(Debug)]
pub(crate) struct ApiError {
    status: StatusCode,
    code: &'static str,
    message: String,
    long_message: String,
    param_name: Option<Cow<'static, str>>,
    retry_after_secs: Option<i64>,
}

impl ApiError {
    /// `message` names the problem; [`explain`](Self::explain) adds the sentence that official components show.
    pub(crate) fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        let message = message.into();
        Self {
            status,
            code,
            long_message: message.clone(),
            message,
            param_name: None,
            retry_after_secs: None,
        }
    }

    pub(crate) fn explain(mut self, sentence: impl Into<String>) -> Self {
        self.long_message = sentence.into();
        self
    }

    pub(crate) fn param(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.param_name = Some(name.into());
        self
    }

    pub(crate) fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "resource_not_found", "Resource not found")
            .explain("The path or the resource doesn't exist.")
    }

    pub(crate) fn method_not_allowed() -> Self {
        Self::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "method_not_allowed",
            "Method not allowed",
        )
        .explain("This path doesn't support this method.")
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response<Body> {
        let meta = self
            .param_name
            .map_or_else(|| json!({}), |name| json!({ "param_name": name }));
        let body = json!({
            "errors": [{
                "message": self.message,
                "long_message": self.long_message,
                "code": self.code,
                "meta": meta,
            }],
            "clerk_trace_id": random_hex::<16>(),
        });
        let mut response = json(self.status, &body);
        if let Some(secs) = self.retry_after_secs {
            response.headers_mut().insert(RETRY_AFTER, secs.into());
        }
        response
    }
}

// No call of the Backend API takes a step whose refusal is recorded: each refusal rolls its call back.
impl Failure for ApiError {}

impl From<FlowFailure> for ApiError {
    fn from(failure: FlowFailure) -> Self {
        match failure.refusal() {
            Ok(error) => error.into(),
            Err(error) => error.into(),
        }
    }
}

impl From<FlowError> for ApiError {
    fn from(error: FlowError) -> Self {
        Self {
            param_name: error.field().map(|field| field.parameter().into()),
            retry_after_secs: error.retry_after_secs(),
            ..Self::new(status::of(&error), error.code(), error.to_string())
        }
    }
}

impl From<BytesRejection> for ApiError {
    fn from(rejection: BytesRejection) -> Self {
        Self::new(rejection.status(), "request_body_invalid", "Request body invalid")
            .explain(format!("The request body can't be read: {}.", rejection.body_text()))
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        if error.is_busy() {
            return Self {
                retry_after_secs: Some(BUSY_SECS),
                ..Self::new(
                    StatusCode::SERVICE_UNAVAILABLE,
                    "service_unavailable",
                    "Service unavailable",
                )
                .explain("Too many passwords are being hashed right now. Try again in a second.")
            };
        }
        if error.is_conflict() {
            return Self::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "resource_conflict",
                "Something changed",
            )
            .explain("A concurrent request changed the same resource. Fetch it again, then retry.");
        }
        let trace = random_hex::<4>();
        tracing::error!(error = &error as &dyn std::error::Error, trace, "the store failed");
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal_error", "Internal error")
            .explain(format!("The local portal failed. Search its log for {trace}."))
    }
}
