//! Signing out, here and elsewhere.

use portal_local::SeedUser;
use portal_tests::browser::{Browser, Scripts, handshakes, statuses};
use portal_tests::ending::Expected;
use portal_tests::shop::Shop;
use portal_tests::tokens;

use crate::{JANE, TOKEN_END, open, sign_in, user};

pub(crate) async fn application_sign_out_ends_the_session(scripts: Scripts) {
    let (shop, browser) = open(scripts).await;
    sign_in(&browser, &shop, JANE).await;
    let session = tokens::session_id(&browser).await;
    browser.follow("sign-out").await;
    browser.shows("user", "nobody").await;
    browser.visit(&shop.portal_at("/sign-in")).await;
    browser.read("portal-sign-in-form").await;
    shop.ends(browser, Expected::signed_out().ended(&session, "revoked"))
        .await;
    shop.close().await;
}

pub(crate) async fn portal_sign_out_signs_the_application_out_at_once(scripts: Scripts) {
    let (shop, browser) = open(scripts).await;
    sign_in(&browser, &shop, JANE).await;
    let session = tokens::session_id(&browser).await;
    let bye = shop.at("/?bye=1");
    browser
        .visit(&shop.portal_at(&format!("/sign-out?redirect_url={bye}")))
        .await;
    browser.follow("portal-sign-out-submit").await;
    assert_eq!(browser.arrives_at(&shop.app).await.as_str(), bye);
    assert_eq!(browser.read("user").await, "nobody");
    shop.ends(browser, Expected::signed_out().ended(&session, "removed"))
        .await;
    shop.close().await;
}

/// Checks that a browser signed out elsewhere stays signed in until its token expires.
///
/// Then one handshake signs it out.
async fn is_out_within_a_minute(shop: &Shop, browser: &Browser) {
    assert_eq!(user(browser, shop).await, SeedUser::new(JANE).id());
    shop.clock.advance(TOKEN_END);
    browser.visits().await;
    assert_eq!(user(browser, shop).await, "nobody");
    let visits = browser.visits().await;
    assert_eq!(statuses(&visits), [307, 307, 307, 200], "{visits:#?}");
    let reason = handshakes(&visits)[0].parameter("__clerk_hs_reason");
    assert_eq!(
        reason.as_deref(),
        Some("session-token-expired-refresh-session_inactive")
    );
}

pub(crate) async fn another_device_is_signed_out_within_a_minute(scripts: Scripts) {
    let (shop, browser) = open(scripts).await;
    let other = Browser::with(scripts).await;
    sign_in(&browser, &shop, JANE).await;
    sign_in(&other, &shop, JANE).await;
    let session = tokens::session_id(&other).await;
    browser.visit(&shop.portal_at("/user/security")).await;
    assert_eq!(browser.count("[data-testid=portal-security-device]").await, 2);
    browser.press("portal-security-sign-out").await;
    browser.follow("portal-security-sign-out-confirm").await;
    browser.read("portal-security-notice").await;
    assert_eq!(browser.count("[data-testid=portal-security-device]").await, 1);
    is_out_within_a_minute(&shop, &other).await;
    shop.ends(other, Expected::signed_out().ended(&session, "revoked"))
        .await;
    shop.ends(browser, Expected::signed_in(JANE)).await;
    shop.close().await;
}

pub(crate) async fn revoked_session_ends_within_a_minute(scripts: Scripts) {
    let (shop, browser) = open(scripts).await;
    sign_in(&browser, &shop, JANE).await;
    let session = tokens::session_id(&browser).await;
    shop.end_session(&browser).await;
    is_out_within_a_minute(&shop, &browser).await;
    shop.ends(browser, Expected::signed_out().ended(&session, "revoked"))
        .await;
    shop.close().await;
}

pub(crate) async fn tabs_share_sign_in_and_sign_out(scripts: Scripts) {
    let (shop, browser) = open(scripts).await;
    assert_eq!(user(&browser, &shop).await, "nobody");
    let waiting = browser.open_tab().await;
    sign_in(&browser, &shop, JANE).await;
    let session = tokens::session_id(&browser).await;

    let acting = browser.go_to_tab(&waiting).await;
    assert_eq!(browser.read("user").await, "nobody", "it has not been loaded again");
    browser.reload().await;
    assert_eq!(browser.read("user").await, SeedUser::new(JANE).id());
    browser.go_to_tab(&acting).await;
    browser.follow("sign-out").await;
    browser.shows("user", "nobody").await;
    browser.go_to_tab(&waiting).await;
    browser.reload().await;
    assert_eq!(browser.read("user").await, "nobody");
    shop.ends(browser, Expected::signed_out().ended(&session, "revoked"))
        .await;
    shop.close().await;
}
