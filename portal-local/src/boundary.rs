//! What holds for every request: the name the portal answers to, the mark on its answers, one line in the log.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::header::{HOST, HeaderName, HeaderValue};
use axum::http::uri::Authority;
use axum::middleware::Next;
use axum::response::Response;

use crate::app::App;
use crate::pages;
use crate::request_log::{RequestRecord, redacted_query};

const PORTAL_LOCAL: HeaderName = HeaderName::from_static("x-portal-local");

pub(crate) async fn guard(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let at = app.now();
    let method = request.method().to_string();
    let path = request.uri().path().to_owned();
    let query = redacted_query(request.uri().query().unwrap_or_default());

    let mut response = if is_known_host(&app, &request) {
        let fault = match app.faults.take(&method, &path) {
            Some(action) => action.answer().await,
            None => None,
        };
        match fault {
            Some(fault) => fault,
            None => next.run(request).await,
        }
    } else {
        pages::unknown_host(&app)
    };
    response
        .headers_mut()
        .insert(PORTAL_LOCAL, HeaderValue::from_static("1"));

    let status = response.status().as_u16();
    tracing::debug!(method, path, status, "answered");
    app.log.push(RequestRecord {
        at,
        method,
        path,
        query,
        status,
    });
    response
}

/// Another name that leads here is a page in somebody's browser that made its own name point at this machine.
fn is_known_host(app: &App, request: &Request) -> bool {
    let header = request.headers().get(HOST).and_then(|value| value.to_str().ok());
    let authority = request.uri().authority().map(Authority::as_str);
    header
        .or(authority)
        .is_some_and(|host| app.hosts.iter().any(|known| known.eq_ignore_ascii_case(host)))
}
