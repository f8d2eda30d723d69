//! Redirect URLs, and other sites.

use portal_local::{LocalPortalBuilder, SeedUser};
use portal_tests::browser::{Browser, Scripts, handshakes, parameter, statuses};
use portal_tests::ending::Expected;
use portal_tests::shop::{Shop, linking_sites};
use url::form_urlencoded;

use crate::{JANE, PASSWORD, TEST_CODE, open, sign_in, sign_in_here, user};

fn query(pairs: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new())
        .extend_pairs(pairs)
        .finish()
}

pub(crate) async fn hostile_redirect_url_is_reported_and_not_followed(scripts: Scripts) {
    let (shop, browser) = open(scripts).await;
    assert_eq!(user(&browser, &shop).await, "nobody");
    let with_user_info = format!("{}@evil.example/", shop.app);
    let all = [
        "https://evil.example/",
        "//evil.example/",
        "javascript:alert(1)",
        with_user_info.as_str(),
        "https:evil.example",
        "/\\evil.example",
    ]
    .map(|hostile| query(&[("redirect_url", hostile)]));
    for asked in &all {
        let handshake = format!("/v1/client/handshake?{asked}");
        browser.visits().await;
        browser.visit(&shop.portal_at(&handshake)).await;
        browser.finds_in("h1", "We can't send you back").await;
        assert_eq!(statuses(&browser.visits().await), [422]);
        for page in ["/sign-up", "/sign-in"] {
            browser.visit(&shop.portal_at(&format!("{page}?{asked}"))).await;
            browser.finds_in("main", "isn't allowed for this application.").await;
        }
    }
    // Without a redirect URL, the destination is the application that the browser came from.
    sign_in_here(&browser, JANE, PASSWORD).await;
    assert_eq!(browser.arrives_at(&shop.app).await.as_str(), shop.at("/"));
    for asked in &all {
        browser.visit(&shop.portal_at(&format!("/sign-in?{asked}"))).await;
        assert_eq!(browser.address().await.as_str(), shop.at("/"), "{asked}");
    }
    shop.ends(browser, Expected::signed_in(JANE)).await;
    shop.close().await;
}

const FORCE: &str = "/orgs/force";
const BACK: &str = "/orgs/back";
const ELSE: &str = "/orgs/else";
const OTHER: &str = "/orgs/other";

pub(crate) async fn forced_destination_survives_changes_of_flow(scripts: Scripts) {
    let shop = Shop::staged(LocalPortalBuilder::demo_data, |instance| {
        instance.organization_patterns(Vec::<String>::new())
    })
    .await;
    let browser = Browser::with(scripts).await;
    assert_eq!(user(&browser, &shop).await, "nobody");
    let other = Browser::with(scripts).await;
    assert_eq!(user(&other, &shop).await, "nobody");

    everything_is_taken_along(&shop, &browser, "sign-up", "sign-in").await;
    sign_in_here(&browser, JANE, PASSWORD).await;
    assert_eq!(browser.arrives_at(&shop.app).await.as_str(), shop.at(FORCE));

    everything_is_taken_along(&shop, &other, "sign-in", "sign-up").await;
    other.fill("emailAddress", "new+clerk_test@example.com").await;
    other.fill("password", PASSWORD).await;
    other.follow("portal-sign-up-submit").await;
    other.fill("code", TEST_CODE).await;
    other.follow("portal-verify-email-address-submit").await;
    assert_eq!(other.arrives_at(&shop.app).await.as_str(), shop.at(FORCE));

    shop.ends(browser, Expected::signed_in(JANE)).await;
    shop.ends(other, Expected::signed_in("new+clerk_test@example.com"))
        .await;
    shop.close().await;
}

/// Opens the page `from` and continues to `to`, whose own address is forced.
async fn everything_is_taken_along(shop: &Shop, browser: &Browser, from: &str, to: &str) {
    let (from_flow, to_flow) = (from.replace('-', "_"), to.replace('-', "_"));
    let carried = [
        (format!("{to_flow}_force_redirect_url"), shop.at(FORCE)),
        ("redirect_url".to_owned(), shop.at(BACK)),
        (format!("{to_flow}_fallback_redirect_url"), shop.at(ELSE)),
        (format!("{from_flow}_force_redirect_url"), shop.at(OTHER)),
        (format!("{from_flow}_fallback_redirect_url"), shop.at(OTHER)),
    ];
    let pairs: Vec<_> = carried.iter().map(|(name, value)| (&**name, &**value)).collect();
    browser
        .visit(&shop.portal_at(&format!("/{from}?{}", query(&pairs))))
        .await;
    // There, back, and there again.
    for (page, next) in [(from, to), (to, from), (from, to)] {
        browser.follow(&format!("portal-{page}-{next}")).await;
        let address = browser.arrives_at(&shop.portal_at(&format!("/{next}"))).await;
        for (name, value) in &pairs {
            assert_eq!(
                parameter(&address, name).as_deref(),
                Some(*value),
                "{name} at {address}"
            );
        }
    }
}

pub(crate) async fn link_from_another_site_takes_one_handshake(scripts: Scripts) {
    let (shop, browser) = open(scripts).await;
    sign_in(&browser, &shop, JANE).await;
    let [(neighbour, one), (stranger, two)] = linking_sites(&shop.at("/")).await;
    let profile = shop.portal_at(&format!("/user?redirect_url={}/", shop.app));
    for (page, link, expected) in [
        (neighbour, "away", "primary-domain-cross-origin-sync"),
        (stranger, "away", "primary-domain-cross-origin-sync"),
        // The link back is a return, which renews the token.
        (profile, "portal-user-back", "dev-browser-sync"),
    ] {
        browser.visit(&page).await;
        browser.visits().await;
        browser.follow(link).await;
        browser.shows("user", &SeedUser::new(JANE).id()).await;
        assert_eq!(browser.address().await.as_str(), shop.at("/"));
        let visits = browser.visits().await;
        let found: Vec<_> = handshakes(&visits)
            .iter()
            .map(|handshake| handshake.parameter("__clerk_hs_reason").unwrap_or_default())
            .collect();
        assert_eq!(found, [expected], "{page}");
    }
    one.abort();
    two.abort();
    shop.ends(browser, Expected::signed_in(JANE)).await;
    shop.close().await;
}
