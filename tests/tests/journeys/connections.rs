//! The external provider, and several accounts in one browser.

use portal_local::{SeedUser, Settings};
use portal_tests::browser::{Browser, Scripts};
use portal_tests::ending::Expected;
use portal_tests::shop::Shop;

use crate::{JANE, JOE, PASSWORD, open, open_with, sign_in, sign_in_here};

const PAT: &str = "pat+clerk_test@example.com";

/// Continues with this address on the provider's page.
async fn allow(browser: &Browser, address: &str) {
    browser.fill("emailAddress", address).await;
    browser.follow("portal-example-id-allow").await;
}

pub(crate) async fn new_user_signs_up_through_the_external_provider(scripts: Scripts) {
    let (shop, browser) = open(scripts).await;
    let form = shop.at("/form?x=1");
    browser.visit(&form).await;
    browser.follow("portal-sign-in-external").await;
    browser.follow("portal-example-id-cancel").await;
    let said = browser.text("[role=alert]").await;
    assert!(said.contains("You didn't allow Example ID"), "{said}");
    browser.follow("portal-sign-in-external").await;
    allow(&browser, PAT).await;
    assert_eq!(browser.arrives_at(&shop.at("/form")).await.as_str(), form);
    shop.ends(browser, Expected::signed_in(PAT)).await;
    shop.close().await;
}

pub(crate) async fn external_account_is_connected_to_an_existing_user(scripts: Scripts) {
    let (shop, browser) = open(scripts).await;
    browser.visit(&shop.at("/sign-in")).await;
    browser.follow("portal-sign-in-external").await;
    allow(&browser, JANE).await;
    browser.shows("user", &SeedUser::new(JANE).id()).await;
    browser.follow("account").await;
    assert!(browser.read("portal-user-connections").await.contains(JANE));
    browser.press("portal-user-disconnect").await;
    browser.follow("portal-user-disconnect-confirm").await;
    browser.read("portal-user-notice").await;
    assert_eq!(browser.count("[data-testid=portal-user-connections]").await, 0);
    browser.follow("portal-user-connect").await;
    allow(&browser, PAT).await;
    assert!(browser.read("portal-user-connections").await.contains(PAT));
    shop.ends(browser, Expected::signed_in(JANE)).await;
    shop.close().await;
}

async fn open_for_several(scripts: Scripts) -> (Shop, Browser) {
    let mut settings = Settings::default();
    settings.single_session_mode = false;
    open_with(scripts, |portal| portal.settings(settings)).await
}

pub(crate) async fn accounts_are_added_and_switched(scripts: Scripts) {
    let (shop, browser) = open_for_several(scripts).await;
    sign_in(&browser, &shop, JANE).await;
    browser.follow("account").await;
    browser.follow("portal-user-switch").await;
    browser.follow("portal-choose-add").await;
    sign_in_here(&browser, JOE, PASSWORD).await;
    browser.shows("user", &SeedUser::new(JOE).id()).await;

    let home = shop.at("/");
    browser
        .visit(&shop.portal_at(&format!("/sign-in?redirect_url={home}")))
        .await;
    assert_eq!(browser.count("[data-testid=portal-choose-account]").await, 2);
    browser.follow("portal-choose-account").await;
    browser.shows("user", &SeedUser::new(JANE).id()).await;

    browser
        .visit(&shop.portal_at(&format!("/user?redirect_url={home}")))
        .await;
    browser.follow("portal-user-sign-out").await;
    assert_eq!(browser.count("[data-testid=portal-choose-account]").await, 1);
    browser.follow("portal-choose-account").await;
    browser.shows("user", &SeedUser::new(JOE).id()).await;
    shop.ends(browser, Expected::signed_in(JOE)).await;
    shop.close().await;
}
