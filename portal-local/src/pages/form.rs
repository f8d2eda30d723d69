//! [`Submission`]: a form that was filled in on one of our pages, by the browser that was given the page.

use std::collections::BTreeMap;
use std::sync::Arc;

use askama::Template;
use axum::body::{Body, Bytes};
use axum::extract::{FromRequest, Request};
use axum::http::header::{CONTENT_TYPE, HeaderValue};
use axum::http::{HeaderMap, Response, StatusCode};
use serde::de::DeserializeOwned;
use serde::de::value::{Error, MapDeserializer};
use url::form_urlencoded;

use super::errors;
use super::fields::Pressed;
use super::visit::Visit;
use crate::flow::{Field, FlowError};
use crate::same_origin::is_from_here;
use crate::state::App;
use crate::status;

/// The hidden field that carries the form's proof.
const TOKEN_FIELD: &str = "form_token";

/// A form with the fields `F`.
pub(super) struct Submission<F = Pressed> {
    pub(super) visit: Visit,
    pub(super) form: F,
}

impl<F: DeserializeOwned + Send> FromRequest<Arc<App>> for Submission<F> {
    type Rejection = Response<Body>;

    async fn from_request(request: Request, app: &Arc<App>) -> Result<Self, Self::Rejection> {
        let (parts, body) = request.into_parts();
        if !is_from_here(&parts.headers) {
            return Err(errors::form_expired(app, &parts.uri));
        }
        if !is_form(&parts.headers) {
            let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
            return Err(errors::unreadable_form(app, &parts.uri, status));
        }
        let visit = match Visit::read(app, &parts.uri, &parts.headers, true).await {
            Ok(Some(visit)) => visit,
            Ok(None) => return Err(errors::form_expired(app, &parts.uri)),
            Err(error) => return Err(errors::store_failed(app, &error)),
        };
        let uri = parts.uri.clone();
        let body = Bytes::from_request(Request::from_parts(parts, body), app)
            .await
            .map_err(|error| errors::unreadable_form(app, &uri, error.status()))?;
        let fields = fields(&body);
        let token = fields.get(TOKEN_FIELD).map(String::as_str).unwrap_or_default();
        if !app.form_key.accepts(&visit.known.browser.id, token) {
            return Err(errors::form_expired(app, &uri));
        }
        let form = F::deserialize(MapDeserializer::<_, Error>::new(fields.into_iter()));
        let form = form.map_err(|_| errors::unreadable_form(app, &uri, StatusCode::BAD_REQUEST))?;
        Ok(Self { visit, form })
    }
}

/// The fields of a form by their names. Of several with one name, the first one counts.
// Not `axum::Form`, which refuses a form with a repeated field.
fn fields(body: &[u8]) -> BTreeMap<String, String> {
    let mut fields = BTreeMap::new();
    for (name, value) in form_urlencoded::parse(body).into_owned() {
        fields.entry(name).or_insert(value);
    }
    fields
}

fn is_form(headers: &HeaderMap) -> bool {
    let value = headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes).unwrap_or_default();
    let mime = value.split(|byte| *byte == b';').next().unwrap_or_default();
    mime.trim_ascii()
        .eq_ignore_ascii_case(b"application/x-www-form-urlencoded")
}

/// The parts of every form: its URL, its CSRF proof, and the errors of the last attempt.
pub(super) struct FormFrame {
    pub(super) action: String,
    pub(super) token: String,
    pub(super) errors: Vec<ErrorView>,
    pub(super) notices: Vec<String>,
    /// The host that the user is redirected to afterwards.
    pub(super) return_host: Option<String>,
}

/// An error, in the summary and next to its field.
pub(super) struct ErrorView {
    /// Empty if it belongs to no field.
    pub(super) field: &'static str,
    pub(super) message: String,
    /// Clerk's code, for tests.
    pub(super) code: &'static str,
    /// URL and text of the way out, if any.
    pub(super) link: Option<(String, &'static str)>,
}

impl From<&FlowError> for ErrorView {
    fn from(error: &FlowError) -> Self {
        Self {
            field: error.field().map_or("", Field::name),
            message: error.to_string(),
            code: error.code(),
            link: None,
        }
    }
}

impl FormFrame {
    /// Adds a way out to each of the errors `found` for which `way` returns its URL and text.
    pub(super) fn link(&mut self, found: &[FlowError], way: impl Fn(&FlowError) -> Option<(String, &'static str)>) {
        for (view, error) in self.errors.iter_mut().zip(found) {
            view.link = way(error);
        }
    }

    /// The message of a field, if it has one.
    pub(super) fn error(&self, field: &str) -> Option<&str> {
        let error = self.errors.iter().find(|error| error.field == field);
        error.map(|error| error.message.as_str())
    }
}

/// The status and the waiting time of an error.
pub(super) fn status_of(errors: &[FlowError]) -> (StatusCode, Option<i64>) {
    let retry_after = errors.iter().find_map(FlowError::retry_after_secs);
    let status = errors.first().map_or(StatusCode::OK, status::of);
    (status, retry_after)
}

/// Renders a page with a form, with the status of its error.
pub(super) fn form_page(
    visit: &Visit,
    template: &impl Template,
    errors: &[FlowError],
    target: Option<&url::Url>,
) -> Response<Body> {
    let (status, retry_after) = status_of(errors);
    let mut response = visit.page(status, template, target);
    if let Some(secs) = retry_after {
        response
            .headers_mut()
            .insert(axum::http::header::RETRY_AFTER, secs.into());
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_of_repeated_fields_counts() {
        let fields = fields(b"code=1&code=2&other=%FF");
        assert_eq!(fields.get("code").map(String::as_str), Some("1"));
        assert_eq!(fields.get("other").map(String::as_str), Some("\u{fffd}"));
    }
}
