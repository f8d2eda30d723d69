//! `examples/users`: a profile that is changed in the portal changes the row.

use std::time::Duration;

use portal_tests::browser::{Browser, Scripts};
use portal_tests::people;
use portal_tests::programs::Example;
use tokio::time::timeout;

use crate::JANE;
use crate::accessibility::assert_nothing_serious_at;

/// The time for a webhook to arrive.
const PATIENCE: Duration = Duration::from_secs(10);
const OWN_ROW: &str = "[data-testid=own-row]";

/// Signs in from the start page.
async fn sign_in(browser: &Browser, example: &Example) {
    browser.follow("sign-in").await;
    people::sign_in(browser, &example.portal, JANE).await;
    browser.arrives_at(&format!("{}/users", example.app)).await;
}

#[tokio::test]
async fn changed_name_is_in_the_row_after_a_reload() {
    let example = Example::start("users", &[]).await;
    let browser = Browser::with(Scripts::Off).await;
    browser.visit(&example.app).await;
    sign_in(&browser, &example).await;
    let row = browser.finds_in(OWN_ROW, JANE).await;
    assert!(row.contains("Jane Doe"), "{row}");

    browser.follow("account").await;
    browser.fill("firstName", "Janet").await;
    browser.follow("portal-user-save").await;
    browser.visit(&format!("{}/users", example.app)).await;
    let is_changed = async {
        while !browser.text(OWN_ROW).await.contains("Janet Doe") {
            browser.follow("reload").await;
        }
    };
    timeout(PATIENCE, is_changed).await.expect("the row has the new name");
    assert!(browser.text(OWN_ROW).await.contains("webhook"));
    browser.close().await;
}

#[tokio::test]
async fn axe_finds_nothing_serious_on_the_users() {
    let example = Example::start("users", &[]).await;
    let browser = Browser::open().await;
    assert_nothing_serious_at(&browser, &[&example.app]).await;
    sign_in(&browser, &example).await;
    let table = format!("{}/users", example.app);
    assert_nothing_serious_at(&browser, &[&example.app, &table]).await;
    browser.close().await;
}
