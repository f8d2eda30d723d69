//! Signing in and out, and what happens to a session.

use portal_local::SeedUser;
use portal_tests::browser::Browser;
use portal_tests::shop::Shop;

use crate::{CODE, JANE, JOE, PASSWORD, close, open, parameter, sign_in, user};

/// 1: the first visit, signed out.
#[tokio::test]
async fn a_first_visit_takes_one_handshake() {
    let (shop, browser) = open().await;
    browser.visits().await;
    assert_eq!(user(&browser, &shop).await, "nobody");
    let statuses: Vec<_> = browser.visits().await.iter().filter_map(|visit| visit.status).collect();
    assert_eq!(statuses, [307, 307, 307, 200]);
    assert_eq!(browser.address().await.as_str(), shop.at("/"));
    assert_eq!(browser.cookie("__client_uat").await.as_deref(), Some("0"));
    assert!(browser.cookie("__clerk_db_jwt").await.is_some());
    assert_eq!(browser.cookie("__session").await, None);
    browser.visit(&shop.at("/")).await;
    assert_eq!(browser.visits().await.len(), 1);
    close(shop, browser).await;
}

/// 2, 35, 36: a password, wrong once; an open session needs no form; going back and sending again does no harm.
#[tokio::test]
async fn a_wrong_password_is_said_and_the_right_one_leads_back() {
    let (shop, browser) = open().await;
    browser.visit(&shop.at("/form?x=1")).await;
    browser.fill("identifier", JANE).await;
    browser.press("portal-sign-in-submit").await;
    browser.fill("password", "not this one").await;
    browser.press("portal-factor-one-submit").await;
    assert_eq!(browser.text("[role=alert]").await, "That password is not correct.");
    browser.fill("password", PASSWORD).await;
    browser.press("portal-factor-one-submit").await;
    assert_eq!(
        browser.arrives_at(&shop.at("/form")).await.as_str(),
        shop.at("/form?x=1")
    );
    let jane = user(&browser, &shop).await;
    assert_eq!(jane, SeedUser::new(JANE).id());

    browser
        .visit(&shop.portal_at(&format!("/sign-in?redirect_url={}", shop.at("/form"))))
        .await;
    assert_eq!(browser.arrives_at(&shop.at("/form")).await.as_str(), shop.at("/form"));
    browser.back().await;
    browser.back().await;
    assert_eq!(user(&browser, &shop).await, jane);
    close(shop, browser).await;
}

/// 3: a code instead of a password.
#[tokio::test]
async fn a_code_signs_in_too() {
    let (shop, browser) = open().await;
    browser.visit(&shop.at("/sign-in")).await;
    browser.fill("identifier", CODE).await;
    browser.press("portal-sign-in-submit").await;
    browser.fill("code", "000000").await;
    browser.click("form button.primary").await;
    assert!(
        browser
            .text("[role=alert]")
            .await
            .starts_with("That code is not correct.")
    );
    browser.fill("code", "424 242").await;
    browser.click("form button.primary").await;
    browser.read("home").await;
    assert_eq!(browser.read("user").await, SeedUser::new(CODE).id());
    close(shop, browser).await;
}

/// 4, 8: a real address gets its code by mail; a code ends, and a new one is not sent at once.
#[tokio::test]
async fn a_code_comes_by_mail_and_ends() {
    let address = "real@example.com";
    let shop = Shop::staged(|portal| portal.user(SeedUser::new(address)), |builder| builder).await;
    let browser = Browser::open().await;
    browser.visit(&shop.at("/sign-in")).await;
    browser.fill("identifier", address).await;
    browser.press("portal-sign-in-submit").await;
    browser.fill("code", "424242").await;
    browser.click("form button.primary").await;
    browser.text("[role=alert]").await;

    browser.press("portal-factor-one-resend").await;
    assert!(
        browser.text("[role=alert]").await.contains("second"),
        "too soon for another code"
    );
    let first = latest_code(&shop).await;
    shop.clock.move_by_secs(11 * 60);
    browser.fill("code", &first).await;
    browser.click("form button.primary").await;
    assert!(browser.text("[role=alert]").await.contains("expired"));
    browser.press("portal-factor-one-resend").await;
    browser.read("portal-factor-one-notice").await;
    let second = latest_code(&shop).await;
    browser.fill("code", &second).await;
    browser.click("form button.primary").await;
    browser.read("home").await;
    assert_eq!(browser.read("user").await, SeedUser::new(address).id());
    close(shop, browser).await;
}

async fn latest_code(shop: &Shop) -> String {
    let mails = shop.portal.outbox().await.expect("there is an outbox");
    mails
        .into_iter()
        .find_map(|mail| mail.code)
        .expect("a mail with a code")
}

/// 9: too many wrong passwords.
#[tokio::test]
async fn too_many_wrong_passwords_lock_the_account_for_a_while() {
    let (shop, browser) = open().await;
    browser.visit(&shop.at("/sign-in")).await;
    browser.fill("identifier", JANE).await;
    browser.press("portal-sign-in-submit").await;
    for _ in 0..10 {
        browser.fill("password", "not this one").await;
        browser.press("portal-factor-one-submit").await;
        browser.text("[role=alert]").await;
    }
    // Not even the right one counts now.
    browser.fill("password", PASSWORD).await;
    browser.press("portal-factor-one-submit").await;
    let text = browser.text("[role=alert]").await;
    assert!(text.contains("minutes"), "{text}");
    shop.clock.move_by_secs(61 * 60);
    sign_in(&browser, &shop, JANE).await;
    close(shop, browser).await;
}

/// 10: a forgotten password. The other device is signed out.
#[tokio::test]
async fn a_forgotten_password_is_replaced_and_other_devices_are_signed_out() {
    let (shop, browser) = open().await;
    let other = Browser::open().await;
    sign_in(&other, &shop, JANE).await;
    browser.visit(&shop.at("/sign-in")).await;
    browser.fill("identifier", JANE).await;
    browser.press("portal-sign-in-submit").await;
    browser.press("portal-factor-one-reset").await;
    browser.fill("code", "424242").await;
    browser.click("form button.primary").await;
    browser.fill("password", "a new horse battery").await;
    browser.press("portal-reset-password-submit").await;
    browser.read("home").await;
    assert_eq!(browser.read("user").await, SeedUser::new(JANE).id());

    shop.clock.move_by_secs(70);
    assert_eq!(user(&other, &shop).await, "nobody");
    other.visit(&shop.at("/sign-in")).await;
    other.fill("identifier", JANE).await;
    other.press("portal-sign-in-submit").await;
    other.fill("password", PASSWORD).await;
    other.press("portal-factor-one-submit").await;
    other.text("[role=alert]").await;
    other.close().await;
    close(shop, browser).await;
}

/// 16, 17, 38: signing out in the application, on the portal, and what another tab sees.
#[tokio::test]
async fn signing_out_is_the_same_wherever_it_is_done() {
    let (shop, browser) = open().await;
    sign_in(&browser, &shop, JANE).await;
    browser.press("sign-out").await;
    browser.read("home").await;
    assert_eq!(browser.read("user").await, "nobody");
    assert_eq!(browser.cookie("__session").await, None);
    browser.visit(&shop.portal_at("/sign-in")).await;
    browser.read("portal-sign-in-form").await;

    sign_in(&browser, &shop, JOE).await;
    browser
        .visit(&shop.portal_at(&format!("/sign-out?redirect_url={}", shop.at("/me"))))
        .await;
    browser.press("portal-sign-out-submit").await;
    browser.arrives_at(&shop.at("/me")).await;
    assert_eq!(browser.read("user").await, "nobody");
    assert_eq!(browser.address().await.as_str(), shop.at("/me"));
    close(shop, browser).await;
}

/// 18, 19: a session that is ended elsewhere.
#[tokio::test]
async fn a_device_that_is_signed_out_elsewhere_is_out_within_a_minute() {
    let (shop, browser) = open().await;
    let other = Browser::open().await;
    sign_in(&browser, &shop, JANE).await;
    sign_in(&other, &shop, JANE).await;
    browser.visit(&shop.portal_at("/user/security")).await;
    assert_eq!(browser.count("[data-testid=portal-security-device]").await, 2);
    browser.press("portal-security-sign-out").await;
    browser.press("portal-security-sign-out-confirm").await;
    browser.read("portal-security-notice").await;
    assert_eq!(browser.count("[data-testid=portal-security-device]").await, 1);
    shop.clock.move_by_secs(70);
    assert_eq!(user(&other, &shop).await, "nobody");
    assert_ne!(user(&browser, &shop).await, "nobody");

    shop.end_session(&browser).await;
    shop.clock.move_by_secs(70);
    assert_eq!(user(&browser, &shop).await, "nobody");
    other.close().await;
    close(shop, browser).await;
}

/// 37: an address with a used nonce, opened again.
#[tokio::test]
async fn a_stale_nonce_does_no_harm() {
    let (shop, browser) = open().await;
    sign_in(&browser, &shop, JANE).await;
    let visits = browser.visits().await;
    let with_nonce = visits
        .iter()
        .rfind(|visit| parameter(&visit.url, "__clerk_handshake_nonce").is_some());
    let with_nonce = with_nonce.expect("a handshake came back").url.clone();
    browser.visit(with_nonce.as_str()).await;
    assert_eq!(browser.read("user").await, SeedUser::new(JANE).id());
    let address = browser.address().await;
    assert!(!address.as_str().contains("__clerk"), "{address}");
    let visits = browser.visits().await;
    assert!(visits.len() <= 3, "{visits:#?}");
    close(shop, browser).await;
}

/// 41: a link that signs in, once.
#[tokio::test]
async fn a_link_signs_in_once() {
    let (shop, browser) = open().await;
    user(&browser, &shop).await;
    let link = shop
        .portal
        .sign_in_link_for(JANE)
        .await
        .expect("the store is there")
        .expect("jane is known");
    browser.visit(&link).await;
    assert_eq!(user(&browser, &shop).await, SeedUser::new(JANE).id());
    browser.press("sign-out").await;
    browser.visit(&link).await;
    let text = browser.text("main").await;
    assert!(text.contains("no longer valid"), "{text}");
    assert_eq!(user(&browser, &shop).await, "nobody");
    close(shop, browser).await;
}
