//! What the objects of Clerk's APIs have in common.

use http::StatusCode;
use serde::de::{Deserialize, DeserializeOwned, Deserializer};
use serde_json::Value;
use serde_json::error::Category;

use crate::clock::UnixTime;
use crate::effect::BackendError;

/// Converts the body of a success that was read before.
pub(super) fn from_value<T: DeserializeOwned>(value: Value) -> Result<T, BackendError> {
    serde_json::from_value(value).map_err(|error| BackendError::unreadable(StatusCode::OK, problem_of(&error)))
}

/// The place where a body differs from what was expected. serde's own message would quote the value, which may be a
/// token.
pub(super) fn problem_of(error: &serde_json::Error) -> String {
    let found = match error.classify() {
        Category::Data => "another JSON value than expected",
        Category::Eof => "the end of the text",
        Category::Io | Category::Syntax => "text that is not JSON",
    };
    match error.line() {
        // A value that was read before has no lines.
        0 => format!("found {found}"),
        line => format!("found {found} at line {line}, column {}", error.column()),
    }
}

/// Reads a field whose malformed value counts as absent: it must not hide the object around it.
pub(super) fn lenient<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: DeserializeOwned + Default,
{
    let value = Value::deserialize(deserializer)?;
    Ok(serde_json::from_value(value).unwrap_or_default())
}

/// Reads milliseconds since 1970. An unexpected value must not hide the object around it.
pub(super) fn time(value: Option<&Value>) -> Option<UnixTime> {
    value?.as_i64().map(UnixTime::from_millis)
}
