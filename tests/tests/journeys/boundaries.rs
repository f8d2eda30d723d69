//! Addresses to return to, other sites, restarts.

use portal_local::SeedUser;
use portal_tests::browser::Browser;
use portal_tests::shop::{Shop, other_site};

use crate::{JANE, PASSWORD, close, open, sign_in, user};

/// Signs in at whatever page the browser is at.
async fn sign_in_here(browser: &Browser) {
    browser.fill("identifier", JANE).await;
    browser.press("portal-sign-in-submit").await;
    browser.fill("password", PASSWORD).await;
    browser.press("portal-factor-one-submit").await;
}

/// 33: nobody is sent where they should not be.
#[tokio::test]
async fn a_hostile_address_is_said_and_not_followed() {
    for hostile in [
        "https://evil.example/",
        "//evil.example/",
        "javascript:alert(1)",
        "http://localhost:1@evil.example/",
        "https:evil.example",
        "/\\evil.example",
    ] {
        let (shop, browser) = open().await;
        user(&browser, &shop).await;
        let mut page = url::Url::parse(&shop.portal_at("/sign-in")).expect("a URL");
        page.query_pairs_mut().append_pair("redirect_url", hostile);
        browser.visit(page.as_str()).await;
        sign_in_here(&browser).await;
        browser
            .text("[data-testid=portal-default-redirect-user], [data-testid=home]")
            .await;
        let address = browser.address().await;
        assert!(
            matches!(address.host_str(), Some("localhost" | "127.0.0.1")),
            "{hostile}: {address}"
        );
        close(shop, browser).await;
    }
}

/// 34: a forced end wins, then the return address, then the fallback; on both pages of the flow.
#[tokio::test]
async fn the_end_of_a_flow_is_chosen_in_order() {
    for (parameters, expected) in [
        (
            "sign_in_force_redirect_url=FORCE&redirect_url=BACK&sign_in_fallback_redirect_url=ELSE",
            "/orgs/force",
        ),
        ("redirect_url=BACK&sign_in_fallback_redirect_url=ELSE", "/orgs/back"),
        ("sign_in_fallback_redirect_url=ELSE", "/orgs/else"),
        (
            "redirect_url=https://evil.example/&sign_in_fallback_redirect_url=ELSE",
            "/orgs/else",
        ),
    ] {
        let shop = Shop::staged(portal_local::LocalPortalBuilder::demo_data, |builder| {
            builder.organization_patterns(Vec::<String>::new())
        })
        .await;
        let browser = Browser::open().await;
        user(&browser, &shop).await;
        let mut parameters = parameters.to_owned();
        for (name, path) in [("FORCE", "/orgs/force"), ("BACK", "/orgs/back"), ("ELSE", "/orgs/else")] {
            parameters = parameters.replace(name, &shop.at(path));
        }
        // To the other page of the flow and back, with everything taken along.
        browser.visit(&shop.portal_at(&format!("/sign-up?{parameters}"))).await;
        browser.press("portal-sign-up-sign-in").await;
        browser.arrives_at(&shop.portal_at("/sign-in")).await;
        sign_in_here(&browser).await;
        assert_eq!(
            browser.arrives_at(&shop.at(expected)).await.as_str(),
            shop.at(expected),
            "{parameters}"
        );
        close(shop, browser).await;
    }
}

/// 40: a restart with the same file, and a reset.
#[tokio::test]
async fn a_reset_portal_knows_nobody_and_makes_no_circle() {
    let (shop, browser) = open().await;
    sign_in(&browser, &shop, JANE).await;
    shop.portal.reset().await.expect("it is reset");
    shop.clock.move_by_secs(70);
    browser.visits().await;
    assert_eq!(user(&browser, &shop).await, "nobody");
    let visits = browser.visits().await;
    assert!(visits.len() <= 10, "{visits:#?}");
    close(shop, browser).await;
}

/// 45: a link from another site costs one handshake, one from the portal none.
#[tokio::test]
async fn a_link_from_another_site_costs_one_handshake() {
    let (shop, browser) = open().await;
    sign_in(&browser, &shop, JANE).await;
    let (elsewhere, server) = other_site(&shop.at("/")).await;
    let handshakes = async |page: String, link: &str| {
        browser.visit(&page).await;
        browser.visits().await;
        browser.evaluate(&format!("(() => {{ const link = document.createElement('a'); link.href = '{link}'; link.id = 'away'; link.textContent = 'away'; document.body.append(link) }})()")).await;
        browser.click("#away").await;
        assert_eq!(browser.read("user").await, SeedUser::new(JANE).id());
        let visits = browser.visits().await;
        visits
            .iter()
            .filter(|visit| visit.url.path().ends_with("/v1/client/handshake"))
            .count()
    };
    let home = shop.at("/");
    assert_eq!(handshakes(elsewhere, &home).await, 1);
    assert_eq!(handshakes(shop.portal_at("/user"), &home).await, 0);
    server.abort();
    close(shop, browser).await;
}
