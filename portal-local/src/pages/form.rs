//! [`Submission`]: a form that was filled in on one of our pages, by the browser that was given the page.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::header::{CONTENT_TYPE, HeaderValue};
use axum::http::{HeaderMap, StatusCode};
use serde::de::DeserializeOwned;
use serde::de::value::{Error, MapDeserializer};
use url::form_urlencoded;

use super::errors::{self, PageError};
use super::fields::Pressed;
use super::visit::{Shown, Visit};
use crate::same_origin::is_from_here;
use crate::state::App;

/// The hidden field that carries the form's proof.
const TOKEN_FIELD: &str = "form_token";
/// The hidden fields with the parts of [`Shown`].
const USER_FIELD: &str = "shown_user_id";
const ORGANIZATION_FIELD: &str = "shown_organization_id";

/// A form with the fields `F`.
pub(super) struct Submission<F = Pressed> {
    pub(super) visit: Visit,
    pub(super) form: F,
}

impl<F: DeserializeOwned + Send> FromRequest<Arc<App>> for Submission<F> {
    type Rejection = PageError;

    async fn from_request(request: Request, app: &Arc<App>) -> Result<Self, Self::Rejection> {
        let (parts, body) = request.into_parts();
        if !is_from_here(&parts.headers) {
            return Err(errors::form_expired(app, &parts.uri).into());
        }
        if !is_form(&parts.headers) {
            let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
            return Err(errors::unreadable_form(app, &parts.uri, status).into());
        }
        let Some(mut visit) = Visit::read(app, &parts.uri, &parts.headers, true).await? else {
            return Err(errors::form_expired(app, &parts.uri).into());
        };
        let uri = parts.uri.clone();
        let body = Bytes::from_request(Request::from_parts(parts, body), app)
            .await
            .map_err(|error| errors::unreadable_form(app, &uri, error.status()))?;
        let mut fields = fields(&body);
        let token = fields.get(TOKEN_FIELD).map(String::as_str).unwrap_or_default();
        if !app.form_key.accepts(&visit.known.browser.id, token) {
            return Err(errors::form_expired(app, &uri).into());
        }
        visit.shown = Shown {
            user_id: fields.remove(USER_FIELD),
            organization_id: fields.remove(ORGANIZATION_FIELD),
        };
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
