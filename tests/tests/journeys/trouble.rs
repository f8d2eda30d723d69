//! Wrong keys, a restart, and a reset of the portal.

use portal_local::{LocalPortal, LocalPortalBuilder, SeedUser};
use portal_tests::browser::{Browser, Scripts, handshakes, statuses};
use portal_tests::ending::Expected;
use portal_tests::log::Log;
use portal_tests::shop::{Keys, Shop, keys};

use crate::loops::explains_loop;
use crate::{JANE, PASSWORD, TOKEN_END, open, sign_in, sign_in_here, user};

pub(crate) async fn foreign_secret_key_causes_no_redirect_loop(scripts: Scripts) {
    assert_no_redirect_loop(scripts, |own, another| (keys(own).0, keys(another).1)).await;
}

pub(crate) async fn foreign_publishable_key_causes_no_redirect_loop(scripts: Scripts) {
    assert_no_redirect_loop(scripts, |own, another| (keys(another).0, keys(own).1)).await;
}

async fn assert_no_redirect_loop(scripts: Scripts, mix: impl FnOnce(&LocalPortal, &LocalPortal) -> Keys) {
    let another = LocalPortal::builder().demo_data().start().await;
    let another = another.expect("the portal starts");
    let (log, _guard) = Log::keep();
    let shop = Shop::with_keys(
        LocalPortalBuilder::demo_data,
        |own| mix(own, &another),
        |instance| instance,
    )
    .await;
    let browser = Browser::with(scripts).await;
    browser.visit(&shop.at("/")).await;
    assert_eq!(browser.read("user").await, "nobody");
    let visits = browser.visits().await;
    assert_eq!(handshakes(&visits).len(), 3, "{visits:#?}");
    // Logged once a minute, because clients can cause it.
    let text = log.text();
    let said = text.matches("a handshake payload was refused").count();
    assert_eq!(
        (said, text.matches("401 Unauthorized (clerk_key_invalid)").count()),
        (1, 1),
        "{text}"
    );

    // A user who signs in nevertheless sees the reason, not a redirect loop.
    browser.visit(&shop.at("/dashboard")).await;
    sign_in_here(&browser, JANE, PASSWORD).await;
    explains_loop(&browser, "does not accept the secret key", "CLERK_SECRET_KEY").await;
    assert_eq!(user(&browser, &shop).await, "nobody");
    shop.ends(browser, Expected::redirect_loop()).await;
    another.shut_down().await;
    shop.close().await;
}

pub(crate) async fn restarted_portal_keeps_sessions(scripts: Scripts) {
    let shop = Shop::with_database().await;
    let browser = Browser::with(scripts).await;
    sign_in(&browser, &shop, JANE).await;
    let before = browser.cookie("__clerk_db_jwt").await;
    let shop = shop.restart_portal().await;
    shop.clock.advance(TOKEN_END);
    browser.visits().await;
    assert_eq!(user(&browser, &shop).await, SeedUser::new(JANE).id());
    assert_eq!(statuses(&browser.visits().await), [200], "the session is refreshed");
    browser.visit(&shop.portal_at("/user")).await;
    browser.read("portal-user-form").await;
    browser.visit(&shop.at("/")).await;
    assert_eq!(browser.cookie("__clerk_db_jwt").await, before);
    shop.ends(browser, Expected::signed_in(JANE).refreshes(1).handshakes(0))
        .await;
    shop.close().await;
}

pub(crate) async fn reset_portal_causes_no_redirect_loop(scripts: Scripts) {
    let (shop, browser) = open(scripts).await;
    sign_in(&browser, &shop, JANE).await;
    let before = browser.cookie("__clerk_db_jwt").await;
    shop.portal.reset().await.expect("it is reset");
    shop.clock.advance(TOKEN_END);
    browser.visits().await;
    assert_eq!(user(&browser, &shop).await, "nobody");
    let visits = browser.visits().await;
    assert_eq!(statuses(&visits), [307, 307, 307, 200], "{visits:#?}");
    assert_eq!(handshakes(&visits).len(), 1);
    assert_ne!(
        browser.cookie("__clerk_db_jwt").await,
        before,
        "a new development browser"
    );
    shop.ends(browser, Expected::signed_out()).await;
    shop.close().await;
}
