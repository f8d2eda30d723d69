//! Readers of Clerk's responses: bodies of successes, errors of refusals.

use std::time::Duration;

use http::{HeaderMap, StatusCode, header};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::backend::SECRET_KEY_REFUSED;
use crate::backend::json::problem_of;
use crate::effect::BackendError;

/// Reads the JSON body of a success.
pub(super) fn read_json<T: DeserializeOwned>(status: StatusCode, body: &[u8]) -> Result<T, BackendError> {
    serde_json::from_slice(body).map_err(|error| BackendError::unreadable(status, problem_of(&error)))
}

/// Reads the JSON body of a success. An empty body, as of `204 No Content`, is `null`.
pub(super) fn read_json_or_nothing(status: StatusCode, body: &[u8]) -> Result<Value, BackendError> {
    match body {
        [] => Ok(Value::Null),
        body => read_json(status, body),
    }
}

/// Returns the error of an unsuccessful response.
pub(super) fn refusal(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> BackendError {
    let mut error = BackendError::answer(status);
    if let Some(code) = error_code(body) {
        error = error.with_code(code);
    }
    if let Some(seconds) = retry_after(headers) {
        error = error.with_retry_after(Duration::from_secs(seconds));
    }
    error
}

/// Reads `Retry-After` in seconds. A date is ignored (RFC 9110 section 10.2.3).
fn retry_after(headers: &HeaderMap) -> Option<u64> {
    headers.get(header::RETRY_AFTER)?.to_str().ok()?.parse().ok()
}

/// Returns Clerk's first error code in a body of any content type.
///
/// The code of an unknown secret key takes precedence, because it explains the others.
fn error_code(body: &[u8]) -> Option<Box<str>> {
    #[derive(Deserialize)]
    struct Errors {
        errors: Vec<Value>,
    }
    let body: Errors = serde_json::from_slice(body).ok()?;
    let codes = || {
        let codes = body.errors.iter().filter_map(|problem| problem.get("code")?.as_str());
        codes.filter(|code| !code.is_empty())
    };
    let refused = codes().find(|code| *code == SECRET_KEY_REFUSED);
    refused.or(codes().next()).map(Into::into)
}
