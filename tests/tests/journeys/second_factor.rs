//! Signing in with an authenticator app.

use portal_local::SeedUser;
use portal_tests::browser::{Browser, Scripts};
use portal_tests::ending::Expected;
use portal_tests::people::{PASSWORD, TOTP_SECRET};
use portal_tests::shop::Shop;

use crate::{open_with, sign_in_here, user};

const MIA: &str = "mia+clerk_test@example.com";

/// Goes from a guarded page to the second factor.
async fn first_factor(browser: &Browser, shop: &Shop) {
    browser.visit(&shop.at("/form?x=1")).await;
    sign_in_here(browser, MIA, PASSWORD).await;
    browser.read("portal-factor-two-identifier").await;
}

async fn enter(browser: &Browser, code: &str) {
    browser.fill("code", code).await;
    browser.follow("portal-factor-two-submit").await;
}

async fn app_shows(shop: &Shop) -> String {
    let code = shop.portal.totp_code_for(MIA).await.expect("the store is there");
    code.expect("mia has an app")
}

pub(crate) async fn authenticator_or_backup_code_is_the_second_factor(scripts: Scripts) {
    let mia = SeedUser::new(MIA).password(PASSWORD).totp_secret(TOTP_SECRET);
    let (shop, browser) = open_with(scripts, |portal| portal.user(mia)).await;
    first_factor(&browser, &shop).await;
    assert_eq!(user(&browser, &shop).await, "nobody", "one factor signs nobody in");
    first_factor(&browser, &shop).await;
    enter(&browser, "12345").await;
    assert_eq!(browser.text("[role=alert]").await, "Enter a code of six digits.");
    enter(&browser, &app_shows(&shop).await).await;
    let form = shop.at("/form?x=1");
    assert_eq!(browser.arrives_at(&form).await.as_str(), form);
    assert_eq!(user(&browser, &shop).await, SeedUser::new(MIA).id());

    browser.visit(&shop.portal_at("/user/security")).await;
    browser.follow("portal-security-new-backup-codes").await;
    browser.follow("portal-new-backup-codes-submit").await;
    let codes = browser.read("portal-backup-codes-codes").await;
    let first = codes.lines().next().expect("ten codes").to_owned();
    browser.follow("portal-backup-codes-onward").await;
    assert_eq!(browser.read("portal-security-backup-codes").await, "10 left");

    browser.visit(&shop.at("/")).await;
    browser.follow("sign-out").await;
    browser.shows("user", "nobody").await;
    first_factor(&browser, &shop).await;
    browser.press("portal-factor-two-other-methods").await;
    browser.follow("portal-factor-two-other").await;
    browser.text("#code-rule").await;
    enter(&browser, &first).await;
    browser.arrives_at(&form).await;
    assert_eq!(user(&browser, &shop).await, SeedUser::new(MIA).id());

    browser.visit(&shop.portal_at("/user/security")).await;
    assert_eq!(browser.read("portal-security-backup-codes").await, "9 left");
    browser.press("portal-security-authenticator-remove").await;
    browser.follow("portal-security-authenticator-remove-confirm").await;
    assert_eq!(
        browser.read("portal-security-notice").await,
        "Two-step verification is off."
    );
    shop.ends(browser, Expected::signed_in(MIA)).await;
    shop.close().await;
}
