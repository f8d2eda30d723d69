//! `examples/users`: a profile that is changed in the portal changes the row.

use std::time::Duration;

use portal_tests::browser::{Browser, Scripts};
use portal_tests::people;
use portal_tests::programs::Example;
use tokio::time::timeout;

use crate::JANE;

/// The time for a webhook to arrive.
const PATIENCE: Duration = Duration::from_secs(10);
const OWN_ROW: &str = "[data-testid=own-row]";

#[tokio::test]
async fn changed_name_is_in_the_row_after_a_reload() {
    let example = Example::start("users", &[]).await;
    let browser = Browser::with(Scripts::Off).await;
    browser.visit(&example.app).await;
    browser.follow("sign-in").await;
    people::sign_in(&browser, &example.portal, JANE).await;
    browser.arrives_at(&format!("{}/users", example.app)).await;
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
