//! Members of an organization.

use portal_local::SeedUser;
use portal_tests::browser::{Browser, Scripts, statuses};
use portal_tests::ending::Expected;
use portal_tests::shop::Shop;
use serde_json::json;

use crate::{JANE, JOE, PASSWORD, TOKEN_END, open, open_with, sign_in};

/// Signs a user in and activates acme.
async fn enter_acme(browser: &Browser, shop: &Shop, address: &str) {
    sign_in(browser, shop, address).await;
    browser.visit(&shop.at("/orgs/acme")).await;
    assert_eq!(browser.read("organization").await, "acme");
}

pub(crate) async fn new_user_joins_by_invitation(scripts: Scripts) {
    const GUEST: &str = "guest@example.com";
    let (shop, browser) = open(scripts).await;
    enter_acme(&browser, &shop, JANE).await;
    browser.visit(&shop.portal_at("/organization/invitations")).await;
    browser.fill("emailAddresses", GUEST).await;
    browser.follow("portal-organization-invitations-submit").await;
    browser.read("portal-organization-invitations-notice").await;

    let guest = Browser::with(scripts).await;
    let link = shop.mailed_link().await;
    guest.visit(&link).await;
    guest.arrives_at(&shop.portal_at("/sign-up")).await;
    guest.finds_in("[data-testid=portal-sign-up-invited]", GUEST).await;
    assert_eq!(guest.count("[name=emailAddress]").await, 0, "the address is fixed");
    guest.fill("password", PASSWORD).await;
    guest.follow("portal-sign-up-submit").await;
    guest.arrives_at(&shop.portal_at("/default-redirect")).await;
    assert_eq!(shop.backend_api().user(GUEST).await["password_enabled"], true);

    guest.visit(&link).await;
    guest.finds_in("main", "no longer valid").await;
    shop.ends(guest, Expected::signed_in(GUEST).organization("acme")).await;
    shop.ends(browser, Expected::signed_in(JANE).organization("acme")).await;
    shop.close().await;
}

pub(crate) async fn signed_in_user_joins_by_invitation_link(scripts: Scripts) {
    const REAL: &str = "real@example.com";
    let (shop, browser) = open_with(scripts, |portal| portal.user(SeedUser::new(REAL).password(PASSWORD))).await;
    sign_in(&browser, &shop, REAL).await;
    let back = shop.at("/form?x=1");
    let invitation = json!({ "email_address": REAL, "role": "org:member", "redirect_url": back });
    shop.backend_api()
        .post("/v1/organizations/acme/invitations", invitation)
        .await;
    let link = shop.mailed_link().await;
    browser.visit(&link).await;
    browser.finds_in("h1", "Join Acme").await;
    browser.follow("portal-ticket-submit").await;
    assert_eq!(browser.arrives_at(&shop.app).await.as_str(), back);
    browser.visits().await;
    browser.visit(&link).await;
    browser.finds_in("main", "no longer valid").await;
    assert_eq!(statuses(&browser.visits().await), [410]);
    shop.ends(browser, Expected::signed_in(REAL).organization("acme")).await;
    shop.close().await;
}

pub(crate) async fn member_without_permission_sees_no_controls(scripts: Scripts) {
    let (shop, browser) = open(scripts).await;
    enter_acme(&browser, &shop, JOE).await;
    browser
        .visit(&shop.portal_at("/organization/organization-members"))
        .await;
    assert_eq!(
        browser.count("[data-testid=portal-organization-members-member]").await,
        2
    );
    for control in ["remove", "role"] {
        let control = format!("[data-testid=portal-organization-members-{control}]");
        assert_eq!(browser.count(&control).await, 0);
    }
    browser.visit(&shop.portal_at("/organization/invitations")).await;
    assert_eq!(browser.count("[name=emailAddresses]").await, 0);

    let jane = SeedUser::new(JANE).id();
    for (path, field, value) in [
        ("/organization/organization-members/remove", "user_id", jane.as_str()),
        ("/organization/organization-members/role", "user_id", jane.as_str()),
        ("/organization/invitations", "emailAddresses", "friend@example.com"),
        ("/organization", "name", "Joe's"),
        ("/organization/delete", "confirmation", "Acme"),
    ] {
        browser.visit(&shop.portal_at("/organization/leave")).await;
        let proof = browser.value("form_token").await;
        browser.visits().await;
        let fields = [("form_token", proof.as_str()), (field, value), ("role", "org:admin")];
        browser.forge(path, &fields).await;
        browser.finds_in("main", "Your role doesn't allow this.").await;
        assert_eq!(statuses(&browser.visits().await), [403], "{path}");
    }
    let members = shop.backend_api().get("/v1/organizations/acme/memberships").await;
    assert_eq!(members["total_count"], 2);
    shop.ends(browser, Expected::signed_in(JOE).organization("acme")).await;
    shop.close().await;
}

pub(crate) async fn member_is_removed_but_not_the_last_administrator(scripts: Scripts) {
    let (shop, browser) = open(scripts).await;
    let joe = Browser::with(scripts).await;
    enter_acme(&joe, &shop, JOE).await;
    enter_acme(&browser, &shop, JANE).await;
    browser.visit(&shop.portal_at("/organization")).await;
    browser.follow("portal-organization-leave").await;
    browser.fill("confirmation", "Acme").await;
    browser.follow("portal-organization-leave-submit").await;
    browser
        .is_told("An organization needs a member who can manage its members.")
        .await;
    let code = "[data-code=organization_minimum_permissions_needed]";
    assert_eq!(browser.count(code).await, 1);

    browser
        .visit(&shop.portal_at("/organization/organization-members"))
        .await;
    let everybody = browser.finds_in("main", "2 members").await;
    assert!(everybody.contains(JOE), "{everybody}");
    // Joe is the second of the two.
    let second = "[data-testid=portal-organization-members-member]:nth-child(2) ";
    let element = |name: &str| format!("{second}[data-testid=portal-organization-members-{name}]");
    browser.click(&element("remove")).await;
    browser.click(&element("remove-confirm")).await;
    browser.read("portal-organization-members-notice").await;
    let members = shop.backend_api().get("/v1/organizations/acme/memberships").await;
    assert_eq!(members["total_count"], 1);

    shop.clock.advance(TOKEN_END);
    shop.ends(joe, Expected::signed_in(JOE)).await;
    shop.ends(browser, Expected::signed_in(JANE).organization("acme")).await;
    shop.close().await;
}
