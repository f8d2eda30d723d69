//! Creating an account.

use portal_tests::browser::Scripts;
use portal_tests::ending::Expected;
use url::Url;

use crate::{PASSWORD, TEST_CODE, open};

const NEW: &str = "new+clerk_test@example.com";

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
