//! The user's own account.

use portal_tests::browser::{Browser, Scripts};
use portal_tests::ending::Expected;
use portal_tests::tokens;

use crate::{JANE, PASSWORD, SOLO, TEST_CODE, TOKEN_END, identify, open, sign_in, user};

pub(crate) async fn profile_page_links_back_to_the_application(scripts: Scripts) {
    const JANET: &str = "janet+clerk_test@example.com";
    let (shop, browser) = open(scripts).await;
    sign_in(&browser, &shop, JANE).await;
    browser.follow("account").await;
    browser.arrives_at(&shop.portal_at("/user")).await;
    browser.fill("firstName", "Janet").await;
    browser.follow("portal-user-save").await;
    browser.read("portal-user-notice").await;

    browser.follow("portal-user-add-email-address").await;
    browser.fill("emailAddress", JANET).await;
    browser.follow("portal-add-email-address-submit").await;
    browser.fill("code", TEST_CODE).await;
    browser.follow("portal-user-verify-email-address-submit").await;
    browser.follow("portal-user-make-primary").await;
    browser.read("portal-user-notice").await;
    browser.press("portal-user-remove").await;
    browser.follow("portal-user-remove-confirm").await;
    browser.read("portal-user-notice").await;

    let found = shop.backend_api().user(JANET).await;
    assert_eq!(found["first_name"], "Janet");
    let addresses = found["email_addresses"].as_array().map(Vec::len);
    assert_eq!(addresses, Some(1), "{}", found["email_addresses"]);
    browser.follow("portal-user-back").await;
    assert_eq!(browser.arrives_at(&shop.app).await.as_str(), shop.at("/"));
    browser.visit(&shop.at("/profile")).await;
    assert_eq!(browser.read("first-name").await, "Janet");
    assert_eq!(browser.read("address").await, JANET);
    shop.ends(browser, Expected::signed_in(JANET)).await;
    shop.close().await;
}

pub(crate) async fn password_change_requires_the_current_password(scripts: Scripts) {
    const NEW: &str = "a new horse battery";
    let (shop, browser) = open(scripts).await;
    let other = Browser::with(scripts).await;
    sign_in(&browser, &shop, JANE).await;
    sign_in(&other, &shop, JANE).await;
    let others = tokens::session_id(&other).await;
    browser.visit(&shop.portal_at("/user/security")).await;
    for (current, said) in [
        ("not this one", "Your current password isn't correct. Try again."),
        (PASSWORD, "Your password is saved."),
    ] {
        browser.fill("currentPassword", current).await;
        browser.fill("password", NEW).await;
        assert_eq!(browser.count("[name=signOutOfOtherSessions]:checked").await, 1);
        browser.follow("portal-security-submit").await;
        browser.is_told(said).await;
    }
    shop.clock.advance(TOKEN_END);
    assert_eq!(user(&other, &shop).await, "nobody");
    other.visit(&shop.at("/sign-in")).await;
    crate::sign_in_here(&other, JANE, PASSWORD).await;
    other
        .is_told("That password isn't correct. Try again or use another method.")
        .await;
    shop.ends(other, Expected::signed_out().ended(&others, "revoked")).await;
    shop.ends(browser, Expected::signed_in(JANE)).await;
    shop.close().await;
}

pub(crate) async fn account_deletion_requires_a_typed_confirmation(scripts: Scripts) {
    let (shop, browser) = open(scripts).await;
    sign_in(&browser, &shop, SOLO).await;
    let id = shop.backend_api().user(SOLO).await["id"].take();
    let path = format!("/v1/users/{}", id.as_str().expect("an id"));
    browser.visit(&shop.portal_at("/user/security")).await;
    browser.follow("portal-security-delete").await;
    browser.fill("confirmation", "Delete").await;
    browser.follow("portal-user-delete-submit").await;
    browser.is_told("Type Delete account to confirm.").await;
    assert_eq!(shop.backend_api().status(&path).await, 200);
    browser.fill("confirmation", "Delete account").await;
    browser.follow("portal-user-delete-submit").await;
    assert_eq!(shop.backend_api().status(&path).await, 404);

    shop.clock.advance(TOKEN_END);
    assert_eq!(user(&browser, &shop).await, "nobody");
    browser.visit(&shop.at("/sign-in")).await;
    identify(&browser, SOLO).await;
    browser
        .is_told("We couldn't find an account with this email address.")
        .await;
    shop.ends(browser, Expected::signed_out().missing(&path)).await;
    shop.close().await;
}
