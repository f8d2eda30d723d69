//! Sessions between two visits.

use portal_local::SeedUser;
use portal_tests::browser::{Browser, Scripts, Visit, handshakes, statuses};
use portal_tests::ending::Expected;
use portal_tests::shop::Shop;

use crate::{JANE, TOKEN_END, open, sign_in};

/// A shop where jane is signed in.
async fn open_signed_in(scripts: Scripts) -> (Shop, Browser) {
    let (shop, browser) = open(scripts).await;
    sign_in(&browser, &shop, JANE).await;
    browser.visits().await;
    (shop, browser)
}

/// Opens the home page, which must show jane. Returns the visits.
async fn come_back(shop: &Shop, browser: &Browser) -> Vec<Visit> {
    browser.visit(&shop.at("/")).await;
    assert_eq!(browser.read("user").await, SeedUser::new(JANE).id());
    assert_eq!(browser.address().await.as_str(), shop.at("/"));
    browser.visits().await
}

/// Checks that the visits have exactly one handshake, with this reason.
fn assert_one_handshake(visits: &[Visit], reason: &str) {
    assert_eq!(statuses(visits), [307, 307, 307, 200], "{visits:#?}");
    let found = handshakes(visits)[0].parameter("__clerk_hs_reason");
    assert_eq!(found.as_deref(), Some(reason));
}

pub(crate) async fn expired_token_is_refreshed_without_a_redirect(scripts: Scripts) {
    let (shop, browser) = open_signed_in(scripts).await;
    let before = (browser.cookie("__session").await, browser.cookie("__refresh").await);
    shop.clock.advance(TOKEN_END);
    let asked = shop.asked();
    assert_eq!(statuses(&come_back(&shop, &browser).await), [200]);
    let log = shop.asked_since(asked);
    assert!(
        matches!(log.as_slice(), [one] if one.is_refresh() && one.status == 200),
        "{log:#?}"
    );
    let after = (browser.cookie("__session").await, browser.cookie("__refresh").await);
    assert!(before.0 != after.0 && before.1 != after.1, "both are new");
    shop.ends(browser, Expected::signed_in(JANE).refreshes(1)).await;
    shop.close().await;
}

pub(crate) async fn missing_refresh_token_takes_one_handshake(scripts: Scripts) {
    let (shop, browser) = open_signed_in(scripts).await;
    browser.remove_cookies("__refresh").await;
    shop.clock.advance(TOKEN_END);
    let reason = "session-token-expired-refresh-non-eligible-no-refresh-cookie";
    assert_one_handshake(&come_back(&shop, &browser).await, reason);
    shop.ends(browser, Expected::signed_in(JANE).refreshes(0)).await;
    shop.close().await;
}

pub(crate) async fn form_after_token_expiry_is_accepted(scripts: Scripts) {
    let (shop, browser) = open_signed_in(scripts).await;
    browser.visit(&shop.at("/form")).await;
    browser.fill("text", "after 70 seconds").await;
    shop.clock.advance(TOKEN_END);
    let asked = shop.asked();
    browser.follow("save").await;
    browser.read("dashboard").await;
    assert_eq!(shop.notes(), ["after 70 seconds"]);
    let log = shop.asked_since(asked);
    assert!(matches!(log.as_slice(), [one] if one.is_refresh()), "{log:#?}");
    shop.ends(browser, Expected::signed_in(JANE).refreshes(1)).await;
    shop.close().await;
}

pub(crate) async fn form_after_token_expiry_is_signed_out_as_in_clerk(scripts: Scripts) {
    let shop = Shop::staged(portal_local::LocalPortalBuilder::demo_data, |builder| {
        builder.refresh_on_get_only(true)
    })
    .await;
    let browser = Browser::with(scripts).await;
    sign_in(&browser, &shop, JANE).await;
    browser.visits().await;
    shop.clock.advance(TOKEN_END);
    let asked = shop.asked();
    browser.follow("ask").await;
    browser.shows("user", "nobody").await;
    assert_eq!(
        statuses(&browser.visits().await),
        [200],
        "neither to the portal nor to a handshake"
    );
    let log = shop.asked_since(asked);
    assert!(log.is_empty(), "{log:#?}");
    assert_eq!(statuses(&come_back(&shop, &browser).await), [200]);

    // A guarded page's form redirects to the portal, which has the session, and back to the form.
    browser.visit(&shop.at("/form")).await;
    browser.fill("text", "lost").await;
    shop.clock.advance(TOKEN_END);
    browser.follow("save").await;
    assert_eq!(browser.arrives_at(&shop.at("/form")).await.as_str(), shop.at("/form"));
    assert!(shop.notes().is_empty());
    shop.ends(browser, Expected::signed_in(JANE).redirects(6)).await;
    shop.close().await;
}

pub(crate) async fn missing_session_cookie_is_restored(scripts: Scripts) {
    let (shop, browser) = open_signed_in(scripts).await;
    browser.remove_cookies("__session").await;
    assert_one_handshake(&come_back(&shop, &browser).await, "client-uat-but-no-session-token");
    shop.ends(browser, Expected::signed_in(JANE)).await;
    shop.close().await;
}

pub(crate) async fn application_without_cookies_restores_the_session(scripts: Scripts) {
    let (shop, browser) = open_signed_in(scripts).await;
    browser.remove_cookies("").await;
    assert_one_handshake(&come_back(&shop, &browser).await, "dev-browser-missing");
    shop.ends(browser, Expected::signed_in(JANE)).await;
    shop.close().await;
}

pub(crate) async fn used_nonce_keeps_the_session(scripts: Scripts) {
    let (shop, browser) = open(scripts).await;
    sign_in(&browser, &shop, JANE).await;
    let visits = browser.visits().await;
    let with_nonce = visits
        .iter()
        .rfind(|visit| visit.parameter("__clerk_handshake_nonce").is_some());
    let with_nonce = with_nonce.expect("a handshake came back").url.clone();
    let before = browser.cookie("__session").await;
    browser.visit(with_nonce.as_str()).await;
    assert_eq!(browser.read("user").await, SeedUser::new(JANE).id());
    assert_eq!(browser.address().await.as_str(), shop.at("/"));
    let visits = browser.visits().await;
    assert_eq!(statuses(&visits), [307, 200], "{visits:#?}");
    assert_eq!(browser.cookie("__session").await, before);
    shop.ends(browser, Expected::signed_in(JANE)).await;
    shop.close().await;
}
