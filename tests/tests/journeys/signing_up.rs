//! Creating an account.

use portal_local::{Settings, SignUpMode};
use portal_tests::browser::{Browser, Scripts, parameter, statuses};
use portal_tests::ending::Expected;
use portal_tests::shop::Shop;
use serde_json::json;
use url::Url;

use crate::{JANE, PASSWORD, TEST_CODE, identify, open};

const NEW: &str = "new+clerk_test@example.com";

pub(crate) async fn unknown_address_is_prefilled_at_sign_up(scripts: Scripts) {
    let (shop, browser) = open(scripts).await;
    let form = shop.at("/form?x=1");
    browser.visit(&form).await;
    identify(&browser, "nobody@example.com").await;
    browser
        .is_told("We couldn't find an account with this email address.")
        .await;
    browser.follow("portal-sign-in-error-link").await;
    let address = browser.arrives_at(&shop.portal_at("/sign-up")).await;
    assert_eq!(parameter(&address, "redirect_url").as_deref(), Some(form.as_str()));
    assert_eq!(browser.value("emailAddress").await, "nobody@example.com");
    shop.ends(browser, Expected::signed_out()).await;
    shop.close().await;
}

pub(crate) async fn sign_up_form_is_prefilled_from_the_link(scripts: Scripts) {
    let (shop, browser) = open(scripts).await;
    let form = shop.at("/form?x=1");
    let mut link = Url::parse(&shop.portal_at("/sign-up")).expect("a URL");
    link.query_pairs_mut()
        .append_pair("email_address", NEW)
        .append_pair("first_name", "Ann")
        .append_pair("redirect_url", &form);
    browser.visit(link.as_str()).await;
    assert_eq!(browser.value("emailAddress").await, NEW);
    assert_eq!(browser.value("firstName").await, "Ann");
    browser.fill("password", PASSWORD).await;
    browser.follow("portal-sign-up-submit").await;
    browser
        .arrives_at(&shop.portal_at("/sign-up/verify-email-address"))
        .await;
    browser.fill("code", TEST_CODE).await;
    browser.follow("portal-verify-email-address-submit").await;
    assert_eq!(browser.arrives_at(&shop.app).await.as_str(), form);
    browser.read("text").await;

    let user = shop.backend_api().user(NEW).await;
    assert_eq!(user["first_name"], "Ann");
    let address = &user["email_addresses"][0];
    assert_eq!(address["id"], user["primary_email_address_id"]);
    assert_eq!(address["verification"]["status"], "verified");
    shop.ends(browser, Expected::signed_in(NEW)).await;
    shop.close().await;
}

pub(crate) async fn taken_address_is_redirected_to_sign_in(scripts: Scripts) {
    let (shop, browser) = open(scripts).await;
    browser.visit(&shop.at("/sign-up")).await;
    browser.fill("emailAddress", JANE).await;
    browser.fill("password", "a new horse battery").await;
    browser.follow("portal-sign-up-submit").await;
    browser
        .is_told("An account with this email address already exists.")
        .await;
    assert_eq!(browser.count("[data-code=form_identifier_exists]").await, 1);
    browser.follow("portal-sign-up-error-link").await;
    browser.arrives_at(&shop.portal_at("/sign-in")).await;
    assert_eq!(browser.value("identifier").await, JANE);
    shop.ends(browser, Expected::signed_out()).await;
    shop.close().await;
}

pub(crate) async fn sign_up_mode_restricts_sign_up(scripts: Scripts) {
    let (shop, browser) = open(scripts).await;
    set_mode(&shop, SignUpMode::Restricted).await;
    is_refused(
        &shop,
        &browser,
        "You need an invitation to sign up. Ask an administrator for one.",
    )
    .await;
    let invitation = json!({ "email_address": "guest@example.com", "redirect_url": shop.at("/form") });
    shop.backend_api().post("/v1/invitations", invitation).await;
    accepts_the_invitation(&shop, &browser).await;
    assert_eq!(browser.arrives_at(&shop.app).await.as_str(), shop.at("/form"));
    shop.ends(browser, Expected::signed_in("guest@example.com")).await;

    let browser = Browser::with(scripts).await;
    set_mode(&shop, SignUpMode::Waitlist).await;
    is_refused(&shop, &browser, "Join the waitlist to get one.").await;
    for _ in 0..2 {
        browser.visit(&shop.at("/sign-up")).await;
        browser.follow("portal-sign-up-waitlist").await;
        browser.fill("emailAddress", "patient@example.com").await;
        browser.follow("portal-waitlist-submit").await;
        browser.read("portal-waitlist-joined").await;
    }
    let entries = shop.backend_api().get("/v1/waitlist_entries").await;
    assert_eq!(entries["total_count"], 1, "{entries}");
    let entry = &entries["data"][0];
    assert_eq!(
        (&entry["email_address"], &entry["status"]),
        (&json!("patient@example.com"), &json!("pending"))
    );
    let invite = format!("/v1/waitlist_entries/{}/invite", entry["id"].as_str().expect("an id"));
    shop.backend_api().post(&invite, json!({})).await;
    accepts_the_invitation(&shop, &browser).await;
    browser.read("home").await;
    let entries = shop.backend_api().get("/v1/waitlist_entries").await;
    assert_eq!(entries["data"][0]["status"], "completed");
    shop.ends(browser, Expected::signed_in("patient@example.com")).await;
    shop.close().await;
}

async fn set_mode(shop: &Shop, mode: SignUpMode) {
    let mut settings = Settings::default();
    settings.sign_up_mode = mode;
    shop.portal.set_settings(settings).await.expect("the store is there");
}

/// Checks that the page has no form and refuses a hand-written one.
async fn is_refused(shop: &Shop, browser: &Browser, reason: &str) {
    browser.visit(&shop.at("/sign-in")).await;
    let form = browser.value("form_token").await;
    browser.visit(&shop.portal_at("/sign-up")).await;
    browser.finds_in("main", reason).await;
    assert_eq!(browser.count("[name=emailAddress]").await, 0);
    browser.visits().await;
    let fields = [
        ("form_token", form.as_str()),
        ("emailAddress", NEW),
        ("password", PASSWORD),
    ];
    browser.forge("/sign-up", &fields).await;
    browser.finds_in("main", reason).await;
    assert_eq!(statuses(&browser.visits().await), [403]);
}

/// Opens a mailed invitation as a new user, which verifies the address.
async fn accepts_the_invitation(shop: &Shop, browser: &Browser) {
    browser.visit(&shop.mailed_link().await).await;
    browser.read("portal-sign-up-invited").await;
    assert_eq!(browser.count("[name=emailAddress]").await, 0);
    browser.fill("password", PASSWORD).await;
    browser.follow("portal-sign-up-submit").await;
}
