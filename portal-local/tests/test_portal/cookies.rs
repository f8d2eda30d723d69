//! Cookies between an application and the browser. The rules of each attribute have unit tests.

use std::time::Duration;

use axum::Router;
use axum::http::header::SET_COOKIE;
use axum::response::Html;
use axum::routing::{any, get};
use portal_local::{LocalPortal, TestPortal};
use portal_sdk::testing::TestClock;

use crate::echo::{APP, PORTAL, echo, with_page};

fn setting(cookie: &'static str) -> Router {
    Router::new()
        .route("/set", get(async move || [(SET_COOKIE, cookie)]))
        .fallback(echo)
}

#[test]
fn cookie_ends_by_the_clock_of_the_portal_and_not_by_its_skew() {
    let clock = TestClock::running();
    let portal = TestPortal::start(LocalPortal::builder().clock(clock.clone()));
    let browser = portal
        .browser()
        .with_application(APP, setting("cart=1; Max-Age=600; HttpOnly"));
    browser.visit("/set");
    portal.local_portal().set_clock_skew_secs(3_600);
    browser.visit("/").assert_text("cookie: cart=1\n");
    clock.advance(Duration::from_secs(601));
    let page = browser.visit("/");
    assert!(!page.body().contains("cookie:"), "{}", page.body());
}

#[test]
fn several_cookies_of_one_answer_are_kept_and_one_is_removed() {
    let both = any(async || axum::response::AppendHeaders([(SET_COOKIE, "a=1"), (SET_COOKIE, "b=2; Secure")]));
    let app = Router::new()
        .route("/set", both)
        .route("/unset", get(async || [(SET_COOKIE, "a=; Max-Age=0")]))
        .fallback(echo);
    let browser = PORTAL.browser().with_application(APP, app);
    browser.visit("/set");
    browser.visit("/").assert_text("cookie: a=1; b=2\n");
    browser.visit("/unset");
    browser.visit("/").assert_text("cookie: b=2\n");
    assert_eq!(browser.cookie("/", "a"), None);
    assert_eq!(browser.cookie("/", "b").as_deref(), Some("2"));
}

#[test]
fn cookie_set_by_a_redirect_is_sent_to_its_target() {
    let app = Router::new()
        .route(
            "/set",
            get(async || ([(SET_COOKIE, "a=1; Path=/")], axum::response::Redirect::to("/end"))),
        )
        .fallback(echo);
    PORTAL
        .browser()
        .with_application(APP, app)
        .visit("/set")
        .assert_url("/end")
        .assert_text("cookie: a=1\n");
}

#[test]
fn lax_cookie_is_sent_with_a_link_of_another_site_and_not_with_its_form() {
    let html = "<a href='http://localhost:3000/link'>Go</a>\
        <form method=post action='http://localhost:3000/form'><button>Send</button></form>";
    let set = get(async || ([(SET_COOKIE, "lax=1; Path=/; SameSite=Lax")], Html("")));
    let app = Router::new().route("/set", set).fallback(echo);
    let browser = PORTAL
        .browser()
        .with_application(APP, app)
        .with_application("https://evil.test", with_page(html));
    browser.visit("/set");
    let evil = browser.visit("https://evil.test/");
    evil.follow_link("Go")
        .assert_text("cookie: lax=1\n")
        .assert_text("sec-fetch-site: cross-site\n");
    let posted = evil.press("Send");
    assert!(!posted.body().contains("cookie:"), "{}", posted.body());
}

#[test]
fn send_carries_the_cookies_and_keeps_those_of_the_answer() {
    let browser = PORTAL.browser().with_application(APP, setting("a=1"));
    browser.send(axum::http::Request::get("/set").body(String::new()).unwrap());
    let answer = browser.send(axum::http::Request::post("/api").body(String::new()).unwrap());
    answer.assert_text("cookie: a=1\n");
}
