//! Signing in.

use portal_local::SeedUser;
use portal_tests::browser::{Browser, Scripts, handshakes, statuses};
use portal_tests::ending::Expected;
use portal_tests::tokens;

use crate::{CODE, JANE, PASSWORD, TEST_CODE, identify, open, open_shop, sign_in, sign_in_here};

pub(crate) async fn first_visit_takes_one_handshake(scripts: Scripts) {
    let (shop, browser) = open(scripts).await;
    browser.visit(&shop.at("/")).await;
    let visits = browser.visits().await;
    assert_eq!(statuses(&visits), [307, 307, 307, 200]);
    let reason = handshakes(&visits)[0].parameter("__clerk_hs_reason");
    assert_eq!(reason.as_deref(), Some("dev-browser-missing"));
    browser.visit(&shop.at("/")).await;
    assert_eq!(statuses(&browser.visits().await), [200]);
    shop.ends(browser, Expected::signed_out().handshakes(1).redirects(3))
        .await;
    shop.close().await;
}

pub(crate) async fn wrong_then_right_password_returns_to_the_page(scripts: Scripts) {
    let (shop, browser) = open(scripts).await;
    let form = shop.at("/form?x=1");
    browser.visit(&form).await;
    sign_in_here(&browser, JANE, "not this one").await;
    assert_eq!(
        browser.text("[role=alert]").await,
        "That password isn't correct. Try again or use another method."
    );
    assert_eq!(browser.count("[role=alert]").await, 1);
    browser.fill("password", PASSWORD).await;
    browser.follow("portal-factor-one-submit").await;
    assert_eq!(browser.arrives_at(&shop.app).await.as_str(), form);
    browser.read("text").await;
    shop.ends(browser, Expected::signed_in(JANE).handshakes(2).refreshes(0))
        .await;
    shop.close().await;
}

pub(crate) async fn email_code_signs_in(scripts: Scripts) {
    let (shop, browser) = open(scripts).await;
    let form = shop.at("/form?x=1");
    browser.visit(&form).await;
    identify(&browser, JANE).await;
    browser.press("portal-factor-one-other-methods").await;
    browser.follow("portal-factor-one-email-code").await;
    browser.fill("code", TEST_CODE).await;
    browser.follow("portal-factor-one-submit").await;
    assert_eq!(browser.arrives_at(&shop.app).await.as_str(), form);
    shop.ends(browser, Expected::signed_in(JANE)).await;
    shop.close().await;
}

pub(crate) async fn signed_in_user_sees_no_form(scripts: Scripts) {
    let (shop, browser) = open(scripts).await;
    sign_in(&browser, &shop, JANE).await;
    let form = shop.at("/form");
    browser.visits().await;
    browser
        .visit(&shop.portal_at(&format!("/sign-in?redirect_url={form}")))
        .await;
    assert_eq!(browser.address().await.as_str(), form);
    let visits = browser.visits().await;
    assert_eq!(statuses(&visits), [303, 307, 307, 307, 200], "{visits:#?}");
    shop.ends(browser, Expected::signed_in(JANE)).await;
    shop.close().await;
}

pub(crate) async fn back_and_double_submit_keep_one_session(scripts: Scripts) {
    let shop = open_shop(|portal| portal).await;
    let browser = Browser::in_chromium(scripts).await;
    browser.visit(&shop.at("/sign-in")).await;
    identify(&browser, CODE).await;
    let code_page = browser.address().await;

    // The same form twice, both filled in before either is sent.
    browser.fill("code", TEST_CODE).await;
    let first = browser.open_tab().await;
    browser.visit(code_page.as_str()).await;
    browser.fill("code", TEST_CODE).await;
    let second = browser.go_to_tab(&first).await;
    browser.follow("portal-factor-one-submit").await;
    browser.read("home").await;
    let session = tokens::session_id(&browser).await;
    browser.go_to_tab(&second).await;
    browser.follow("portal-factor-one-submit").await;
    browser.read("home").await;

    browser.visits().await;
    for _ in 0..3 {
        browser.back().await;
    }
    let visits = browser.visits().await;
    assert!(statuses(&visits).iter().all(|status| *status < 400), "{visits:#?}");
    let user_id = SeedUser::new(CODE).id();
    let live = shop.backend_api().live_sessions(&user_id).await;
    assert!(live.len() == 1 && live[0]["id"] == session.as_str(), "{live:#?}");
    shop.ends(browser, Expected::signed_in(CODE)).await;
    shop.close().await;
}
