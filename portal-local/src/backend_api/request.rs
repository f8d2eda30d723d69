//! Request bodies and responses of the calls.

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::StatusCode;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::call::unreadable;
use super::query::invalid;
use crate::excerpt::excerpt;
use crate::json::ApiError;
use crate::json_body::parse_body;

/// The body of a response, or the reason why a call is refused.
pub(super) type Answer = Result<Value, ApiError>;

/// A JSON body of any declared type. An empty body and `null` are an empty object, and a `null` field is a missing one,
/// because generated clients write them for omitted values.
pub(super) struct JsonBody<T>(pub(super) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for JsonBody<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let bytes = Bytes::from_request(request, state).await?;
        parse_body(&bytes)
            .and_then(|mut value| {
                drop_nulls(&mut value);
                serde_json::from_value(value)
            })
            .map(Self)
            .map_err(|error| unreadable(&excerpt(&error.to_string())))
    }
}

/// Drops fields that are `null`, of an object or of each object in a list. Deeper ones belong to the caller's data.
fn drop_nulls(value: &mut Value) {
    match value {
        Value::Object(fields) => fields.retain(|_, value| !value.is_null()),
        Value::Array(items) => {
            for fields in items.iter_mut().filter_map(Value::as_object_mut) {
                fields.retain(|_, value| !value.is_null());
            }
        }
        _ => {}
    }
}

pub(super) fn deleted(object: &str, id: &str) -> Value {
    json!({ "object": object, "id": id, "deleted": true })
}

/// A parameter that the call cannot do without.
pub(super) fn missing(name: &'static str) -> ApiError {
    ApiError::new(
        StatusCode::UNPROCESSABLE_ENTITY,
        "form_param_missing",
        format!("{name} is missing"),
    )
    .explain(format!("{name} must be included."))
    .param(name)
}

/// Refuses a list that is empty or longer than Clerk takes.
pub(super) fn check_length(name: &'static str, found: usize, most: usize) -> Result<(), ApiError> {
    if (1..=most).contains(&found) {
        return Ok(());
    }
    Err(invalid(
        name,
        format!("Found {found} items; expected between 1 and {most}."),
    ))
}
