//! Calls of a portal, whose answers are JSON.

use bytes::Bytes;
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use portal_local::LocalPortal;
use serde_json::Value;

/// One call of the Backend API, which must succeed.
pub(crate) async fn call(portal: &LocalPortal, method: Method, path: &str, body: Option<Value>) -> Value {
    let (key, path) = (portal.secret_key().expose(), format!("/v1{path}"));
    let body = body.map(|body| body.to_string()).unwrap_or_default();
    let (status, _, answer) = ask(portal, method, &path, Some(key), body).await;
    assert!(status.is_success(), "{path}: {status} {answer}");
    answer
}

/// One call, with a secret key or without.
pub(crate) async fn ask(
    portal: &LocalPortal,
    method: Method,
    path: &str,
    key: Option<&str>,
    body: String,
) -> (StatusCode, HeaderMap, Value) {
    let client = Client::builder(TokioExecutor::new()).build_http::<Full<Bytes>>();
    let mut request = Request::builder()
        .method(method)
        .uri(format!("{}{path}", portal.origin()))
        .header("content-type", "application/json");
    if let Some(key) = key {
        request = request.header("authorization", format!("Bearer {key}"));
    }
    let request = request.body(Full::new(Bytes::from(body))).expect("a request");
    let response = client.request(request).await.expect("the portal answers");
    let (parts, body) = response.into_parts();
    // Clerk's own SDK reads JSON under exactly this name only.
    assert_eq!(parts.headers["content-type"], "application/json", "{path}");
    let body = body.collect().await.expect("a body").to_bytes();
    let body = serde_json::from_slice(&body).expect("JSON");
    (parts.status, parts.headers, body)
}
