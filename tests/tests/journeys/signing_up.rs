//! Creating an account.

use portal_local::{Settings, SignUpMode};
use portal_tests::browser::Browser;
use portal_tests::people;
use portal_tests::shop::Shop;

use crate::{JANE, close, open, parameter, user};

/// 5, 6: an address without an account leads on to sign-up, which has it already.
#[tokio::test]
async fn an_unknown_address_is_taken_along_to_sign_up() {
    let (shop, browser) = open().await;
    let back = shop.at("/form?x=1");
    browser.visit(&back).await;
    browser.fill("identifier", "new+clerk_test@example.com").await;
    browser.press("portal-sign-in-submit").await;
    assert!(browser.text("[role=alert]").await.contains("No account was found"));
    browser.press("portal-sign-in-error-link").await;
    let address = browser.arrives_at(&shop.portal_at("/sign-up")).await;
    assert_eq!(parameter(&address, "redirect_url").as_deref(), Some(back.as_str()));
    let prefilled = browser
        .evaluate("document.querySelector('[name=emailAddress]').value")
        .await;
    assert_eq!(prefilled, "new+clerk_test@example.com");
    browser.fill("password", people::PASSWORD).await;
    browser.press("portal-sign-up-submit").await;
    browser.fill("code", "424242").await;
    browser.click("form button.primary").await;
    assert_eq!(browser.arrives_at(&shop.at("/form")).await.as_str(), back);
    close(shop, browser).await;
}

/// 7: an address that has an account.
#[tokio::test]
async fn a_taken_address_is_led_to_sign_in() {
    let (shop, browser) = open().await;
    browser.visit(&shop.at("/sign-up")).await;
    browser.fill("emailAddress", JANE).await;
    browser.fill("password", people::PASSWORD).await;
    browser.press("portal-sign-up-submit").await;
    browser.text("[role=alert]").await;
    browser.press("portal-sign-up-error-link").await;
    browser.arrives_at(&shop.portal_at("/sign-in")).await;
    close(shop, browser).await;
}

/// 32: by invitation only, or after a wait.
#[tokio::test]
async fn who_may_sign_up_is_for_the_administrator_to_say() {
    let closed = |mode| {
        move |portal: portal_local::LocalPortalBuilder| {
            let mut settings = Settings::default();
            settings.sign_up_mode = mode;
            portal.settings(settings)
        }
    };
    let shop = Shop::staged(closed(SignUpMode::Restricted), |builder| builder).await;
    let browser = Browser::open().await;
    browser.visit(&shop.at("/sign-up")).await;
    browser.read("portal-sign-up-closed").await;
    assert_eq!(browser.count("[name=emailAddress]").await, 0);
    close(shop, browser).await;

    let shop = Shop::staged(closed(SignUpMode::Waitlist), |builder| builder).await;
    let browser = Browser::open().await;
    browser.visit(&shop.at("/sign-up")).await;
    browser.press("portal-sign-up-waitlist").await;
    for _ in 0..2 {
        browser.visit(&shop.portal_at("/waitlist")).await;
        browser.fill("emailAddress", "patient@example.com").await;
        browser.press("portal-waitlist-submit").await;
        browser.read("portal-waitlist-joined").await;
    }
    assert_eq!(user(&browser, &shop).await, "nobody");
    close(shop, browser).await;
}
