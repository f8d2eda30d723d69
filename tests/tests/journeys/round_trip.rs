//! The whole way in a real browser: application → Account Portal → back → protected page, and what follows.

use portal_tests::browser::{Browser, Scripts, Visit};
use portal_tests::people::{sign_in, sign_up};
use portal_tests::programs::Demo;
use portal_tests::tokens::wait_for_the_end_of_the_session_token;
use tempfile::TempDir;

#[tokio::test]
async fn sign_up_ends_on_the_protected_page() {
    let demo = Demo::start(&["--token-lifetime", "5", "--clock-skew", "0"]).await;
    let browser = Browser::in_chromium(Scripts::On).await;
    let dashboard = format!("{}/dashboard", demo.app);

    browser.visit(&dashboard).await;
    let address = browser.arrives_at(&format!("{}/sign-in", demo.portal)).await;
    let back = address
        .query_pairs()
        .find_map(|(name, value)| (name == "redirect_url").then(|| value.into_owned()));
    assert_eq!(back.as_deref(), Some(dashboard.as_str()));

    browser.click("[data-testid=portal-sign-in-sign-up]").await;
    sign_up(&browser, &demo.portal, "ada+clerk_test@example.com", "Ada").await;
    let address = browser.arrives_at(&dashboard).await;
    assert_eq!(
        address.as_str(),
        dashboard,
        "protocol parameters are left in the address bar"
    );
    assert_eq!(browser.text("[data-testid=greeting]").await, "Hello, Ada");

    renewed_through_the_refresh_cookie(&browser, &dashboard).await;
    renewed_through_one_handshake(&browser, &demo, &dashboard).await;

    browser.click("[data-testid=account]").await;
    browser.arrives_at(&format!("{}/user", demo.portal)).await;
    browser.fill("firstName", "Grace").await;
    browser.click("[data-testid=portal-user-save]").await;
    browser.text("[data-testid=portal-user-notice]").await;
    browser.click("[data-testid=portal-user-back]").await;
    browser.arrives_at(&dashboard).await;
    assert_eq!(browser.text("[data-testid=greeting]").await, "Hello, Grace");

    // The token has expired by the time the button is pressed: signing out must work all the same.
    wait_for_the_end_of_the_session_token(&browser).await;
    browser.click("[data-testid=sign-out]").await;
    browser.text("[data-testid=sign-in]").await;
    assert_eq!(browser.cookie("__session").await, None);
    browser.visit(&dashboard).await;
    browser.arrives_at(&format!("{}/sign-in", demo.portal)).await;
    assert_eq!(
        browser.text("[data-testid=portal-heading]").await,
        "Sign in to Portal demo"
    );

    browser.close().await;
    demo.stop().await;
}

#[tokio::test]
async fn restarted_portal_signs_the_same_user_in() {
    let folder = TempDir::new().expect("a temporary folder");
    let file = folder.path().join("portal.sqlite");
    let database = ["--database", file.to_str().expect("a temporary folder's name is text")];
    let browser = Browser::in_chromium(Scripts::On).await;

    let demo = Demo::start(&database).await;
    browser.visit(&format!("{}/sign-up", demo.app)).await;
    sign_up(&browser, &demo.portal, "ada+clerk_test@example.com", "Ada").await;
    browser.arrives_at(&demo.app).await;
    browser.text("[data-testid=sign-out]").await;

    // The publishable key holds the portal's address, so the same ports are the same application.
    let (app_port, portal_port) = (port_of(&demo.app), port_of(&demo.portal));
    demo.stop().await;
    let mut arguments = vec!["--port", app_port.as_str(), "--portal-port", portal_port.as_str()];
    arguments.extend(database);
    let demo = Demo::start(&arguments).await;
    browser.visit(&format!("{}/dashboard", demo.app)).await;
    assert_eq!(
        browser.text("[data-testid=greeting]").await,
        "Hello, Ada",
        "the session outlives a restart"
    );

    browser.click("[data-testid=sign-out]").await;
    browser.text("[data-testid=sign-in]").await;
    browser.visit(&format!("{}/dashboard", demo.app)).await;
    sign_in(&browser, &demo.portal, "ada+clerk_test@example.com").await;
    browser.arrives_at(&format!("{}/dashboard", demo.app)).await;
    assert_eq!(
        browser.text("[data-testid=greeting]").await,
        "Hello, Ada",
        "the account outlives a restart"
    );

    browser.close().await;
    demo.stop().await;
}

#[tokio::test]
async fn signed_out_script_gets_401_instead_of_a_redirect() {
    let demo = Demo::start(&[]).await;
    let browser = Browser::in_chromium(Scripts::On).await;
    browser.visit(&demo.app).await;
    browser.text("[data-testid=sign-in]").await;

    let answer = browser
        .evaluate(
            "fetch('/api/me').then(async (response) => ({
                status: response.status,
                redirected: response.redirected,
                challenge: response.headers.get('www-authenticate'),
                body: await response.json(),
            }))",
        )
        .await;
    assert_eq!(answer["status"], 401);
    assert_eq!(answer["redirected"], false);
    assert_eq!(answer["challenge"], "Bearer");
    assert_eq!(answer["body"]["error"]["reason"], "session-token-and-uat-missing");
    let sign_in_url = answer["body"]["error"]["sign_in_url"].as_str().expect("an address");
    assert!(
        sign_in_url.starts_with(&format!("{}/sign-in", demo.portal)),
        "{sign_in_url}"
    );

    browser.close().await;
    demo.stop().await;
}

#[tokio::test]
async fn admin_page_requires_the_admin_role() {
    let demo = Demo::start(&[]).await;
    let browser = Browser::in_chromium(Scripts::On).await;
    let team = format!("{}/team", demo.app);
    browser.visit(&team).await;
    browser.click("[data-testid=portal-sign-in-sign-up]").await;
    sign_up(&browser, &demo.portal, "ada+clerk_test@example.com", "Ada").await;
    browser.arrives_at(&team).await;
    assert_eq!(browser.text("h1").await, "No organization is active");

    browser.visit(&format!("{}/create-organization", demo.app)).await;
    browser
        .arrives_at(&format!("{}/create-organization", demo.portal))
        .await;
    browser.fill("name", "Acme Books").await;
    browser.press("portal-create-organization-submit").await;
    browser.press("portal-create-organization-invite-skip").await;
    browser.arrives_at(&demo.app).await;
    browser.visit(&team).await;
    assert_eq!(browser.read("team").await, "acme-books");

    browser.close().await;
    demo.stop().await;
}

async fn renewed_through_the_refresh_cookie(browser: &Browser, dashboard: &str) {
    let before = wait_for_the_end_of_the_session_token(browser).await;
    browser.visits().await;
    browser.visit(dashboard).await;
    assert_eq!(browser.text("[data-testid=greeting]").await, "Hello, Ada");
    assert_ne!(
        browser.cookie("__session").await,
        Some(before),
        "the token was not renewed"
    );
    let visits = browser.visits().await;
    assert!(
        matches!(visits.as_slice(), [Visit { status: Some(200), .. }]),
        "not without a redirect: {visits:#?}"
    );
}

async fn renewed_through_one_handshake(browser: &Browser, demo: &Demo, dashboard: &str) {
    wait_for_the_end_of_the_session_token(browser).await;
    browser.remove_cookies("__refresh").await;
    browser.visits().await;
    browser.visit(dashboard).await;
    assert_eq!(browser.text("[data-testid=greeting]").await, "Hello, Ada");
    let visits = browser.visits().await;
    let handshakes: Vec<&Visit> = visits
        .iter()
        .filter(|visit| visit.url.path().ends_with("/v1/client/handshake"))
        .collect();
    let [handshake] = handshakes.as_slice() else {
        panic!("not one handshake: {visits:#?}")
    };
    assert!(handshake.url.as_str().starts_with(&demo.portal));
    let reason = handshake
        .url
        .query_pairs()
        .find_map(|(name, value)| (name == "__clerk_hs_reason").then_some(value));
    assert_eq!(
        reason.as_deref(),
        Some("session-token-expired-refresh-non-eligible-no-refresh-cookie"),
        "{visits:#?}"
    );
    assert_eq!(browser.address().await.as_str(), dashboard);
}

fn port_of(origin: &str) -> String {
    origin.rsplit(':').next().unwrap_or_default().to_owned()
}
