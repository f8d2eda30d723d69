//! Calls of a portal, whose answers are JSON.

use http_body_util::{BodyExt as _, Full};
use hyper::body::Bytes;
use hyper::{HeaderMap, Method, Request, StatusCode};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use portal_local::LocalPortal;
use serde_json::Value;

/// One call, with a secret key or without. An empty answer is null.
pub(crate) async fn ask(
    portal: &LocalPortal,
    method: Method,
    path: &str,
    key: Option<&str>,
    body: String,
) -> (StatusCode, HeaderMap, Value) {
    ask_as("application/json", portal, method, path, key, body).await
}

/// A call whose body is of another kind than JSON.
pub(crate) async fn ask_as(
    kind: &str,
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
        .header("content-type", kind)
        .header(
            "user-agent",
            "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
        );
    if let Some(key) = key {
        request = request.header("authorization", format!("Bearer {key}"));
    }
    let request = request.body(Full::new(Bytes::from(body))).expect("a request");
    let response = client.request(request).await.expect("the portal answers");
    let (parts, body) = response.into_parts();
    let body = body.collect().await.expect("a body").to_bytes();
    if body.is_empty() {
        return (parts.status, parts.headers, Value::Null);
    }
    // Clerk's own SDK reads JSON under exactly this name only.
    assert_eq!(parts.headers["content-type"], "application/json", "{path}");
    let body = serde_json::from_slice(&body).expect("JSON");
    (parts.status, parts.headers, body)
}
