//! What the calls have in common: bodies, queries and lists.

use axum::body::{Body, Bytes};
use axum::extract::rejection::BytesRejection;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{Response, StatusCode};
use rusqlite::Transaction;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;
use url::form_urlencoded;

use crate::app::App;
use crate::json::{ApiError, json};

const USUAL_LIMIT: u32 = 10;
const MOST: u32 = 500;

/// Runs `work` in one transaction, which is undone if it is refused.
pub(super) async fn attempt<T, F>(app: &App, work: F) -> Result<T, ApiError>
where
    T: Send + 'static,
    F: FnOnce(&Transaction<'_>) -> Result<T, ApiError> + Send + 'static,
{
    app.store.attempt(work).await
}

/// A JSON body. An empty one is an empty object, and the declared type does not matter: the bytes do.
pub(super) struct JsonBody<T>(pub(super) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for JsonBody<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let bytes = Bytes::from_request(request, state).await.map_err(unreadable)?;
        let text: &[u8] = if bytes.is_empty() { b"{}" } else { &bytes };
        serde_json::from_slice(text).map(Self).map_err(|error| {
            ApiError::new(StatusCode::BAD_REQUEST, "request_body_invalid", "Request body invalid")
                .explain(format!("The body is not the JSON that this call needs: {error}."))
        })
    }
}

#[expect(clippy::needless_pass_by_value, reason = "an argument of `map_err`")]
fn unreadable(error: BytesRejection) -> ApiError {
    ApiError::new(error.status(), "request_body_invalid", "Request body invalid").explain(error.body_text())
}

/// The query of a call. A name may come several times, and with `[]` or not.
pub(super) struct Query(Vec<(String, String)>);

impl<S: Send + Sync> FromRequestParts<S> for Query {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, ApiError> {
        let raw = parts.uri.query().unwrap_or_default();
        Ok(Self(form_urlencoded::parse(raw.as_bytes()).into_owned().collect()))
    }
}

impl Query {
    pub(super) fn value(&self, name: &str) -> Option<&str> {
        let pair = self.0.iter().find(|(key, value)| key == name && !value.is_empty());
        pair.map(|(_, value)| value.as_str())
    }

    pub(super) fn values(&self, name: &str) -> Vec<&str> {
        let pairs = self.0.iter();
        pairs
            .filter(|(key, _)| key.strip_suffix("[]").unwrap_or(key) == name)
            .flat_map(|(_, value)| value.split(','))
            .filter(|value| !value.is_empty())
            .collect()
    }

    pub(super) fn flag(&self, name: &str) -> bool {
        self.value(name) == Some("true")
    }

    /// `limit` and `offset`.
    pub(super) fn page(&self) -> Result<(u32, u32), ApiError> {
        Ok((
            self.number("limit", USUAL_LIMIT, 1, MOST)?,
            self.number("offset", 0, 0, u32::MAX)?,
        ))
    }

    fn number(&self, name: &'static str, usual: u32, least: u32, most: u32) -> Result<u32, ApiError> {
        let Some(text) = self.value(name) else {
            return Ok(usual);
        };
        let number = text.parse().ok().filter(|number| (least..=most).contains(number));
        number.ok_or_else(|| {
            ApiError::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "form_param_value_invalid",
                "Invalid number",
            )
            .explain(format!(
                "Found {name}={text}; expected a number between {least} and {most}."
            ))
            .param(name)
        })
    }
}

/// The part of a list that was asked for.
pub(super) fn cut<T>(items: Vec<T>, (limit, offset): (u32, u32)) -> Vec<T> {
    items.into_iter().skip(offset as usize).take(limit as usize).collect()
}

/// A list with the number of everything that there is.
pub(super) fn counted(data: &[impl Serialize], total_count: usize) -> Response<Body> {
    json(StatusCode::OK, &json!({ "data": data, "total_count": total_count }))
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
