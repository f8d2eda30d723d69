//! The steps of users at the portal's pages.

use crate::browser::Browser;

/// A password that the portal accepts.
pub const PASSWORD: &str = "correct horse battery";
/// A secret that an authenticator app can have.
pub const TOTP_SECRET: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";

/// Creates an account on the sign-up page that the browser is at or on its way to. `address` must be one whose code is
/// `424242`.
///
/// # Panics
///
/// If the pages do not come.
pub async fn sign_up(browser: &Browser, portal: &str, address: &str, first_name: &str) {
    browser.arrives_at(&format!("{portal}/sign-up")).await;
    browser.fill("firstName", first_name).await;
    browser.fill("emailAddress", address).await;
    browser.fill("password", PASSWORD).await;
    browser.follow("portal-sign-up-submit").await;
    browser
        .arrives_at(&format!("{portal}/sign-up/verify-email-address"))
        .await;
    browser.fill("code", "424242").await;
    browser.follow("portal-verify-email-address-submit").await;
}

/// Signs in with a password on the sign-in page that the browser is at or on its way to.
///
/// # Panics
///
/// If the pages do not come.
pub async fn sign_in(browser: &Browser, portal: &str, address: &str) {
    browser.arrives_at(&format!("{portal}/sign-in")).await;
    browser.fill("identifier", address).await;
    browser.follow("portal-sign-in-submit").await;
    browser.fill("password", PASSWORD).await;
    browser.follow("portal-factor-one-submit").await;
}
