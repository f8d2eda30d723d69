//! A walk through every page of the local portal and every state a person can see it in.

use portal_local::{LocalPortal, SeedOrganization, SeedUser, SignUpMode};

use crate::browser::Browser;
use crate::people::{PASSWORD, TOTP_SECRET};

const JANE: &str = "jane+clerk_test@example.com";
const ADA: &str = "ada+clerk_test@example.com";
/// Has an authenticator app.
const MIA: &str = "mia+clerk_test@example.com";

/// Walks through the pages of a fresh portal. `look` is called at each, with a name for it.
///
/// # Panics
///
/// If a page does not come.
pub async fn tour(browser: &Browser, mut look: impl AsyncFnMut(&str)) {
    let portal = LocalPortal::builder().application_name("Shop").demo_data();
    let portal = portal
        .organization(SeedOrganization::new("Books", "books").member(JANE, "org:admin"))
        .user(SeedUser::new(MIA).password(PASSWORD).totp_secret(TOTP_SECRET))
        // Nothing listens there, so the deliveries stay pending.
        .webhook("http://127.0.0.1:1/webhooks")
        .start()
        .await;
    let portal = portal.expect("the portal starts");
    let at = |path: &str| format!("{}{path}", portal.origin());

    for (name, path) in [
        ("index", "/"),
        ("outbox-empty", "/__local/outbox"),
        ("not-found", "/nowhere"),
        ("default-redirect-signed-out", "/default-redirect"),
        ("sign-in", "/sign-in"),
        ("sign-up", "/sign-up"),
        (
            "sign-up-prefilled",
            "/sign-up?email_address=grace%40example.com&first_name=Grace",
        ),
    ] {
        browser.visit(&at(path)).await;
        look(name).await;
    }
    signing_up(browser, &at, &mut look).await;
    signing_in(browser, &at, &mut look).await;
    outside(browser, &at, &mut look).await;
    two_steps(browser, &portal, &at, &mut look).await;
    let link = portal
        .sign_in_link_for(JANE)
        .await
        .expect("the store is there")
        .expect("jane is known");
    browser.visit(&link).await;
    look("ticket").await;
    browser.follow("portal-ticket-submit").await;
    account(browser, &at, &mut look).await;
    organization(browser, &at, &mut look).await;
    browser.visit(&at("/sign-out")).await;
    look("sign-out").await;
    browser.follow("portal-sign-out-submit").await;
    browser.visit(&at("/sign-out")).await;
    look("sign-out-signed-out").await;
    let mut settings = portal.settings().await.expect("the store is there");
    settings.sign_up_mode = SignUpMode::Waitlist;
    settings.force_organization_selection = true;
    portal.set_settings(settings).await.expect("the store is there");
    closed(browser, &portal, &at, &mut look).await;
    several(browser, &portal, &at, &mut look).await;
    returning(browser, &at, &mut look).await;
    portal.shut_down().await;
}

async fn signing_up(browser: &Browser, at: &impl Fn(&str) -> String, look: &mut impl AsyncFnMut(&str)) {
    browser.visit(&at("/sign-up")).await;
    browser.fill("emailAddress", "no-address").await;
    browser.fill("password", "short").await;
    browser.inject("document.forms[0].noValidate = true").await;
    browser.click("[data-testid=portal-sign-up-submit]").await;
    browser.text("[data-testid=portal-sign-up-errors]").await;
    look("sign-up-errors").await;

    browser.fill("firstName", "Ada").await;
    browser.fill("emailAddress", ADA).await;
    browser.fill("password", PASSWORD).await;
    browser.click("[data-testid=portal-sign-up-submit]").await;
    browser.arrives_at(&at("/sign-up/verify-email-address")).await;
    look("sign-up-code").await;
    browser.fill("code", "000000").await;
    browser.click("form button.primary").await;
    browser.text("[role=alert]").await;
    look("sign-up-code-wrong").await;
    browser.fill("code", "424242").await;
    browser.click("form button.primary").await;
    browser.arrives_at(&at("/default-redirect")).await;
    look("default-redirect").await;

    browser.visit(&at("/user")).await;
    look("user").await;
    browser.click("[data-testid=portal-user-save]").await;
    browser.text("[data-testid=portal-user-notice]").await;
    look("user-saved").await;
    browser.click("[data-testid=portal-user-sign-out]").await;
}

async fn signing_in(browser: &Browser, at: &impl Fn(&str) -> String, look: &mut impl AsyncFnMut(&str)) {
    browser.visit(&at("/sign-in")).await;
    browser.fill("identifier", "nobody@example.com").await;
    browser.click("[data-testid=portal-sign-in-submit]").await;
    browser.text("[role=alert]").await;
    look("sign-in-unknown").await;
    browser.fill("identifier", ADA).await;
    browser.click("[data-testid=portal-sign-in-submit]").await;
    browser.text("[data-testid=portal-factor-one-password]").await;
    look("sign-in-password").await;
    browser.fill("password", "not this one").await;
    browser.click("[data-testid=portal-factor-one-submit]").await;
    browser.text("[role=alert]").await;
    look("sign-in-password-wrong").await;
    browser.click("summary").await;
    browser.click("[data-testid=portal-factor-one-email-code]").await;
    browser.text("[data-testid=portal-factor-one-code]").await;
    look("sign-in-code").await;
    browser.visit(&at("/__local/outbox")).await;
    look("outbox").await;
    browser.visit(&at("/__local/webhooks")).await;
    look("webhooks").await;
    browser.visit(&at("/__local/webhooks/1")).await;
    look("webhook").await;
}

/// Through the provider that the portal plays, without success and with it.
async fn outside(browser: &Browser, at: &impl Fn(&str) -> String, look: &mut impl AsyncFnMut(&str)) {
    browser.visit(&at("/sign-in")).await;
    browser.press("portal-sign-in-external").await;
    browser.read("portal-example-id-form").await;
    look("example-id").await;
    browser.press("portal-example-id-cancel").await;
    browser.text("[role=alert]").await;
    look("sign-in-not-allowed").await;
    browser.press("portal-sign-in-external").await;
    browser.press("portal-example-id-allow").await;
    browser.arrives_at(&at("/default-redirect")).await;
    browser.visit(&at("/user")).await;
    look("user-connected-accounts").await;
    browser.press("portal-user-sign-out").await;
    browser.read("portal-sign-in-form").await;
}

/// A password that must be replaced, and several accounts in one browser.
async fn several(
    browser: &Browser,
    portal: &LocalPortal,
    at: &impl Fn(&str) -> String,
    look: &mut impl AsyncFnMut(&str),
) {
    let mut settings = portal.settings().await.expect("the store is there");
    settings.force_organization_selection = false;
    settings.mfa_required = false;
    settings.single_session_mode = false;
    portal.set_settings(settings).await.expect("the store is there");
    for who in [JANE, "joe+clerk_test@example.com", "leaked+clerk_test@example.com"] {
        let link = portal.sign_in_link_for(who).await.expect("the store is there");
        browser.visit(&link.expect("they are known")).await;
        browser.follow("portal-ticket-submit").await;
    }
    browser.arrives_at(&at("/sign-in/tasks/reset-password")).await;
    look("task-reset-password").await;
    browser.visit(&at("/sign-in/choose")).await;
    look("choose").await;
    browser.visit(&at("/sign-out")).await;
    look("sign-out-several").await;
    browser.follow("portal-sign-out-submit").await;
    browser.read("portal-sign-in-form").await;
}

/// Signing in with an authenticator app, and what its owner sees of it.
async fn two_steps(
    browser: &Browser,
    portal: &LocalPortal,
    at: &impl Fn(&str) -> String,
    look: &mut impl AsyncFnMut(&str),
) {
    first_factor(browser, at).await;
    look("sign-in-second-factor").await;
    browser.fill("code", "12345").await;
    browser.press("portal-factor-two-submit").await;
    browser.text("[role=alert]").await;
    look("sign-in-second-factor-wrong").await;
    let code = portal.totp_code_for(MIA).await.expect("the store is there");
    browser.fill("code", &code.expect("mia has an app")).await;
    browser.press("portal-factor-two-submit").await;
    browser.arrives_at(&at("/default-redirect")).await;
    for (name, path) in [
        ("account-security-two-step", "/user/security"),
        ("account-backup-codes", "/user/security/backup-codes"),
    ] {
        browser.visit(&at(path)).await;
        look(name).await;
    }
    browser.press("portal-new-backup-codes-submit").await;
    browser.text("[data-testid=portal-backup-codes-onward]").await;
    look("account-backup-codes-new").await;
    for (name, path) in [
        ("account-verify", "/user/verify"),
        ("account-verify-authenticator", "/user/verify?strategy=totp"),
    ] {
        browser.visit(&at(path)).await;
        look(name).await;
    }
    browser.visit(&at("/sign-out")).await;
    browser.follow("portal-sign-out-submit").await;
    first_factor(browser, at).await;
    browser.press("portal-factor-two-other-methods").await;
    browser.press("portal-factor-two-other").await;
    browser.text("#code-rule").await;
    look("sign-in-backup-code").await;
}

async fn first_factor(browser: &Browser, at: &impl Fn(&str) -> String) {
    browser.visit(&at("/sign-in")).await;
    browser.fill("identifier", MIA).await;
    browser.press("portal-sign-in-submit").await;
    browser.fill("password", PASSWORD).await;
    browser.press("portal-factor-one-submit").await;
    browser.text("[data-testid=portal-factor-two-code]").await;
}

async fn account(browser: &Browser, at: &impl Fn(&str) -> String, look: &mut impl AsyncFnMut(&str)) {
    for (name, path) in [
        ("account", "/user"),
        ("account-add-email-address", "/user/email-addresses"),
        ("account-security", "/user/security"),
        ("account-delete", "/user/delete"),
    ] {
        browser.visit(&at(path)).await;
        look(name).await;
    }
    browser.visit(&at("/user/security")).await;
    browser.fill("currentPassword", "not this one").await;
    browser.fill("password", "short").await;
    browser.press("portal-security-submit").await;
    browser.text("[role=alert]").await;
    look("account-security-errors").await;
    browser.visit(&at("/user/security/authenticator")).await;
    look("account-authenticator").await;
    browser.fill("code", "12345").await;
    browser.press("portal-authenticator-submit").await;
    browser.text("[role=alert]").await;
    look("account-authenticator-wrong").await;
}

async fn organization(browser: &Browser, at: &impl Fn(&str) -> String, look: &mut impl AsyncFnMut(&str)) {
    browser.visit(&at("/organization-list")).await;
    look("organization-list").await;
    browser.press("portal-organization-list-organization").await;
    browser.read("portal-organization-list-notice").await;
    for (name, path) in [
        ("organization", "/organization"),
        ("organization-members", "/organization/organization-members"),
        ("organization-invitations", "/organization/invitations"),
        ("organization-roles", "/organization/roles"),
        ("organization-leave", "/organization/leave"),
        ("organization-delete", "/organization/delete"),
        ("create-organization", "/create-organization"),
    ] {
        browser.visit(&at(path)).await;
        look(name).await;
    }
    browser.fill("name", "").await;
    browser.press("portal-create-organization-submit").await;
    browser.text("[role=alert]").await;
    look("create-organization-errors").await;
    browser.fill("name", "Third").await;
    browser.press("portal-create-organization-submit").await;
    browser
        .text("[data-testid=portal-create-organization-invite-form]")
        .await;
    look("create-organization-invite").await;
}

/// Sign-up closed, and an organization must be chosen; then an authenticator app must be set up too.
async fn closed(
    browser: &Browser,
    portal: &LocalPortal,
    at: &impl Fn(&str) -> String,
    look: &mut impl AsyncFnMut(&str),
) {
    for (name, path) in [
        ("sign-up-closed", "/sign-up"),
        ("waitlist", "/waitlist"),
        ("unauthorized-sign-in", "/unauthorized-sign-in"),
    ] {
        browser.visit(&at(path)).await;
        look(name).await;
    }
    browser.visit(&at("/waitlist")).await;
    browser.fill("emailAddress", "patient@example.com").await;
    browser.press("portal-waitlist-submit").await;
    browser.read("portal-waitlist-joined").await;
    look("waitlist-joined").await;
    let mut settings = portal.settings().await.expect("the store is there");
    for (name, path) in [
        ("task-choose-organization", "/sign-in/tasks/choose-organization"),
        ("task-setup-mfa", "/sign-in/tasks/setup-mfa"),
    ] {
        let link = portal
            .sign_in_link_for(JANE)
            .await
            .expect("the store is there")
            .expect("jane is known");
        browser.visit(&link).await;
        browser.follow("portal-ticket-submit").await;
        browser.visit(&at(path)).await;
        look(name).await;
        browser.visit(&at("/sign-out")).await;
        browser.follow("portal-sign-out-submit").await;
        settings.mfa_required = true;
        portal.set_settings(settings.clone()).await.expect("the store is there");
    }
}

/// Runs last, because the portal remembers the application that users come from.
async fn returning(browser: &Browser, at: &impl Fn(&str) -> String, look: &mut impl AsyncFnMut(&str)) {
    for (name, back) in [
        ("sign-in-with-return", "http%3A%2F%2Flocalhost%3A3000%2Fdashboard"),
        ("sign-in-with-refused-return", "https%3A%2F%2Fevil.example%2F"),
    ] {
        browser.visit(&at(&format!("/sign-in?redirect_url={back}"))).await;
        look(name).await;
    }
}
