//! Members of an organization.

use portal_tests::browser::{Browser, Scripts};
use portal_tests::ending::Expected;
use portal_tests::shop::Shop;

use crate::{JANE, PASSWORD, open, sign_in};

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
    guest.visit(&shop.mailed_link().await).await;
    guest.arrives_at(&shop.portal_at("/sign-up")).await;
    guest.finds_in("[data-testid=portal-sign-up-invited]", GUEST).await;
    assert_eq!(guest.count("[name=emailAddress]").await, 0, "the address is fixed");
    guest.fill("password", PASSWORD).await;
    guest.follow("portal-sign-up-submit").await;
    guest.arrives_at(&shop.portal_at("/default-redirect")).await;
    assert_eq!(shop.backend_api().user(GUEST).await["password_enabled"], true);
    shop.ends(guest, Expected::signed_in(GUEST).organization("acme")).await;
    shop.ends(browser, Expected::signed_in(JANE).organization("acme")).await;
    shop.close().await;
}
