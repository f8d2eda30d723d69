//! Refuses parameters that a call does not take, so that none is dropped in silence.
//!
//! [`CALLS`] lists the parameters of each call. Clerk answers `form_param_unknown` for a parameter that it does not know
//! and for one that the instance's settings leave out, such as `username`; so does the local portal for what it does not
//! play.

use axum::body::{Body, Bytes};
use axum::extract::{FromRequest as _, MatchedPath, Request};
use axum::http::header::CONTENT_TYPE;
use axum::http::{Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use serde_json::{Map, Value};
use url::form_urlencoded;

use super::calls::CALLS;
use crate::excerpt::excerpt;
use crate::json::ApiError;
use crate::json_body::parse_body;

/// A call and its parameters; names are separated by spaces.
pub(super) struct Call {
    method: &'static str,
    path: &'static str,
    query: &'static str,
    body: &'static str,
    absent: &'static str,
}

impl Call {
    /// A call without parameters. `path` is as the router writes it.
    pub(super) const fn new(method: &'static str, path: &'static str) -> Self {
        Self {
            method,
            path,
            query: "",
            body: "",
            absent: "",
        }
    }

    /// Parameters in the query string.
    pub(super) const fn query(mut self, names: &'static str) -> Self {
        self.query = names;
        self
    }

    /// Fields of the body.
    pub(super) const fn body(mut self, names: &'static str) -> Self {
        self.body = names;
        self
    }

    /// Fields of Clerk's that the local portal does not play. After `=` comes the JSON value that describes the local
    /// portal as it is, which is accepted.
    pub(super) const fn absent(mut self, names: &'static str) -> Self {
        self.absent = names;
        self
    }

    fn check_query(&self, query: &str) -> Result<(), ApiError> {
        for (name, _) in form_urlencoded::parse(query.as_bytes()) {
            let name = name.strip_suffix("[]").unwrap_or(&name);
            if !lists(self.query, name) {
                return Err(unknown(name));
            }
        }
        Ok(())
    }

    fn check_body(&self, body: &Value) -> Result<(), ApiError> {
        match body {
            Value::Object(fields) => self.check_fields(fields),
            Value::Array(items) => items
                .iter()
                .filter_map(Value::as_object)
                .try_for_each(|fields| self.check_fields(fields)),
            _ => Ok(()),
        }
    }

    fn check_fields(&self, fields: &Map<String, Value>) -> Result<(), ApiError> {
        fields
            .iter()
            .filter(|(name, _)| !lists(self.body, name))
            .try_for_each(|(name, value)| self.check_absent(name, value))
    }

    fn check_absent(&self, name: &str, value: &Value) -> Result<(), ApiError> {
        let as_it_is = self.absent.split_ascii_whitespace().find_map(|entry| {
            let (absent, as_it_is) = entry.split_once('=').unwrap_or((entry, "null"));
            (absent == name).then_some(as_it_is)
        });
        let Some(as_it_is) = as_it_is else {
            return Err(unknown(name));
        };
        if value.is_null() || serde_json::from_str::<Value>(as_it_is).is_ok_and(|as_it_is| as_it_is == *value) {
            return Ok(());
        }
        let exception = match as_it_is {
            "null" => String::new(),
            value => format!(" with another value than {value}"),
        };
        Err(unknown(name).explain(format!(
            "{name} is not a valid parameter for this request: the local portal does not play it{exception}. Leave it out."
        )))
    }
}

fn lists(names: &str, name: &str) -> bool {
    names.split_ascii_whitespace().any(|known| known == name)
}

fn unknown(name: &str) -> ApiError {
    let name = excerpt(name);
    ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, "form_param_unknown", "is unknown")
        .explain(format!("{name} is not a valid parameter for this request."))
        .param(name)
}

/// Lets a request through if its call takes all of its parameters.
pub(super) async fn check(request: Request, next: Next) -> Response {
    let path = request.extensions().get::<MatchedPath>().map(MatchedPath::as_str);
    let method = match request.method() {
        &Method::HEAD => Method::GET.as_str(),
        method => method.as_str(),
    };
    let found = CALLS
        .iter()
        .find(|call| Some(call.path) == path && call.method == method);
    match found {
        Some(call) => match checked(call, request).await {
            Ok(request) => next.run(request).await,
            Err(refusal) => refusal.into_response(),
        },
        // The router refuses the method.
        None => next.run(request).await,
    }
}

async fn checked(call: &Call, request: Request) -> Result<Request, ApiError> {
    call.check_query(request.uri().query().unwrap_or_default())?;
    if is_form(&request) {
        return Ok(request);
    }
    let (parts, body) = request.into_parts();
    let limits = Request::from_parts(parts.clone(), body);
    let bytes = Bytes::from_request(limits, &()).await?;
    // A body that is not JSON is for the handler to refuse, or to do without.
    if let Ok(body) = parse_body(&bytes) {
        call.check_body(&body)?;
    }
    Ok(Request::from_parts(parts, Body::from(bytes)))
}

/// Files come as forms, under a limit of the handler's own.
fn is_form(request: &Request) -> bool {
    let kind = request.headers().get(CONTENT_TYPE);
    kind.is_some_and(|kind| kind.as_bytes().to_ascii_lowercase().starts_with(b"multipart/form-data"))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn call_is_listed_once_with_each_name_once() {
        let mut seen = HashSet::new();
        for call in CALLS {
            assert!(seen.insert((call.method, call.path)), "{} {}", call.method, call.path);
            let mut names = HashSet::new();
            let absent = call.absent.split_ascii_whitespace();
            let absent = absent.map(|entry| entry.split_once('=').map_or(entry, |(name, _)| name));
            for name in call.body.split_ascii_whitespace().chain(absent) {
                assert!(names.insert(name), "{} {}: {name}", call.method, call.path);
            }
        }
    }

    #[test]
    fn value_as_it_is_is_accepted() {
        let call = Call::new("PATCH", "/").absent("hibp=false name");
        let check = |text: &str| call.check_body(&serde_json::from_str(text).unwrap()).is_ok();
        assert!(check(r#"{"hibp":false,"name":null}"#));
        for refused in [
            r#"{"hibp":true}"#,
            r#"{"name":""}"#,
            r#"{"other":null}"#,
            r#"[{}, {"x":1}]"#,
        ] {
            assert!(!check(refused), "{refused}");
        }
    }
}
