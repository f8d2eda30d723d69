//! Applications that misbehave, and requests that servers depend on.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::Request;
use axum::http::header::{CONTENT_TYPE, LOCATION};
use axum::routing::{any, get};
use http_body::Frame;
use portal_local::TestBrowser;

use crate::echo::{APP, JANE, PORTAL, browser_with, echo};
use crate::redirects::panic_of;

fn browser(app: Router) -> TestBrowser {
    PORTAL.browser().with_application(APP, app)
}

/// A body that always has more.
struct Endless;

impl http_body::Body for Endless {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(&[b'x'; 65_536])))))
    }
}

#[test]
fn body_without_end_panics_before_it_fills_the_memory() {
    let endless = get(async || axum::response::Response::new(Body::new(Endless)));
    let browser = browser(Router::new().route("/", endless).fallback(echo));
    let problem = panic_of(|| drop(browser.visit("/")));
    assert!(problem.contains("a body of more than"), "{problem}");
    browser.visit("/next").assert_status(200);
}

#[test]
fn handler_that_asks_the_portal_gets_its_answer() {
    let browser = browser(Router::new().route("/", get(async || PORTAL.sign_in_link_for(JANE))));
    browser.visit("/").assert_text(PORTAL.origin());
}

#[test]
fn content_type_of_html_is_read_in_any_case() {
    let page = get(async || ([(CONTENT_TYPE, "Text/HTML; charset=utf-8")], "<p>Hello <b>Jane"));
    let page = browser(Router::new().route("/", page)).visit("/");
    assert_eq!(page.text(), "Hello Jane");
}

#[test]
fn form_tells_the_length_of_its_body() {
    let page =
        browser_with("<form method=post action=/a><input name=a value=1><button>Save</button></form>").visit("/");
    page.press("Save").assert_text("\ncontent-length: 3\n");
    let request = Request::post("/a").body("four".to_owned()).unwrap();
    let browser = browser_with("");
    browser.send(request).assert_text("\ncontent-length: 4\n");
    assert!(!browser.visit("/a").text().contains("content-length"));
}

#[test]
fn address_that_no_server_answers_panics_with_the_address() {
    let page = browser_with("<a href=mailto:a@example.com>Mail</a><a href='javascript:go()'>Script</a>").visit("/");
    for (link, address) in [("Mail", "mailto:a@example.com"), ("Script", "javascript:go()")] {
        let problem = panic_of(|| drop(page.follow_link(link)));
        let expected = format!("expected an `http` or `https` URL, found {address:?}");
        assert!(problem.starts_with(&expected), "{problem}");
    }
    let app = any(async || (axum::http::StatusCode::FOUND, [(LOCATION, "app://callback?code=1")]));
    let problem = panic_of(|| drop(browser(Router::new().route("/", app)).visit("/")));
    let expected = "expected an `http` or `https` URL, found \"app://callback?code=1\"";
    assert!(problem.starts_with(expected), "{problem}");
    assert!(problem.contains("\n  302 GET http://localhost:3000/"), "{problem}");
}

#[test]
fn credentials_of_a_url_are_not_told_to_the_next_page() {
    let page = browser_with("<a href=/next>Next</a>").visit("http://jane:secret@localhost:3000/");
    page.follow_link("Next")
        .assert_text("\nreferer: http://localhost:3000/\n");
    let problem = panic_of(|| drop(page.assert_status(404).url().to_owned()));
    assert!(!problem.contains("secret"), "{problem}");
}
