//! `examples/streams`: a WebSocket and an event stream that end when the session does.

use portal_tests::browser::Browser;
use portal_tests::programs::Example;

use crate::accessibility::assert_nothing_serious_at;
use crate::{JANE, PASSWORD, sign_in_here};

struct Streams {
    browser: Browser,
    example: Example,
}

impl Streams {
    /// Starts the example, and opens its page as jane.
    async fn open() -> Self {
        let example = Example::start("streams", &[]).await;
        let browser = Browser::open().await;
        browser.visit(&example.app).await;
        sign_in_here(&browser, JANE, PASSWORD).await;
        for stream in ["events", "chat"] {
            browser.shows(stream, "open").await;
        }
        Self { browser, example }
    }
}

#[tokio::test]
async fn streams_outlive_their_token_and_end_at_sign_out() {
    let Streams {
        browser,
        example: _example,
    } = Streams::open().await;
    // Tokens live for four seconds here.
    browser.shows("events-data", "6").await;
    browser.press("send").await;
    browser.shows("chat-data", "hello").await;
    for stream in ["events-opened", "chat-opened"] {
        assert_eq!(browser.read(stream).await, "1", "{stream}");
    }

    // In another tab, so that this page stays.
    browser.press("sign-out").await;
    for stream in ["events", "chat"] {
        browser.shows(stream, "ended: signed-out").await;
    }
    browser.close().await;
}

#[tokio::test]
async fn streams_end_after_sign_out_at_the_account_portal() {
    let streams = Streams::open().await;
    let browser = streams.browser;
    let page = browser.open_tab().await;
    browser.visit(&format!("{}/sign-out", streams.example.portal)).await;
    browser.follow("portal-sign-out-submit").await;

    browser.go_to_tab(&page).await;
    for stream in ["events", "chat"] {
        browser.shows(stream, "ended: signed-out").await;
    }
    browser.close().await;
}

#[tokio::test]
async fn axe_finds_nothing_serious_on_the_streams() {
    let Streams { browser, example } = Streams::open().await;
    assert_nothing_serious_at(&browser, &[&example.app]).await;
    browser.close().await;
}
