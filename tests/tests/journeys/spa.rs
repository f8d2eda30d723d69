//! `examples/spa`: a single-page client and a JSON API, clicked through.

use portal_tests::browser::Browser;
use portal_tests::people;
use portal_tests::programs::Example;

use crate::JANE;

/// Replaces the token of the next call to the API by an invalid one.
const NEXT_TOKEN_IS_INVALID: &str = "
    const send = window.fetch;
    window.fetch = (url, options) => {
        if (!options) return send(url);
        window.fetch = send;
        return send(url, { ...options, headers: { Authorization: 'Bearer invalid' } });
    };
";

#[tokio::test]
async fn single_page_client_calls_the_api_of_another_origin() {
    let example = Example::start("spa", &[]).await;
    let browser = Browser::open().await;
    browser.visit(&example.app).await;
    browser.finds_in("#status", "You're signed out.").await;

    browser.click("#sign-in").await;
    people::sign_in(&browser, &example.portal, JANE).await;
    browser.arrives_at(&example.app).await;
    browser.finds_in("#status", "0 clicks").await;
    browser.click("#click").await;
    browser.finds_in("#status", "1 click").await;

    // The script replaces a refused token, and repeats the call.
    browser.inject(NEXT_TOKEN_IS_INVALID).await;
    browser.click("#click").await;
    browser.finds_in("#status", "2 clicks").await;

    // The API requires a token, and ignores the page's cookies.
    let curl = browser.evaluate("document.getElementById('curl').textContent").await;
    let api = curl
        .as_str()
        .expect("text")
        .rsplit(' ')
        .next()
        .expect("a URL")
        .to_owned();
    assert!(!api.starts_with(&example.app), "{api}");
    let status = browser
        .evaluate(&format!("fetch('{api}').then((response) => response.status)"))
        .await;
    assert_eq!(status, 401);

    browser.click("#sign-out").await;
    browser.finds_in("#status", "You're signed out.").await;

    browser.close().await;
}
