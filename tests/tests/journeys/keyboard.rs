//! Use by keyboard alone, in narrow windows and with large text.

use portal_tests::browser::{Browser, Scripts};
use portal_tests::ending::Expected;
use portal_tests::shop::Shop;
use portal_tests::tour::tour;

use crate::{CODE, JANE, PASSWORD, TEST_CODE};

async fn open(scripts: Scripts) -> (Shop, Browser) {
    let (shop, browser) = crate::open(scripts).await;
    browser.comes_to_the_front().await;
    (shop, browser)
}

/// Says who it is at the sign-in page, where the cursor is in the field from the start.
async fn identify(browser: &Browser, shop: &Shop, address: &str) {
    browser.visit(&shop.at("/form?x=1")).await;
    browser.focus_is_at("portal-sign-in-identifier").await;
    browser.everything_is_reachable().await;
    browser.reload().await;
    browser.focus_is_at("portal-sign-in-identifier").await;
    browser.keys(address).await;
    browser.enter().await;
}

async fn is_back_at_the_form(browser: &Browser, shop: &Shop) {
    assert_eq!(browser.arrives_at(&shop.app).await.as_str(), shop.at("/form?x=1"));
}

pub(crate) async fn password_sign_in_works_by_keyboard(scripts: Scripts) {
    let (shop, browser) = open(scripts).await;
    identify(&browser, &shop, JANE).await;
    browser.focus_is_at("portal-factor-one-password").await;
    browser.keys("not this one").await;
    browser.enter().await;
    browser.focus_is_at("portal-factor-one-errors").await;
    browser.everything_is_reachable().await;
    browser.tab_to("portal-factor-one-password").await;
    browser.keys(PASSWORD).await;
    browser.tab_to("portal-factor-one-submit").await;
    browser.enter().await;
    is_back_at_the_form(&browser, &shop).await;
    shop.ends(browser, Expected::signed_in(JANE)).await;
    shop.close().await;
}

pub(crate) async fn code_sign_in_works_by_keyboard(scripts: Scripts) {
    let (shop, browser) = open(scripts).await;
    identify(&browser, &shop, CODE).await;
    browser.focus_is_at("portal-factor-one-code").await;
    browser.everything_is_reachable().await;
    browser.tab_to("portal-factor-one-code").await;
    browser.keys("000000").await;
    browser.enter().await;
    browser.focus_is_at("portal-factor-one-errors").await;
    browser.tab_to("portal-factor-one-code").await;
    browser.keys(TEST_CODE).await;
    browser.tab_to("portal-factor-one-submit").await;
    browser.enter().await;
    is_back_at_the_form(&browser, &shop).await;
    shop.ends(browser, Expected::signed_in(CODE)).await;
    shop.close().await;
}

pub(crate) async fn sign_up_works_by_keyboard(scripts: Scripts) {
    const NEW: &str = "new+clerk_test@example.com";
    let (shop, browser) = open(scripts).await;
    identify(&browser, &shop, NEW).await;
    browser.focus_is_at("portal-sign-in-errors").await;
    browser.tab_to("portal-sign-in-error-link").await;
    browser.enter().await;
    browser.everything_is_reachable().await;
    // The address has come along.
    browser.tab_to("portal-sign-up-email-address").await;
    browser.tab_to("portal-sign-up-password").await;
    browser.keys("short").await;
    browser.enter().await;
    browser.focus_is_at("portal-sign-up-errors").await;
    browser.tab_to("portal-sign-up-first-name").await;
    browser.keys("Ann").await;
    browser.tab_to("portal-sign-up-password").await;
    browser.keys(PASSWORD).await;
    browser.tab_to("portal-sign-up-submit").await;
    browser.enter().await;
    browser.focus_is_at("portal-verify-email-address-code").await;
    browser.keys(TEST_CODE).await;
    browser.enter().await;
    is_back_at_the_form(&browser, &shop).await;
    assert_eq!(shop.backend_api().user(NEW).await["first_name"], "Ann");
    shop.ends(browser, Expected::signed_in(NEW)).await;
    shop.close().await;
}

pub(crate) async fn profile_is_changed_by_keyboard(scripts: Scripts) {
    const JANET: &str = "janet+clerk_test@example.com";
    let (shop, browser) = open(scripts).await;
    crate::sign_in(&browser, &shop, JANE).await;
    browser.tab_to("account").await;
    browser.enter().await;
    browser.everything_is_reachable().await;
    browser.tab_to("portal-user-last-name").await;
    browser.keys("Janet").await;
    browser.enter().await;
    browser.read("portal-user-notice").await;

    browser.tab_to("portal-user-add-email-address").await;
    browser.enter().await;
    browser.focus_is_at("portal-add-email-address-email-address").await;
    browser.keys("no address").await;
    browser.enter().await;
    browser.focus_is_at("portal-add-email-address-errors").await;
    browser.everything_is_reachable().await;
    browser.tab_to("portal-add-email-address-email-address").await;
    // What the Tab key leads to is selected, so that typing replaces it.
    browser.keys(JANET).await;
    browser.enter().await;
    browser.focus_is_at("portal-user-verify-email-address-code").await;
    browser.keys(TEST_CODE).await;
    browser.enter().await;
    browser.tab_to("portal-user-make-primary").await;
    browser.enter().await;
    browser.read("portal-user-notice").await;
    browser.tab_to("portal-user-remove").await;
    browser.keys(" ").await;
    browser.tab_to("portal-user-remove-confirm").await;
    browser.enter().await;
    browser.read("portal-user-notice").await;
    browser.tab_to("portal-user-back").await;
    browser.enter().await;
    assert_eq!(browser.arrives_at(&shop.app).await.as_str(), shop.at("/"));
    browser.visit(&shop.at("/profile")).await;
    assert_eq!(browser.read("address").await, JANET);

    let user = shop.backend_api().user(JANET).await;
    assert_eq!(user["last_name"], "Janet");
    assert_eq!(user["email_addresses"].as_array().map(Vec::len), Some(1));
    shop.ends(browser, Expected::signed_in(JANET)).await;
    shop.close().await;
}

/// A window of 640 pixels at 200 % has room for 320, one of 1280 for 640.
#[tokio::test]
async fn every_page_fits_a_narrow_window() {
    const WIDTHS: [u32; 2] = [320, 640];
    let browser = Browser::open().await;
    let mut too_wide = Vec::new();
    tour(&browser, async |page| {
        for width in WIDTHS {
            browser.appear(width, 800, false).await;
            let hidden = browser
                .evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
                .await;
            if hidden != 0 {
                too_wide.push(format!("{page} has {hidden} pixels more than fit into {width}"));
            }
        }
    })
    .await;
    browser.close().await;
    assert!(too_wide.is_empty(), "{}", too_wide.join("\n"));
}
