//! Signing in.

use std::path::Path;
use std::time::Duration;

use portal_local::SeedUser;
use portal_tests::browser::{Browser, Scripts, handshakes, statuses};
use portal_tests::ending::Expected;
use portal_tests::shop::Shop;
use portal_tests::tokens;
use rusqlite::Connection;
use serde_json::json;

use crate::{CODE, JANE, PASSWORD, TEST_CODE, TOKEN_END, identify, open, open_with, sign_in, sign_in_here, user};

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
    let shop = Shop::with_database().await;
    let browser = Browser::with(scripts).await;
    let form = shop.at("/form?x=1");
    browser.visit(&form).await;
    identify(&browser, JANE).await;
    browser.press("portal-factor-one-other-methods").await;
    browser.follow("portal-factor-one-email-code").await;
    browser.fill("code", "000000").await;
    browser.follow("portal-factor-one-submit").await;
    browser.is_told("That code isn't correct. You have 4 tries left.").await;
    browser.fill("code", "424 242").await;
    browser.follow("portal-factor-one-submit").await;
    assert_eq!(browser.arrives_at(&shop.app).await.as_str(), form);
    shop.ends(browser, Expected::signed_in(JANE)).await;
    // The portal locks its database while it runs.
    let (_folder, database) = shop.close_and_keep().await;
    assert_eq!(verification(&database), ("verified".to_owned(), 2));
}

/// Status and attempts of the only sign-in code.
fn verification(database: &Path) -> (String, u32) {
    let database = Connection::open(database).expect("the portal's database");
    let mut found = database
        .prepare("SELECT status, attempts FROM verifications WHERE subject_type = 'sign_in'")
        .expect("the portal's table");
    let rows = found.query_map([], |row| Ok((row.get(0)?, row.get(1)?)));
    let rows: Vec<_> = rows.expect("rows").collect::<Result<_, _>>().expect("rows");
    match <[(String, u32); 1]>::try_from(rows) {
        Ok([row]) => row,
        Err(rows) => panic!("not one verification: {rows:?}"),
    }
}

const REAL: &str = "real@example.com";

/// A shop that asks a user with a real address for the mailed code.
async fn open_with_code_sent(scripts: Scripts) -> (Shop, Browser) {
    let (shop, browser) = open_with(scripts, |portal| portal.user(SeedUser::new(REAL))).await;
    browser.visit(&shop.at("/sign-in")).await;
    identify(&browser, REAL).await;
    browser.read("portal-factor-one-code").await;
    (shop, browser)
}

pub(crate) async fn real_address_gets_its_code_by_mail(scripts: Scripts) {
    let (shop, browser) = open_with_code_sent(scripts).await;
    browser.fill("code", TEST_CODE).await;
    browser.follow("portal-factor-one-submit").await;
    browser.is_told("That code isn't correct.").await;

    let sign_in = browser.open_tab().await;
    browser.visit(&shop.portal_at("/__local/outbox")).await;
    let code = shop.mailed_code().await;
    browser.finds_in("main", &code).await;
    browser.go_to_tab(&sign_in).await;
    browser.fill("code", &code).await;
    browser.follow("portal-factor-one-submit").await;
    browser.read("home").await;
    shop.ends(browser, Expected::signed_in(REAL)).await;
    shop.close().await;
}

pub(crate) async fn code_expires_and_resend_is_rate_limited(scripts: Scripts) {
    let (shop, browser) = open_with_code_sent(scripts).await;
    let first = shop.mailed_code().await;
    browser.visits().await;
    browser.follow("portal-factor-one-resend").await;
    browser.is_told("We just sent you a code.").await;
    assert_eq!(browser.count("[data-code=too_many_requests]").await, 1);
    assert_eq!(statuses(&browser.visits().await), [429]);

    shop.clock.advance(Duration::from_secs(11 * 60));
    browser.fill("code", &first).await;
    browser.follow("portal-factor-one-submit").await;
    browser.is_told("This code has expired.").await;
    assert_eq!(browser.count("[data-code=verification_expired]").await, 1);
    browser.follow("portal-factor-one-resend").await;
    browser.read("portal-factor-one-notice").await;
    let second = shop.mailed_code().await;
    browser.fill("code", &second).await;
    browser.follow("portal-factor-one-submit").await;
    browser.read("home").await;
    shop.ends(browser, Expected::signed_in(REAL)).await;
    shop.close().await;
}

pub(crate) async fn too_many_wrong_passwords_lock_the_account(scripts: Scripts) {
    let (shop, browser) = open(scripts).await;
    browser.visit(&shop.at("/sign-in")).await;
    identify(&browser, JANE).await;
    for attempt in 1..=10 {
        browser.fill("password", "not this one").await;
        browser.follow("portal-factor-one-submit").await;
        let expected = if attempt < 10 {
            "That password isn't correct. Try again or use another method."
        } else {
            "Too many attempts."
        };
        browser.is_told(expected).await;
    }
    // Even the right password is refused now.
    browser.fill("password", PASSWORD).await;
    browser.follow("portal-factor-one-submit").await;
    browser.is_told("Too many attempts. Try again in 60 minutes.").await;
    assert_eq!(browser.count("[data-code=user_locked]").await, 1);
    shop.clock.advance(Duration::from_secs(61 * 60));
    browser.fill("password", PASSWORD).await;
    browser.follow("portal-factor-one-submit").await;
    browser.read("home").await;
    shop.ends(browser, Expected::signed_in(JANE)).await;
    shop.close().await;
}

pub(crate) async fn password_reset_signs_other_devices_out(scripts: Scripts) {
    const NEW: &str = "a new horse battery";
    let (shop, browser) = open(scripts).await;
    let other = Browser::with(scripts).await;
    sign_in(&other, &shop, JANE).await;
    let others = tokens::session_id(&other).await;

    browser.visit(&shop.at("/sign-in")).await;
    identify(&browser, JANE).await;
    browser.follow("portal-factor-one-reset").await;
    browser.fill("code", TEST_CODE).await;
    browser.follow("portal-reset-password-submit").await;
    assert_eq!(browser.count("[name=signOutOfOtherSessions]:checked").await, 1);
    browser.fill("password", NEW).await;
    browser.follow("portal-reset-password-submit").await;
    browser.read("home").await;

    shop.clock.advance(TOKEN_END);
    assert_eq!(user(&other, &shop).await, "nobody");
    other.visit(&shop.at("/sign-in")).await;
    sign_in_here(&other, JANE, PASSWORD).await;
    other
        .is_told("That password isn't correct. Try again or use another method.")
        .await;
    shop.ends(other, Expected::signed_out().ended(&others, "revoked")).await;
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

pub(crate) async fn back_and_double_submit_are_harmless(scripts: Scripts) {
    let (shop, browser) = open(scripts).await;
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

pub(crate) async fn sign_in_link_works_once(scripts: Scripts) {
    let (shop, browser) = open(scripts).await;
    assert_eq!(user(&browser, &shop).await, "nobody");
    let body = json!({ "user_id": SeedUser::new(JANE).id() });
    let token = shop.backend_api().post("/v1/sign_in_tokens", body).await;
    let link = token["url"].as_str().expect("a link");
    browser.visit(link).await;
    browser.finds_in("main", "This link signs you in as").await;
    browser.follow("portal-ticket-submit").await;
    assert_eq!(
        browser.arrives_at(&shop.app).await.as_str(),
        shop.at("/"),
        "one button, and back"
    );
    assert_eq!(browser.read("user").await, SeedUser::new(JANE).id());
    let session = tokens::session_id(&browser).await;
    browser.follow("sign-out").await;
    browser.shows("user", "nobody").await;

    browser.visits().await;
    browser.visit(link).await;
    browser.finds_in("main", "no longer valid").await;
    assert_eq!(statuses(&browser.visits().await), [410]);
    assert_eq!(user(&browser, &shop).await, "nobody");
    shop.ends(browser, Expected::signed_out().ended(&session, "revoked"))
        .await;
    shop.close().await;
}
