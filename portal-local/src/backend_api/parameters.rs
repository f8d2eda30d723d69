//! Refuses parameters that a call does not take, so that none is dropped in silence.
//!
//! [`CALLS`] lists the parameters of each call. Clerk answers `form_param_unknown` for a parameter that it does not know
//! and for one that the instance's settings leave out, such as `username`; so does the local portal for what it does not
//! play.

use std::collections::HashSet;

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
    kind: BodyKind,
}

/// The body of a call.
#[derive(Clone, Copy, PartialEq, Eq)]
enum BodyKind {
    /// A JSON object, `null` or nothing.
    Object,
    /// A list of JSON objects.
    List,
    /// A form with a file, which the handler reads under its own limit.
    File,
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
            kind: BodyKind::Object,
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

    /// Fields of each object in the list that is the body.
    pub(super) const fn list(mut self, names: &'static str) -> Self {
        self.body = names;
        self.kind = BodyKind::List;
        self
    }

    /// The body is a form with a file.
    pub(super) const fn file(mut self) -> Self {
        self.kind = BodyKind::File;
        self
    }

    /// Fields of Clerk's that the local portal does not play. After `=` comes the JSON value that describes the local
    /// portal as it is, which is accepted.
    pub(super) const fn absent(mut self, names: &'static str) -> Self {
        self.absent = names;
        self
    }

    fn check_query(&self, query: &str) -> Result<(), ApiError> {
        let mut seen = HashSet::new();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            let name = name.strip_suffix("[]").unwrap_or(&name);
            if !lists(self.query, name) {
                return Err(unknown(name));
            }
            if !value.is_empty() && !seen.insert(name.to_owned()) && !lists(REPEATABLE, name) {
                return Err(repeated(name));
            }
        }
        Ok(())
    }

    /// Refuses bodies of another shape too: serde would read the items of a list as the fields of an object.
    fn check_body(&self, body: &Value) -> Result<(), ApiError> {
        match (self.kind, body) {
            // The handler of a list asks for one.
            (_, Value::Object(fields)) => self.check_fields(fields),
            (BodyKind::List, Value::Array(items)) => items.iter().try_for_each(|item| match item {
                Value::Object(fields) => self.check_fields(fields),
                _ => Err(unreadable("each item of the list has to be an object")),
            }),
            (BodyKind::List, _) => Err(unreadable("it has to be a list of objects")),
            _ => Err(unreadable("it has to be an object")),
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
            "{name} is not a valid parameter for this request: the local portal doesn't support it{exception}. Omit it."
        )))
    }
}

/// Filters that take several values; every other query parameter is for one.
const REPEATABLE: &str = "email_address phone_number external_id username web3_wallet user_id organization_id status role \
                          provider provider_user_id";

fn repeated(name: &str) -> ApiError {
    let name = excerpt(name);
    ApiError::new(
        StatusCode::UNPROCESSABLE_ENTITY,
        "form_param_format_invalid",
        "is given twice",
    )
    .explain(format!("Found {name} more than once; expected one value."))
    .param(name)
}

fn unreadable(reason: &str) -> ApiError {
    ApiError::new(StatusCode::BAD_REQUEST, "request_body_invalid", "Request body invalid")
        .explain(format!("The body isn't valid for this request: {reason}."))
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
    if call.kind == BodyKind::File && is_form(&request) {
        return Ok(request);
    }
    let (parts, body) = request.into_parts();
    let limits = Request::from_parts(parts.clone(), body);
    let bytes = Bytes::from_request(limits, &()).await?;
    let body = parse_body(&bytes).map_err(|error| unreadable(&excerpt(&error.to_string())))?;
    call.check_body(&body)?;
    Ok(Request::from_parts(parts, Body::from(bytes)))
}

fn is_form(request: &Request) -> bool {
    let kind = request.headers().get(CONTENT_TYPE);
    kind.is_some_and(|kind| kind.as_bytes().to_ascii_lowercase().starts_with(b"multipart/form-data"))
}

#[cfg(test)]
mod tests {
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
            r#"[{}]"#,
            r#"[false]"#,
            "5",
        ] {
            assert!(!check(refused), "{refused}");
        }
        let list = Call::new("POST", "/").list("name");
        let check = |text: &str| list.check_body(&serde_json::from_str(text).unwrap()).is_ok();
        assert!(check(r#"[{"name":"a"}, {}]"#));
        for refused in [r#"[["a"]]"#, r#"[{}, {"x":1}]"#, r#"{"x":1}"#, "[5]"] {
            assert!(!check(refused), "{refused}");
        }
    }

    #[test]
    fn single_parameter_is_refused_twice() {
        let call = Call::new("GET", "/").query("limit user_id");
        for (query, is_accepted) in [
            ("limit=1&user_id=a&user_id=b", true),
            ("limit[]=1&user_id[]=a", true),
            ("limit=&limit=1", true),
            ("limit=1&limit=2", false),
            ("limit=1&limit[]=1", false),
            ("offset=1", false),
        ] {
            assert_eq!(call.check_query(query).is_ok(), is_accepted, "{query}");
        }
    }
}
