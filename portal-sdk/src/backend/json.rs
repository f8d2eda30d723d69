//! JSON readers that the objects of Clerk's APIs share.

use http::StatusCode;
use serde::de::{Deserialize, DeserializeOwned, Deserializer};
use serde_json::Value;
use serde_json::error::Category;

use crate::clock::UnixTime;
use crate::effect::BackendError;

/// Converts the parsed body of a success.
pub(super) fn from_value<T: DeserializeOwned>(value: Value) -> Result<T, BackendError> {
    serde_json::from_value(value).map_err(|error| BackendError::unreadable(StatusCode::OK, problem_of(&error)))
}

/// Describes where a body differs from the expected JSON.
///
/// Does not quote values as serde does, because a value may be a token.
pub(super) fn problem_of(error: &serde_json::Error) -> String {
    let found = match error.classify() {
        Category::Data => "another JSON value than expected",
        Category::Eof => "the end of the text",
        Category::Io | Category::Syntax => "text that is not JSON",
    };
    match error.line() {
        // A parsed value has no lines.
        0 => format!("found {found}"),
        line => format!("found {found} at line {line}, column {}", error.column()),
    }
}

/// Reads a field. A malformed value counts as absent, so that it does not hide the whole object.
pub(crate) fn lenient<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: DeserializeOwned + Default,
{
    let value = Value::deserialize(deserializer)?;
    Ok(serde_json::from_value(value).unwrap_or_default())
}

/// Reads milliseconds since 1970. A malformed value counts as absent.
pub(crate) fn time(value: Option<&Value>) -> Option<UnixTime> {
    value?.as_i64().map(UnixTime::from_millis)
}
