//! One's own account.

use portal_local::SeedUser;
use portal_tests::browser::Browser;

use crate::{JANE, PASSWORD, close, open, sign_in, user};

/// 20: name and addresses.
#[tokio::test]
async fn a_profile_is_changed_and_the_application_is_a_link_away() {
    let (shop, browser) = open().await;
    sign_in(&browser, &shop, JANE).await;
    browser.press("account").await;
    browser.arrives_at(&shop.portal_at("/user")).await;
    browser.fill("firstName", "Janet").await;
    browser.press("portal-user-save").await;
    browser.read("portal-user-saved").await;
    assert!(browser.read("portal-user-name").await.starts_with("Janet"));

    browser.press("portal-user-add-email-address").await;
    browser.fill("emailAddress", "janet+clerk_test@example.com").await;
    browser.press("portal-add-email-address-submit").await;
    browser.fill("code", "424242").await;
    browser.click("form button.primary").await;
    browser.press("portal-user-make-primary").await;
    browser.read("portal-user-saved").await;
    browser.press("portal-user-remove").await;
    browser.press("portal-user-remove-confirm").await;
    browser.read("portal-user-saved").await;
    let addresses = browser.read("portal-user-email-addresses").await;
    assert!(
        addresses.contains("janet+clerk_test@example.com") && !addresses.contains(JANE),
        "{addresses}"
    );
    browser.press("portal-user-back").await;
    browser.arrives_at(&shop.app).await;
    assert_eq!(browser.read("user").await, SeedUser::new(JANE).id());
    close(shop, browser).await;
}

/// 21: the password.
#[tokio::test]
async fn a_password_is_changed_by_whoever_knows_it() {
    let (shop, browser) = open().await;
    let other = Browser::open().await;
    sign_in(&browser, &shop, JANE).await;
    sign_in(&other, &shop, JANE).await;
    browser.visit(&shop.portal_at("/user/security")).await;
    browser.fill("currentPassword", "not this one").await;
    browser.fill("password", "a new horse battery").await;
    browser.press("portal-security-submit").await;
    browser.text("[role=alert]").await;
    browser.fill("currentPassword", PASSWORD).await;
    browser.fill("password", "a new horse battery").await;
    browser.press("portal-security-submit").await;
    browser.read("portal-security-notice").await;
    shop.clock.move_by_secs(70);
    assert_eq!(user(&other, &shop).await, "nobody");
    assert_ne!(user(&browser, &shop).await, "nobody");
    other.close().await;
    close(shop, browser).await;
}

/// 22: the end of it.
#[tokio::test]
async fn an_account_is_deleted_by_typing_so() {
    let (shop, browser) = open().await;
    sign_in(&browser, &shop, crate::SOLO).await;
    browser.visit(&shop.portal_at("/user/security")).await;
    browser.press("portal-security-delete").await;
    browser.fill("confirmation", "Delete").await;
    browser.click("button.danger").await;
    browser.text("[role=alert]").await;
    browser.fill("confirmation", "Delete account").await;
    browser.click("button.danger").await;
    shop.clock.move_by_secs(70);
    assert_eq!(user(&browser, &shop).await, "nobody");
    browser.visit(&shop.at("/sign-in")).await;
    browser.fill("identifier", crate::SOLO).await;
    browser.press("portal-sign-in-submit").await;
    assert!(browser.text("[role=alert]").await.contains("No account was found"));
    close(shop, browser).await;
}
