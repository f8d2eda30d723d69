//! Provoked redirect loops in a real browser: each ends on a page that names the cause and what to do.

use axum::Router;
use axum::extract::Request;
use axum::http::HeaderValue;
use axum::http::header::HOST;
use axum::middleware::map_request;
use portal_axum::InstanceBuilder;
use portal_axum::portal_sdk::instance::Satellite;
use portal_local::{LocalPortalBuilder, Settings};
use portal_tests::browser::{Browser, Visit};
use portal_tests::shop::{Shop, framing_site};
use serde_json::json;

use crate::{JANE, PASSWORD, open_shop, sign_in_here};

/// The redirects to sign-in before the page that explains the loop.
const MAX_REDIRECTS: usize = 3;

/// Waits for the page about a loop. Cause and fix come before everything else that is for developers.
pub(crate) async fn explains_loop(browser: &Browser, cause: &str, fix: &str) {
    explains(browser, "We couldn't sign you in", cause, fix).await;
    let history = browser.history().await;
    let is_sent = |visit: &&Visit| visit.status == Some(303) && visit.url.path() == "/dashboard";
    let sent = history.iter().filter(is_sent).count();
    assert!(sent <= MAX_REDIRECTS, "{sent} redirects to sign-in: {history:#?}");
}

/// Waits for a page with this heading, cause and fix.
async fn explains(browser: &Browser, heading: &str, cause: &str, fix: &str) {
    browser.finds_in("h1", heading).await;
    let page = browser.text("main").await;
    let parts = ["Likely cause", cause, "What to do", fix, "How this request was decided"];
    let positions = parts.map(|part| page.find(part).unwrap_or_else(|| panic!("{part} is not in {page}")));
    assert!(positions.is_sorted(), "{page}");
}

/// Signs in to `shop`, which does not recognize the user, and expects the page about the loop.
async fn sign_in_ends_with(shop: Shop, cause: &str, fix: &str) {
    let browser = Browser::open().await;
    browser.visit(&shop.at("/dashboard")).await;
    sign_in_here(&browser, JANE, PASSWORD).await;
    explains_loop(&browser, cause, fix).await;
    browser.close().await;
    shop.close().await;
}

async fn shop_with(change: impl FnOnce(InstanceBuilder) -> InstanceBuilder) -> Shop {
    Shop::staged(LocalPortalBuilder::demo_data, change).await
}

#[tokio::test]
async fn key_of_another_instance_ends_with_its_variable() {
    const ANOTHER_KEY: &str = include_str!("another_key.pem");
    let shop = shop_with(|instance| instance.jwt_key(ANOTHER_KEY)).await;
    sign_in_ends_with(shop, "different Clerk instances", "Copy CLERK_JWT_KEY again").await;
}

#[tokio::test]
async fn clock_behind_ends_with_the_difference() {
    let shop = open_shop(|portal| portal).await;
    shop.portal.set_clock_skew_secs(600);
    sign_in_ends_with(shop, "clock is about 600 s behind", "clock_skew").await;
}

#[tokio::test]
async fn clock_ahead_ends_with_the_difference() {
    let shop = open_shop(|portal| portal).await;
    shop.portal.set_clock_skew_secs(-600);
    sign_in_ends_with(shop, "clock is about 600 s ahead", "clock_skew").await;
}

#[tokio::test]
async fn wrong_authorized_party_ends_with_both_origins() {
    let shop = shop_with(|instance| instance.authorized_parties(["http://localhost:9"])).await;
    let cause = format!("made for {}, which is not an authorized party", shop.app);
    sign_in_ends_with(shop, &cause, "PORTAL_AUTHORIZED_PARTIES").await;
}

#[tokio::test]
async fn wrong_public_origin_behind_a_proxy_ends_with_the_right_one() {
    let on_ip = |origin: &str| origin.replace("localhost", "127.0.0.1");
    let shop = Shop::behind(
        // As nginx does with `proxy_set_header Host $server_name:$server_port`.
        |router| {
            router.layer(map_request(async |mut request: Request| {
                let host = request.headers().get(HOST).and_then(|host| host.to_str().ok());
                let name = host.unwrap_or_default().replace("127.0.0.1", "localhost");
                let name = HeaderValue::try_from(name).expect("a host");
                request.headers_mut().insert(HOST, name);
                request
            }))
        },
        |instance, own| instance.public_origin(on_ip(own)).authorized_parties([own]),
    )
    .await;
    let cause = format!(
        "takes its address to be {}, but the request names {}",
        on_ip(&shop.app),
        shop.app
    );
    let fix = format!("PORTAL_PUBLIC_ORIGIN) to {}", shop.app);
    sign_in_ends_with(shop, &cause, &fix).await;
}

#[tokio::test]
async fn token_above_the_size_of_a_cookie_ends_with_its_size() {
    let mut settings = Settings::default();
    let claims = json!({ "long": "x".repeat(4_000) });
    settings.session_claims = serde_json::from_value(claims).expect("an object");
    let shop = open_shop(|portal| portal.settings(settings)).await;
    sign_in_ends_with(shop, "The session token is too large", "custom claims").await;
}

#[tokio::test]
async fn blocked_cookies_cause_no_loop_and_are_named() {
    let shop = open_shop(|portal| portal).await;
    let (site, server) = framing_site(&shop.at("/dashboard")).await;
    let browser = Browser::open().await;
    browser.visit(&site).await;
    browser.enter_frame().await;
    let heading = "Your browser blocks cookies for this site";
    explains(
        &browser,
        heading,
        "The browser blocks cookies",
        "in the browser's settings",
    )
    .await;
    server.abort();
    browser.close().await;
    shop.close().await;
}

#[tokio::test]
async fn wrong_api_address_is_unavailable_and_named() {
    let shop = shop_with(|instance| instance.api_url("http://127.0.0.1:9")).await;
    let browser = Browser::open().await;
    browser.visit(&shop.at("/dashboard")).await;
    let heading = "We couldn't reach the sign-in service";
    explains(
        &browser,
        heading,
        "The Backend API at http://127.0.0.1:9 cannot be used",
        "CLERK_API_URL",
    )
    .await;
    browser.close().await;
    shop.close().await;
}

#[tokio::test]
async fn satellite_with_its_own_sign_in_url_is_misconfigured_and_named() {
    let no_proxy = |router: Router| router;
    for auto_sync in [false, true] {
        let shop = Shop::behind(no_proxy, |instance, own| {
            let domain = own.trim_start_matches("http://");
            let satellite = Satellite::on_domain(domain).with_auto_sync(auto_sync);
            instance.satellite(satellite).sign_in_url(format!("{own}/sign-in"))
        })
        .await;
        let browser = Browser::open().await;
        browser.visit(&shop.at("/dashboard")).await;
        let cause = format!("sign-in URL is on the satellite itself ({})", shop.app);
        explains(
            &browser,
            "Sign-in isn't set up correctly",
            &cause,
            "Set CLERK_SIGN_IN_URL",
        )
        .await;
        browser.close().await;
        shop.close().await;
    }
}
