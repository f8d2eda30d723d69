//! An application that answers with the request that it got.

use std::fmt::Write as _;
use std::sync::LazyLock;

use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderMap, Method, Uri};
use axum::response::Html;
use axum::routing::any;
use portal_local::{LocalPortal, SeedUser, TestBrowser, TestPortal};

pub(crate) const APP: &str = "http://localhost:3000";
pub(crate) const OTHER: &str = "http://app.test";
pub(crate) const JANE: &str = "jane@example.com";

pub(crate) static PORTAL: LazyLock<TestPortal> = LazyLock::new(|| {
    let jane = SeedUser::new(JANE).password("correct horse battery");
    TestPortal::start(LocalPortal::builder().user(jane))
});

/// A browser with an application at [`APP`] that shows `html` at `/`, and echoes at every other path.
pub(crate) fn browser_with(html: &'static str) -> TestBrowser {
    PORTAL.browser().with_application(APP, with_page(html))
}

pub(crate) fn with_page(html: &'static str) -> Router {
    Router::new().route("/", any(async move || Html(html))).fallback(echo)
}

/// The request's line, its fields in the order of their names, and its body.
pub(crate) async fn echo(method: Method, uri: Uri, headers: HeaderMap, body: Bytes) -> String {
    let mut fields: Vec<_> = headers.iter().collect();
    fields.sort_by_key(|(name, _)| name.as_str());
    let mut text = format!("{method} {uri}\n");
    for (name, value) in fields {
        writeln!(text, "{name}: {}", value.to_str().unwrap()).unwrap();
    }
    text + &String::from_utf8_lossy(&body)
}
