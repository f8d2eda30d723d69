//! Organizations: creating one, choosing one, and who belongs to it.

use portal_local::{SeedOrganization, SeedUser, Settings};
use portal_tests::browser::Browser;
use portal_tests::people;
use portal_tests::shop::Shop;

use crate::{JANE, JOE, SOLO, close, open, sign_in, user};

async fn organization(browser: &Browser, shop: &Shop, path: &str) -> String {
    browser.visit(&shop.at(path)).await;
    browser.read("organization").await
}

/// 23: an organization is created, and the person is back where they came from.
#[tokio::test]
async fn an_organization_is_created_and_active() {
    let (shop, browser) = open().await;
    sign_in(&browser, &shop, SOLO).await;
    browser.press("new-team").await;
    browser.arrives_at(&shop.portal_at("/create-organization")).await;
    browser.fill("name", "Solo Books").await;
    browser.press("portal-create-organization-submit").await;
    browser.press("portal-create-organization-invite-skip").await;
    browser.arrives_at(&shop.app).await;
    assert_eq!(browser.read("organization").await, "solo-books");

    browser.press("team").await;
    browser.arrives_at(&shop.portal_at("/organization")).await;
    assert_eq!(browser.read("portal-organization-name").await, "Solo Books");
    browser.fill("name", "Solo Books & Co").await;
    browser.press("portal-organization-save").await;
    browser.read("portal-organization-saved").await;
    browser.press("portal-organization-back").await;
    browser.arrives_at(&shop.app).await;
    assert_eq!(browser.read("user").await, SeedUser::new(SOLO).id());
    close(shop, browser).await;
}

/// 24, 25, 26: the address says which organization is active, if the person belongs to it.
#[tokio::test]
async fn the_address_chooses_the_organization() {
    let other = SeedOrganization::new("Beta", "beta").member(JANE, "org:member");
    let strangers = SeedOrganization::new("Strangers", "strangers");
    let shop = Shop::staged(
        |portal| portal.demo_data().organization(other).organization(strangers),
        |builder| builder,
    )
    .await;
    let browser = Browser::open().await;
    sign_in(&browser, &shop, JANE).await;
    assert_eq!(organization(&browser, &shop, "/orgs/acme").await, "acme");
    assert_eq!(organization(&browser, &shop, "/orgs/beta").await, "beta");
    assert_eq!(organization(&browser, &shop, "/").await, "beta", "it stays active");
    browser.visits().await;
    assert_eq!(organization(&browser, &shop, "/orgs/acme").await, "acme");
    let handshakes = browser.visits().await;
    let handshakes = handshakes
        .iter()
        .filter(|visit| visit.url.path().ends_with("/v1/client/handshake"));
    assert_eq!(handshakes.count(), 1);

    assert_eq!(organization(&browser, &shop, "/me").await, "none");
    assert_eq!(organization(&browser, &shop, "/orgs/acme").await, "acme");
    browser.visits().await;

    // Whoever does not belong to it keeps the one they have, after a bounded number of attempts.
    assert_eq!(organization(&browser, &shop, "/orgs/strangers").await, "acme");
    let attempts = browser.visits().await;
    let attempts = attempts
        .iter()
        .filter(|visit| visit.url.path().ends_with("/v1/client/handshake"));
    assert!((1..=3).contains(&attempts.count()));
    close(shop, browser).await;
}

/// 27: somebody new is invited.
#[tokio::test]
async fn somebody_new_joins_by_invitation() {
    let (shop, browser) = open().await;
    sign_in(&browser, &shop, JANE).await;
    organization(&browser, &shop, "/orgs/acme").await;
    browser.visit(&shop.portal_at("/organization/invitations")).await;
    browser.fill("emailAddresses", "guest@example.com").await;
    browser.press("portal-organization-invitations-submit").await;
    browser.read("portal-organization-invitations-notice").await;
    let link = latest_link(&shop).await;

    let guest = Browser::open().await;
    user(&guest, &shop).await;
    guest.visit(&link).await;
    guest.arrives_at(&shop.portal_at("/sign-up")).await;
    guest.read("portal-sign-up-invited").await;
    guest.fill("password", people::PASSWORD).await;
    guest.press("portal-sign-up-submit").await;
    guest.arrives_at("http://").await;
    guest
        .text("[data-testid=portal-default-redirect-user], [data-testid=home]")
        .await;
    assert_eq!(organization(&guest, &shop, "/").await, "acme");

    guest.visit(&link).await;
    let text = guest.text("main").await;
    assert!(text.contains("no longer valid"), "{text}");
    guest.close().await;
    close(shop, browser).await;
}

async fn latest_link(shop: &Shop) -> String {
    let mails = shop.portal.outbox().await.expect("there is an outbox");
    mails
        .into_iter()
        .find_map(|mail| mail.link)
        .expect("a mail with a link")
}

/// 28: somebody who has an account and is signed in.
#[tokio::test]
async fn somebody_signed_in_joins_by_opening_the_link() {
    let (shop, browser) = open().await;
    sign_in(&browser, &shop, JANE).await;
    organization(&browser, &shop, "/orgs/acme").await;
    browser.visit(&shop.portal_at("/organization/invitations")).await;
    browser.fill("emailAddresses", SOLO).await;
    browser.press("portal-organization-invitations-submit").await;
    browser.read("portal-organization-invitations-notice").await;
    let solo = Browser::open().await;
    sign_in(&solo, &shop, SOLO).await;
    assert_eq!(organization(&solo, &shop, "/").await, "none");
    let mails = shop.portal.outbox().await.expect("there is an outbox");
    let link = mails.into_iter().find_map(|mail| mail.link);
    match link {
        Some(link) => solo.visit(&link).await,
        // An address of a test gets no mail; its invitation waits in the list.
        None => {
            solo.visit(&shop.portal_at("/organization-list")).await;
            solo.press("portal-organization-list-join").await;
        }
    }
    solo.text("main, [data-testid=home]").await;
    assert_eq!(organization(&solo, &shop, "/orgs/acme").await, "acme");
    solo.close().await;
    close(shop, browser).await;
}

/// 29, 30: members, what they may not do, and the last administrator.
#[tokio::test]
async fn members_see_and_administrators_manage() {
    let (shop, browser) = open().await;
    let joe = Browser::open().await;
    sign_in(&joe, &shop, JOE).await;
    organization(&joe, &shop, "/orgs/acme").await;
    joe.visit(&shop.portal_at("/organization/organization-members")).await;
    assert_eq!(joe.count("[data-testid=portal-organization-members-member]").await, 2);
    assert_eq!(joe.count("[data-testid=portal-organization-members-remove]").await, 0);
    joe.visit(&shop.portal_at("/organization/invitations")).await;
    assert_eq!(joe.count("[name=emailAddresses]").await, 0);

    sign_in(&browser, &shop, JANE).await;
    organization(&browser, &shop, "/orgs/acme").await;
    browser.visit(&shop.portal_at("/organization")).await;
    browser.press("portal-organization-leave").await;
    browser.fill("confirmation", "Acme").await;
    browser.click("button.danger").await;
    browser.text("[role=alert]").await;

    browser
        .visit(&shop.portal_at("/organization/organization-members"))
        .await;
    // Joe is the second of the two.
    let second = "[data-testid=portal-organization-members-member]:nth-child(2) ";
    browser
        .click(&format!("{second}[data-testid=portal-organization-members-remove]"))
        .await;
    browser
        .click(&format!(
            "{second}[data-testid=portal-organization-members-remove-confirm]"
        ))
        .await;
    browser.read("portal-organization-members-notice").await;
    shop.clock.move_by_secs(70);
    assert_eq!(organization(&joe, &shop, "/").await, "none");
    assert_ne!(joe.read("user").await, "nobody");
    joe.close().await;
    close(shop, browser).await;
}

/// 31: an organization must be chosen before anybody counts as signed in.
#[tokio::test]
async fn a_pending_session_is_led_to_its_task() {
    let mut settings = Settings::default();
    settings.force_organization_selection = true;
    let shop = Shop::staged(|portal| portal.demo_data().settings(settings), |builder| builder).await;
    let browser = Browser::open().await;
    let dashboard = shop.at("/dashboard");
    browser.visit(&dashboard).await;
    people::sign_in(&browser, shop.portal.origin(), SOLO).await;
    browser
        .arrives_at(&shop.portal_at("/sign-in/tasks/choose-organization"))
        .await;
    assert_eq!(
        user(&browser, &shop).await,
        "nobody",
        "a pending session counts for nothing"
    );
    browser.visit(&dashboard).await;
    browser
        .arrives_at(&shop.portal_at("/sign-in/tasks/choose-organization"))
        .await;
    browser.click("[data-testid$=-create]").await;
    browser.fill("name", "Solo Books").await;
    browser.press("portal-create-organization-submit").await;
    browser.press("portal-create-organization-invite-skip").await;
    browser.arrives_at(&dashboard).await;
    assert_eq!(organization(&browser, &shop, "/").await, "solo-books");
    close(shop, browser).await;
}
