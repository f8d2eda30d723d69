//! A call of the Backend API: its handler, and the parameters that it takes.
//!
//! Parameters that a call does not take are refused, so that none is dropped in silence. Clerk answers
//! `form_param_unknown` for a parameter that it does not know and for one that the instance's settings leave out, such
//! as `username`; so does the local portal for what it does not play.

use std::collections::HashSet;
use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::{DefaultBodyLimit, FromRequest, Request, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{Response, StatusCode};
use axum::middleware::{self, Next};
use axum::response::IntoResponse as _;
use axum::routing::{self, MethodRouter};
use serde::Serialize;
use serde_json::{Map, Value};
use url::form_urlencoded;

use crate::excerpt::excerpt;
use crate::flow::Flow;
use crate::json::{ApiError, json};
use crate::json_body::parse_body;
use crate::state::App;

/// The work of a call in one transaction, which is undone if it is refused.
///
/// Functions of a [`Flow`] and up to three extractors are operations. They return the body of the response.
pub(super) trait Operation<A>: Clone + Send + Sync + 'static {
    fn respond(&self, flow: &Flow<'_>, arguments: A) -> Result<Response<Body>, ApiError>;
}

macro_rules! operations {
    ($(($($argument:ident: $type:ident),*))+) => {$(
        impl<O, T, $($type),*> Operation<($($type,)*)> for O
        where
            O: Fn(&Flow<'_>, $($type),*) -> Result<T, ApiError> + Clone + Send + Sync + 'static,
            T: Serialize,
        {
            fn respond(&self, flow: &Flow<'_>, ($($argument,)*): ($($type,)*)) -> Result<Response<Body>, ApiError> {
                Ok(json(StatusCode::OK, &self(flow, $($argument),*)?))
            }
        }
    )+};
}
operations!(() (a: A) (a: A, b: B) (a: A, b: B, c: C));

macro_rules! methods {
    ($($method:ident)+) => {$(
        /// A call by this method, without parameters.
        pub(super) fn $method<A, M>(path: &'static str, operation: impl Operation<A>) -> Call
        where
            A: FromRequest<Arc<App>, M> + Send + 'static,
            M: 'static,
        {
            let handler = |State(app): State<Arc<App>>, arguments: A| async move {
                app.flows.run(move |flow| operation.respond(flow, arguments)).await
            };
            Call::new(path, routing::$method(handler))
        }
    )+};
}
methods!(get post patch put delete);

/// A call and its parameters; names are separated by spaces.
pub(super) struct Call {
    /// As the router writes it.
    pub(super) path: &'static str,
    handler: MethodRouter<Arc<App>>,
    parameters: Parameters,
}

#[derive(Clone, Copy)]
struct Parameters {
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
    /// A call without parameters.
    pub(super) fn new(path: &'static str, handler: MethodRouter<Arc<App>>) -> Self {
        let parameters = Parameters {
            query: "",
            body: "",
            absent: "",
            kind: BodyKind::Object,
        };
        Self {
            path,
            handler,
            parameters,
        }
    }

    /// Parameters in the query string.
    pub(super) fn query(mut self, names: &'static str) -> Self {
        self.parameters.query = names;
        self
    }

    /// Fields of the body.
    pub(super) fn body(mut self, names: &'static str) -> Self {
        self.parameters.body = names;
        self
    }

    /// Fields of each object in the list that is the body.
    pub(super) fn list(mut self, names: &'static str) -> Self {
        self.parameters.body = names;
        self.parameters.kind = BodyKind::List;
        self
    }

    /// The body is a form with a file, of at most `most` bytes.
    pub(super) fn file(mut self, most: usize) -> Self {
        self.handler = self.handler.layer(DefaultBodyLimit::max(most));
        self.parameters.kind = BodyKind::File;
        self
    }

    /// Fields of Clerk's that the local portal does not play. After `=` comes the JSON value that describes the local
    /// portal as it is, which is accepted.
    pub(super) fn absent(mut self, names: &'static str) -> Self {
        self.parameters.absent = names;
        self
    }

    /// The handler, behind the check of the parameters.
    pub(super) fn checked(self) -> MethodRouter<Arc<App>> {
        self.handler
            .route_layer(middleware::from_fn_with_state(self.parameters, check))
    }
}

/// Lets a request through if its call takes all of its parameters.
async fn check(State(parameters): State<Parameters>, request: Request, next: Next) -> Response<Body> {
    match parameters.check(request).await {
        Ok(request) => next.run(request).await,
        Err(refusal) => refusal.into_response(),
    }
}

impl Parameters {
    async fn check(self, request: Request) -> Result<Request, ApiError> {
        self.check_query(request.uri().query().unwrap_or_default())?;
        if self.kind == BodyKind::File && is_form(&request) {
            return Ok(request);
        }
        let (parts, body) = request.into_parts();
        let limits = Request::from_parts(parts.clone(), body);
        let bytes = Bytes::from_request(limits, &()).await?;
        let body = parse_body(&bytes).map_err(|error| unreadable(&excerpt(&error.to_string())))?;
        self.check_body(&body)?;
        Ok(Request::from_parts(parts, Body::from(bytes)))
    }

    fn check_query(self, query: &str) -> Result<(), ApiError> {
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
    fn check_body(self, body: &Value) -> Result<(), ApiError> {
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

    fn check_fields(self, fields: &Map<String, Value>) -> Result<(), ApiError> {
        fields
            .iter()
            .filter(|(name, _)| !lists(self.body, name))
            .try_for_each(|(name, value)| self.check_absent(name, value))
    }

    fn check_absent(self, name: &str, value: &Value) -> Result<(), ApiError> {
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

/// The body is not what its call takes.
pub(super) fn unreadable(reason: &str) -> ApiError {
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

fn is_form(request: &Request) -> bool {
    let kind = request.headers().get(CONTENT_TYPE);
    kind.is_some_and(|kind| kind.as_bytes().to_ascii_lowercase().starts_with(b"multipart/form-data"))
}

#[cfg(test)]
mod tests {
    use super::super::calls::calls;
    use super::*;

    fn call() -> Call {
        Call::new("/", MethodRouter::new())
    }

    #[test]
    fn each_name_of_a_call_is_listed_once() {
        for Call { path, parameters, .. } in calls() {
            let mut names = HashSet::new();
            let absent = parameters.absent.split_ascii_whitespace();
            let absent = absent.map(|entry| entry.split_once('=').map_or(entry, |(name, _)| name));
            for name in parameters.body.split_ascii_whitespace().chain(absent) {
                assert!(names.insert(name), "{path}: {name}");
            }
        }
    }

    #[test]
    fn value_as_it_is_is_accepted() {
        let parameters = call().absent("hibp=false name").parameters;
        let check = |text: &str| parameters.check_body(&serde_json::from_str(text).unwrap()).is_ok();
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
        let list = call().list("name").parameters;
        let check = |text: &str| list.check_body(&serde_json::from_str(text).unwrap()).is_ok();
        assert!(check(r#"[{"name":"a"}, {}]"#));
        for refused in [r#"[["a"]]"#, r#"[{}, {"x":1}]"#, r#"{"x":1}"#, "[5]"] {
            assert!(!check(refused), "{refused}");
        }
    }

    #[test]
    fn single_parameter_is_refused_twice() {
        let parameters = call().query("limit user_id").parameters;
        for (query, is_accepted) in [
            ("limit=1&user_id=a&user_id=b", true),
            ("limit[]=1&user_id[]=a", true),
            ("limit=&limit=1", true),
            ("limit=1&limit=2", false),
            ("limit=1&limit[]=1", false),
            ("offset=1", false),
        ] {
            assert_eq!(parameters.check_query(query).is_ok(), is_accepted, "{query}");
        }
    }
}
