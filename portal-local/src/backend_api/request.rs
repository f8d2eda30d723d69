//! Request bodies and responses of the calls.

use axum::body::{Body, Bytes};
use axum::extract::{FromRequest, Request};
use axum::http::{Response, StatusCode};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::query::invalid;
use crate::excerpt::excerpt;
use crate::flow::Flow;
use crate::json::{ApiError, json};
use crate::json_body::parse_body;
use crate::state::App;

/// Runs `work` in one transaction, which is undone if it is refused.
pub(super) async fn run<T, F>(app: &App, work: F) -> Result<T, ApiError>
where
    T: Send + 'static,
    F: FnOnce(&Flow<'_>) -> Result<T, ApiError> + Send + 'static,
{
    app.flows.run(work).await
}

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
            .map_err(|error| {
                let reason = excerpt(&error.to_string());
                ApiError::new(StatusCode::BAD_REQUEST, "request_body_invalid", "Request body invalid")
                    .explain(format!("The body isn't valid for this request: {reason}."))
            })
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

/// A list with the number of everything that there is.
pub(super) fn counted(data: &[impl Serialize], total_count: usize) -> Response<Body> {
    json(StatusCode::OK, &json!({ "data": data, "total_count": total_count }))
}

/// A list that comes with its number only to those who ask for pages.
pub(super) fn listed(data: &[impl Serialize], total_count: usize, is_paginated: bool) -> Response<Body> {
    if is_paginated {
        counted(data, total_count)
    } else {
        json(StatusCode::OK, &data)
    }
}

pub(super) fn deleted(object: &str, id: &str) -> Response<Body> {
    json(StatusCode::OK, &json!({ "object": object, "id": id, "deleted": true }))
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
