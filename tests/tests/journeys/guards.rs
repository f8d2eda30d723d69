//! Guards in a real browser: forms, other sites' pages, htmx, Turbo, Unpoly and Datastar, and the ways to the portal and
//! back.

use std::time::Duration;

use portal_tests::browser::{Browser, Scripts};
use portal_tests::people;
use portal_tests::shop::{Shop, datastar_is_there, other_site, scripts_are_installed};

const ADA: &str = "ada+clerk_test@example.com";

/// Creates an account from the sign-in page that the browser is redirected to.
async fn sign_up(browser: &Browser, shop: &Shop) {
    browser.arrives_at(&format!("{}/sign-in", shop.portal.origin())).await;
    browser.click("[data-testid=portal-sign-in-sign-up]").await;
    people::sign_up(browser, shop.portal.origin(), ADA, "Ada").await;
}

#[tokio::test]
async fn late_form_post_is_accepted_or_returns_to_its_form() {
    let shop = Shop::open().await;
    let browser = Browser::open().await;
    let form = format!("{}/form", shop.app);
    browser.visit(&form).await;
    sign_up(&browser, &shop).await;
    browser.arrives_at(&form).await;

    // A user who takes longer than a session token lives stays signed in.
    shop.clock.advance(Duration::from_secs(70));
    browser.fill("text", "after 70 seconds").await;
    browser.click("[data-testid=save]").await;
    browser.text("[data-testid=dashboard]").await;
    assert_eq!(shop.notes(), ["after 70 seconds"]);

    // A user who was signed out elsewhere signs in and returns to the form.
    browser.visit(&form).await;
    shop.end_session(&browser).await;
    shop.clock.advance(Duration::from_secs(70));
    browser.fill("text", "after the end").await;
    browser.click("[data-testid=save]").await;
    people::sign_in(&browser, shop.portal.origin(), ADA).await;
    assert_eq!(browser.arrives_at(&form).await.as_str(), form);
    browser.fill("text", "signed in again").await;
    browser.click("[data-testid=save]").await;
    browser.text("[data-testid=dashboard]").await;
    assert_eq!(shop.notes(), ["after 70 seconds", "signed in again"]);

    browser.close().await;
    shop.close().await;
}

#[tokio::test]
async fn cross_site_post_is_refused() {
    let shop = Shop::open().await;
    let browser = Browser::open().await;
    browser.visit(&format!("{}/dashboard", shop.app)).await;
    sign_up(&browser, &shop).await;
    browser.text("[data-testid=dashboard]").await;

    let (same_site, server) = other_site(&format!("{}/notes", shop.app)).await;
    // Another port of the same host is another origin of the same site: its posts carry the cookies.
    browser.visit(&same_site).await;
    browser.click("button").await;
    assert_eq!(browser.text("h1").await, "This request came from another site");
    // The same page under another host is another site: its posts carry no cookies.
    browser.visit(&same_site.replace("localhost", "127.0.0.1")).await;
    browser.click("button").await;
    // That post is signed out, so the application redirects to the portal, which knows the user and redirects back.
    assert_eq!(browser.text("[data-testid=home]").await, "Welcome");
    assert!(shop.notes().is_empty());

    server.abort();
    browser.close().await;
    shop.close().await;
}

#[tokio::test]
async fn htmx_signs_in_and_returns_to_its_page() {
    scripts_are_installed();
    for version in ["2", "4"] {
        for (element, back) in [
            ("load", format!("/htmx-{version}?page=2")),
            ("boosted", "/dashboard".to_owned()),
        ] {
            let shop = Shop::open().await;
            let browser = Browser::open().await;
            browser.visit(&format!("{}/htmx-{version}?page=2", shop.app)).await;
            browser.click(&format!("[data-testid={element}]")).await;
            sign_up(&browser, &shop).await;
            let back = format!("{}{back}", shop.app);
            assert_eq!(
                browser.arrives_at(&back).await.as_str(),
                back,
                "htmx {version}, {element}"
            );
            if element == "load" {
                browser.click("[data-testid=load]").await;
                assert_eq!(browser.text("#cell [data-testid=cart]").await, "An empty cart");
            }
            browser.close().await;
            shop.close().await;
        }
    }
}

#[tokio::test]
async fn turbo_signs_in_and_returns_to_its_page() {
    scripts_are_installed();
    for (element, back) in [("load", "/turbo?page=2"), ("visit", "/dashboard")] {
        let shop = Shop::open().await;
        let browser = Browser::open().await;
        browser.visit(&format!("{}/turbo?page=2", shop.app)).await;
        browser.click(&format!("[data-testid={element}]")).await;
        sign_up(&browser, &shop).await;
        let back = format!("{}{back}", shop.app);
        assert_eq!(browser.arrives_at(&back).await.as_str(), back, "{element}");
        if element == "load" {
            browser.click("[data-testid=load]").await;
            assert_eq!(browser.text("turbo-frame [data-testid=cart]").await, "An empty cart");
        }
        browser.close().await;
        shop.close().await;
    }
}

#[tokio::test]
async fn unpoly_signs_in_and_returns_to_its_page() {
    scripts_are_installed();
    for element in ["load", "overlay", "visit", "sign-in"] {
        let (shop, browser) = signs_up_from("/unpoly?page=2", element).await;
        if element == "load" {
            browser.click("[data-testid=load]").await;
            assert_eq!(browser.text("#cell [data-testid=cart]").await, "An empty cart");
            // The page about the refusal takes the place of the content.
            browser.click("[data-testid=team]").await;
            assert_eq!(browser.text("main h1").await, "No organization is active");
            browser.click("main a").await;
            let organization = format!("{}/organization", shop.portal.origin());
            browser.arrives_at(&organization).await;
        }
        browser.close().await;
        shop.close().await;
    }
}

#[tokio::test]
#[ignore = "needs DATASTAR_JS, the path of datastar.js 1.0 or later: npm has no such package"]
async fn datastar_signs_in_and_returns_to_its_page() {
    datastar_is_there();
    for element in ["load", "post", "sign-in"] {
        let (shop, browser) = signs_up_from("/datastar?page=2", element).await;
        if element == "load" {
            browser.click("[data-testid=load]").await;
            assert_eq!(browser.text("#cell [data-testid=cart]").await, "An empty cart");
            // Messages about refusals replace each other and leave the page as it is.
            browser.click("[data-testid=team]").await;
            let message = browser.text("#portal-refusal strong").await;
            assert_eq!(message, "No organization is active.");
            assert_eq!(browser.text("#cell [data-testid=cart]").await, "An empty cart");
            browser.click("#portal-refusal a").await;
            let organization = format!("{}/organization", shop.portal.origin());
            browser.arrives_at(&organization).await;
        }
        browser.close().await;
        shop.close().await;
    }
}

/// Clicks an element of a page that a script fills, signs up at the portal, and expects to return to the page.
async fn signs_up_from(page: &str, element: &str) -> (Shop, Browser) {
    let shop = Shop::open().await;
    let browser = Browser::open().await;
    let page = shop.at(page);
    browser.visit(&page).await;
    browser.click(&format!("[data-testid={element}]")).await;
    sign_up(&browser, &shop).await;
    assert_eq!(browser.arrives_at(&page).await.as_str(), page, "{element}");
    (shop, browser)
}

#[tokio::test]
async fn every_portal_link_returns_to_the_application() {
    let shop = Shop::open().await;
    let browser = Browser::open().await;
    let home = format!("{}/", shop.app);

    // Sign-up comes first, then the requested profile.
    browser.visit(&home).await;
    browser.click("[data-testid=account]").await;
    sign_up(&browser, &shop).await;
    browser.arrives_at(&format!("{}/user", shop.portal.origin())).await;
    browser.click("[data-testid=portal-user-back]").await;
    browser.text("[data-testid=home]").await;

    // A signed-in user needs no sign-in page.
    for path in ["/sign-in", "/sign-up"] {
        browser.visit(&format!("{}{path}", shop.app)).await;
        assert_eq!(browser.text("[data-testid=home]").await, "Welcome", "{path}");
        assert_eq!(browser.address().await.as_str(), home);
    }
    browser.close().await;
    shop.close().await;
}

#[tokio::test]
async fn handshakes_go_through_the_frontend_api_proxy() {
    let shop = Shop::with(|builder| builder.proxy_url("/__clerk")).await;
    let browser = Browser::open().await;
    let dashboard = format!("{}/dashboard", shop.app);
    browser.visit(&dashboard).await;
    sign_up(&browser, &shop).await;
    assert_eq!(browser.arrives_at(&dashboard).await.as_str(), dashboard);
    let ada = browser.text("[data-testid=dashboard]").await;

    // The token expires, and only a handshake can renew it.
    shop.clock.advance(Duration::from_secs(70));
    browser.remove_cookies("__refresh").await;
    browser.visit(&dashboard).await;
    assert_eq!(browser.text("[data-testid=dashboard]").await, ada);
    assert_eq!(browser.address().await.as_str(), dashboard);

    let visits = browser.visits().await;
    let handshakes: Vec<_> = visits
        .iter()
        .filter(|visit| visit.url.path().ends_with("/v1/client/handshake"))
        .collect();
    assert!(handshakes.len() >= 3, "{visits:#?}");
    let own = format!("{}/__clerk/v1/client/handshake?", shop.app);
    assert!(
        handshakes.iter().all(|visit| visit.url.as_str().starts_with(&own)),
        "{handshakes:#?}"
    );
    let log = shop.portal.request_log();
    let arrived = log
        .iter()
        .filter(|request| request.path == "/accounts.dev/v1/client/handshake");
    assert_eq!(arrived.count(), handshakes.len());

    shop.end_session(&browser).await;
    shop.clock.advance(Duration::from_secs(70));
    browser.visit(&dashboard).await;
    browser.arrives_at(&format!("{}/sign-in", shop.portal.origin())).await;
    browser.close().await;
    shop.close().await;
}

#[tokio::test]
async fn organization_chosen_at_the_portal_is_active_after_back() {
    let shop = Shop::staged(portal_local::LocalPortalBuilder::demo_data, |instance| instance).await;
    let browser = Browser::open().await;
    let team = shop.at("/team");
    browser.visit(&team).await;
    people::sign_in(&browser, shop.portal.origin(), "jane+clerk_test@example.com").await;
    browser.arrives_at(&team).await;
    assert_eq!(browser.text("h1").await, "No organization is active");

    browser.click("main a").await;
    browser.follow("portal-organization-list-organization").await;
    browser.follow("portal-organization-back").await;
    assert_eq!(browser.arrives_at(&team).await.as_str(), team);
    assert_eq!(browser.read("team").await, "acme");

    browser.close().await;
    shop.close().await;
}

#[tokio::test]
async fn htmx_history_of_a_guarded_page_redirects_to_sign_in() {
    scripts_are_installed();
    for version in ["2", "4"] {
        let shop = Shop::open().await;
        let browser = Browser::in_chromium(Scripts::On).await;
        let list = shop.at(&format!("/guarded/htmx-{version}"));
        browser.visit(&list).await;
        sign_up(&browser, &shop).await;
        browser.arrives_at(&list).await;
        browser.click("[data-testid=boosted]").await;
        browser.text("[data-testid=dashboard]").await;
        browser.arrives_at(&shop.at("/dashboard")).await;

        // Back is a request of htmx's own, and version 2 follows no `HX-Redirect` there.
        shop.end_session(&browser).await;
        shop.clock.advance(Duration::from_secs(70));
        browser.back().await;
        browser.arrives_at(&format!("{}/sign-in", shop.portal.origin())).await;

        browser.close().await;
        shop.close().await;
    }
}
