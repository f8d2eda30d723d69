//! What people do with an account, in a real browser: the application, the portal, and the way between them.
//!
//! The people are those that `portal-local seed` knows: jane and joe of acme, solo, code and leaked.

mod account;
mod boundaries;
mod organizations;
mod signing_in;
mod signing_up;
mod without_script;

use portal_tests::browser::Browser;
use portal_tests::shop::Shop;

pub(crate) const JANE: &str = "jane+clerk_test@example.com";
pub(crate) const JOE: &str = "joe+clerk_test@example.com";
pub(crate) const SOLO: &str = "solo+clerk_test@example.com";
pub(crate) const CODE: &str = "code+clerk_test@example.com";
pub(crate) const PASSWORD: &str = "correct horse battery";

/// A shop whose portal knows the people above.
pub(crate) async fn open() -> (Shop, Browser) {
    let shop = Shop::staged(portal_local::LocalPortalBuilder::demo_data, |builder| builder).await;
    (shop, Browser::open().await)
}

pub(crate) async fn close(shop: Shop, browser: Browser) {
    browser.close().await;
    shop.close().await;
}

/// Signs somebody in from the application's home page, which is where they are afterwards.
pub(crate) async fn sign_in(browser: &Browser, shop: &Shop, address: &str) {
    browser.visit(&shop.at("/sign-in")).await;
    browser.fill("identifier", address).await;
    browser.press("portal-sign-in-submit").await;
    browser.fill("password", PASSWORD).await;
    browser.press("portal-factor-one-submit").await;
    browser.read("home").await;
}

/// Who the application takes the browser for.
pub(crate) async fn user(browser: &Browser, shop: &Shop) -> String {
    browser.visit(&shop.at("/")).await;
    browser.read("user").await
}

/// A query parameter of an address.
pub(crate) fn parameter(url: &url::Url, name: &str) -> Option<String> {
    url.query_pairs()
        .find_map(|(key, value)| (key == name).then(|| value.into_owned()))
}
