//! Readers of Clerk's responses: bodies of successes, errors of refusals.

use std::num::IntErrorKind;
use std::time::{Duration, SystemTime};

use http::{HeaderMap, StatusCode, header};
use httpdate::parse_http_date;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::backend::json::problem_of;
use crate::effect::{BackendError, SECRET_KEY_REFUSED};

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
    if let Some(wait) = retry_after(headers) {
        error = error.with_retry_after(wait);
    }
    error
}

/// Reads `Retry-After`: seconds or a date (RFC 9110 section 10.2.3).
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let wait = text(header::RETRY_AFTER)?;
    match wait.parse() {
        Ok(seconds) => return Some(Duration::from_secs(seconds)),
        Err(error) if *error.kind() == IntErrorKind::PosOverflow => return Some(Duration::MAX),
        Err(_) => {}
    }
    let until = parse_http_date(wait).ok()?;
    // The server's own time, because the clocks may differ.
    let sent = text(header::DATE).and_then(|date| parse_http_date(date).ok());
    Some(
        until
            .duration_since(sent.unwrap_or_else(SystemTime::now))
            .unwrap_or_default(),
    )
}

/// The most bytes of an error code. Clerk's are a few words; a code is repeated in log lines and response fields.
const MAX_CODE_BYTES: usize = 100;

/// Returns Clerk's first error code in a body of any content type. Longer codes are not Clerk's.
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
        codes.filter(|code| (1..=MAX_CODE_BYTES).contains(&code.len()))
    };
    let refused = codes().find(|code| *code == SECRET_KEY_REFUSED);
    refused.or(codes().next()).map(Into::into)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_is_read_as_seconds_or_as_a_date() {
        let wait = |retry_after: &str, date: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::RETRY_AFTER, retry_after.parse().unwrap());
            headers.insert(header::DATE, date.parse().unwrap());
            retry_after_secs(&headers)
        };
        let retry_after_at = "Sun, 06 Nov 1994 08:49:37 GMT";
        for (retry_after, date, expected) in [
            ("120", "", Some(120)),
            ("99999999999999999999999", "", Some(u64::MAX)),
            (retry_after_at, "Sun, 06 Nov 1994 08:48:37 GMT", Some(60)),
            (retry_after_at, "Sun, 06 Nov 1994 09:00:00 GMT", Some(0)),
            // By this machine's time, which is after it.
            (retry_after_at, "yesterday", Some(0)),
            ("soon", "", None),
            ("-1", "", None),
        ] {
            assert_eq!(wait(retry_after, date), expected, "{retry_after} {date}");
        }
    }

    #[test]
    fn overlong_error_code_is_not_clerks() {
        let code = |length: usize| {
            let body = format!(r#"{{"errors":[{{"code":"{}"}}]}}"#, "c".repeat(length));
            let error = refusal(StatusCode::NOT_FOUND, &HeaderMap::new(), body.as_bytes());
            (error.code().map(str::len), error.is_outage())
        };
        assert_eq!(code(MAX_CODE_BYTES), (Some(MAX_CODE_BYTES), false));
        assert_eq!(code(MAX_CODE_BYTES + 1), (None, true));
    }

    fn retry_after_secs(headers: &HeaderMap) -> Option<u64> {
        retry_after(headers).map(|wait| wait.as_secs())
    }
}
