//! The fields that the browser sends.

use std::thread;

use axum::Router;
use axum::http::Request;
use axum::http::header::REFERRER_POLICY;
use axum::response::Html;
use axum::routing::get;

use crate::echo::{APP, OTHER, PORTAL, browser_with, echo};

#[test]
fn typed_url_is_a_navigation_without_origin() {
    let page = browser_with("").visit("/a?b=1#c");
    for field in [
        "GET /a?b=1\n",
        "host: localhost:3000\n",
        "sec-fetch-site: none\n",
        "sec-fetch-mode: navigate\n",
        "sec-fetch-dest: document\n",
        "accept: text/html,",
    ] {
        page.assert_text(field);
    }
    assert!(
        !page.body().contains("origin:") && !page.body().contains("referer:"),
        "{}",
        page.body()
    );
}

#[test]
fn link_of_the_same_origin_carries_its_page() {
    let page = browser_with("<a href='/a?x=1&amp;y=2'>Go <b>on</b></a>").visit("/?q=1#f");
    let page = page.follow_link("Go on");
    page.assert_url("/a?x=1&y=2")
        .assert_text("referer: http://localhost:3000/?q=1\n");
    page.assert_text("sec-fetch-site: same-origin\n");
    assert!(!page.body().contains("\norigin:"), "{}", page.body());
}

#[test]
fn form_of_another_site_carries_its_origin_alone() {
    let html = "<form method=post action='http://app.localhost/a'><button>Send</button></form>";
    let browser = browser_with(html).with_application("http://app.localhost", Router::new().fallback(echo));
    let page = browser.visit("/?q=1").press("Send");
    page.assert_text("referer: http://localhost:3000/\n");
    page.assert_text("\norigin: http://localhost:3000\n");
    page.assert_text("sec-fetch-site: cross-site\n");
    page.assert_text("content-type: application/x-www-form-urlencoded\n");
}

#[test]
fn referrer_policy_of_the_page_hides_it() {
    let html = Html("<form method=post action=/a><button>Send</button></form>");
    let app = Router::new()
        .route("/", get(async move || ([(REFERRER_POLICY, "no-referrer")], html)))
        .fallback(echo);
    let page = PORTAL.browser().with_application(APP, app).visit("/").press("Send");
    page.assert_text("\norigin: null\n")
        .assert_text("sec-fetch-site: same-origin\n");
    assert!(!page.body().contains("referer:"), "{}", page.body());
}

#[test]
fn server_without_tls_on_another_machine_gets_no_fetch_metadata() {
    let app = Router::new().fallback(echo);
    let page = PORTAL.browser().with_application(OTHER, app).visit("/a");
    page.assert_text("host: app.test\n");
    assert!(!page.body().contains("sec-fetch"), "{}", page.body());
}

#[test]
fn script_sends_its_own_method_body_and_fields() {
    let request = Request::put("/api?x=1")
        .header("content-type", "application/json")
        .header("sec-fetch-site", "same-site");
    let page = browser_with("").send(request.body("{}".to_owned()).unwrap());
    page.assert_text("PUT /api?x=1\n")
        .assert_text("content-type: application/json\n");
    page.assert_text("\norigin: http://localhost:3000\n")
        .assert_text("sec-fetch-site: same-site\n");
    page.assert_text("sec-fetch-mode: cors\n");
    assert!(page.body().ends_with("\n{}"), "{}", page.body());
}

#[test]
fn windows_of_one_browser_share_cookies_across_threads() {
    let sign_in = format!("{}/sign-in", PORTAL.origin());
    let browser = PORTAL.browser();
    browser.visit(&sign_in);
    let known = browser.cookie(PORTAL.origin(), "__clerk_db_jwt");
    assert!(known.is_some());
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| browser.clone().visit(&sign_in).assert_status(200).url().to_owned());
        }
    });
    assert_eq!(browser.cookie(PORTAL.origin(), "__clerk_db_jwt"), known);
    assert_eq!(PORTAL.browser().cookie(PORTAL.origin(), "__clerk_db_jwt"), None);
}
