//! `examples/hyper`: hyper without a framework, clicked through.

use portal_tests::browser::{Browser, Scripts};
use portal_tests::people;
use portal_tests::programs::Example;

use crate::JANE;

#[tokio::test]
async fn hyper_application_signs_in_and_out() {
    let example = Example::start("hyper", &[]).await;
    let browser = Browser::with(Scripts::Off).await;
    let home = format!("{}/", example.app);
    let dashboard = format!("{}/dashboard", example.app);

    // From the public page, and back to it.
    browser.visit(&home).await;
    browser.follow("sign-in").await;
    people::sign_in(&browser, &example.portal, JANE).await;
    assert_eq!(browser.arrives_at(&home).await.as_str(), home);
    browser.finds_in("main", "You're signed in.").await;

    browser.visit(&dashboard).await;
    assert!(browser.read("user").await.starts_with("user_"));
    browser.follow("sign-out").await;
    browser.finds_in("main", "You're signed out.").await;

    // From the protected page.
    browser.visit(&dashboard).await;
    people::sign_in(&browser, &example.portal, JANE).await;
    assert_eq!(browser.arrives_at(&dashboard).await.as_str(), dashboard);

    browser.close().await;
}
