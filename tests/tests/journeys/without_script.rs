//! The same without any script: nothing may depend on one.

use portal_local::SeedUser;
use portal_tests::browser::Browser;
use portal_tests::people;
use portal_tests::shop::Shop;

use crate::{JANE, JOE, PASSWORD, SOLO, close, sign_in, user};

async fn open() -> (Shop, Browser) {
    let shop = Shop::staged(portal_local::LocalPortalBuilder::demo_data, |builder| builder).await;
    let browser = Browser::open_without_script().await;
    browser
        .visit("data:text/html,<p id=probe>off</p><script>probe.textContent = 'on'</script>")
        .await;
    assert_eq!(browser.text("#probe").await, "off", "scripts run after all");
    (shop, browser)
}

#[tokio::test]
async fn signing_in_and_out_needs_no_script() {
    let (shop, browser) = open().await;
    let form = shop.at("/form?x=1");
    browser.visit(&form).await;
    browser.fill("identifier", JANE).await;
    browser.press("portal-sign-in-submit").await;
    browser.fill("password", "not this one").await;
    browser.press("portal-factor-one-submit").await;
    assert_eq!(browser.text("[role=alert]").await, "That password is not correct.");
    browser.fill("password", PASSWORD).await;
    browser.press("portal-factor-one-submit").await;
    assert_eq!(browser.arrives_at(&form).await.as_str(), form);
    browser.fill("text", "without script").await;
    browser.press("save").await;
    browser.read("dashboard").await;
    assert_eq!(shop.notes(), ["without script"]);

    assert_eq!(user(&browser, &shop).await, SeedUser::new(JANE).id());
    browser.press("sign-out").await;
    browser.read("home").await;
    assert_eq!(browser.read("user").await, "nobody");
    sign_in(&browser, &shop, JOE).await;
    browser
        .visit(&shop.portal_at(&format!("/sign-out?redirect_url={}", shop.at("/"))))
        .await;
    browser.press("portal-sign-out-submit").await;
    browser.arrives_at(&shop.app).await;
    assert_eq!(browser.read("user").await, "nobody");
    close(shop, browser).await;
}

#[tokio::test]
async fn an_account_and_an_organization_need_no_script() {
    let (shop, browser) = open().await;
    browser.visit(&shop.at("/sign-up")).await;
    people::sign_up(&browser, shop.portal.origin(), "new+clerk_test@example.com", "New").await;
    browser.arrives_at(&shop.app).await;
    browser.press("account").await;
    browser.fill("firstName", "Newer").await;
    browser.press("portal-user-save").await;
    browser.read("portal-user-saved").await;
    browser.press("portal-user-add-email-address").await;
    browser.fill("emailAddress", "newer+clerk_test@example.com").await;
    browser.press("portal-add-email-address-submit").await;
    browser.fill("code", "424242").await;
    browser.click("form button.primary").await;
    browser.read("portal-user-make-primary").await;
    browser.press("portal-user-back").await;
    browser.arrives_at(&shop.app).await;

    browser.press("new-team").await;
    browser.fill("name", "No Script").await;
    browser.press("portal-create-organization-submit").await;
    browser.fill("emailAddresses", SOLO).await;
    browser.press("portal-create-organization-invite-submit").await;
    browser.arrives_at(&shop.app).await;
    assert_eq!(browser.read("organization").await, "no-script");
    browser.visit(&shop.portal_at("/organization/invitations")).await;
    assert!(
        browser
            .read("portal-organization-invitations-list")
            .await
            .contains(SOLO)
    );
    close(shop, browser).await;
}
