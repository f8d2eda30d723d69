//! The local portal with Clerk's own SDK for Express, unchanged from its package.
//!
//! Clerk's SDK must find no difference between the portal and Clerk.

use std::path::Path;

use portal_local::{LocalPortal, RequestRecord, SeedOrganization, SeedUser};
use portal_tests::browser::{Browser, handshakes, statuses};
use portal_tests::people::{self, sign_up};
use portal_tests::programs::Program;
use portal_tests::tokens::wait_for_the_end_of_the_session_token;
use tokio::process::Command;

const ADA: &str = "ada+clerk_test@example.com";
const JOE: &str = "joe+clerk_test@example.com";
/// Longer than a step takes beside other journeys, and short enough to be waited for.
const TOKEN_SECS: u32 = 5;

struct Express {
    /// `http://localhost:…`.
    app: String,
    portal: LocalPortal,
    _program: Program,
}

impl Express {
    async fn start() -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("express");
        let installed = folder.join("node_modules/@clerk/express");
        assert!(
            installed.exists(),
            "{} is missing: run ./test.sh, which installs it if there is npm",
            installed.display()
        );
        let portal = LocalPortal::builder()
            .token_lifetime_secs(TOKEN_SECS)
            .user(SeedUser::new(JOE).password(people::PASSWORD))
            .organization(SeedOrganization::new("Beta", "beta").member(JOE, "org:admin"))
            .organization(SeedOrganization::new("Gamma", "gamma").member(JOE, "org:member"))
            .start()
            .await
            .expect("the portal starts");
        let mut command = Command::new("node");
        command.arg(folder.join("app.mjs"));
        let mut program = Program::start_with(command, portal.environment());
        let port = program
            .line(|line| line.strip_prefix("listening on ")?.parse::<u16>().ok())
            .await;
        Self {
            app: format!("http://localhost:{port}"),
            portal,
            _program: program,
        }
    }

    /// The requests to the portal at this path after the first `skip`.
    fn requests(&self, path: &str, skip: usize) -> Vec<RequestRecord> {
        let log = self.portal.request_log();
        log.into_iter()
            .skip(skip)
            .filter(|request| request.path.ends_with(path))
            .collect()
    }

    fn asked(&self) -> usize {
        self.portal.request_log().len()
    }
}

async fn user(browser: &Browser) -> String {
    browser.text("#user").await
}

/// The numbers beside the steps are those of `journeys`, here with Clerk's own SDK.
#[tokio::test]
async fn express_application_behaves_as_with_clerk() {
    let express = Express::start().await;
    let browser = Browser::open().await;
    let home = format!("{}/", express.app);
    let private = format!("{}/private?x=1", express.app);

    // 1
    first_visit(&browser, &home).await;

    browser.visit(&private).await;
    browser.follow("portal-sign-in-sign-up").await;
    sign_up(&browser, express.portal.origin(), ADA, "Ada").await;
    assert_eq!(browser.arrives_at(&private).await.as_str(), private);
    let ada = user(&browser).await;
    assert!(ada.starts_with("user_"), "{ada}");

    // 11 to 15
    renewed_through_the_refresh_cookie(&express, &browser, &home, &ada).await;
    renewed_through_a_handshake(&express, &browser, &home, &ada).await;
    a_form_after_the_end_is_signed_out(&browser, &home, &ada).await;
    the_session_cookie_is_lost(&express, &browser, &home, &ada).await;
    every_cookie_is_lost(&browser, &home, &ada).await;
    // 37, 17, 2, 24
    a_used_nonce_changes_nothing(&browser, &home, &ada).await;
    signed_out_on_the_portal(&express, &browser, &home).await;
    a_password_wrong_once_leads_back(&express, &browser, &private).await;
    path_activates_its_organization(&express, &browser).await;

    let log = express.portal.request_log();
    let failed: Vec<_> = log.iter().filter(|request| request.status >= 500).collect();
    assert!(failed.is_empty(), "{failed:#?}");
    browser.close().await;
    express.portal.shut_down().await;
}

async fn first_visit(browser: &Browser, home: &str) {
    browser.visits().await;
    browser.visit(home).await;
    assert_eq!(user(browser).await, "nobody");
    assert_eq!(browser.address().await.as_str(), home);
    assert_eq!(statuses(&browser.visits().await), [307, 307, 307, 200]);
    assert_eq!(browser.cookie("__session").await, None);
    assert_eq!(browser.cookie("__client_uat").await.as_deref(), Some("0"));
    assert!(browser.cookie("__clerk_db_jwt").await.is_some());
    browser.visit(home).await;
    assert_eq!(statuses(&browser.visits().await), [200]);
}

async fn renewed_through_the_refresh_cookie(express: &Express, browser: &Browser, home: &str, ada: &str) {
    let before = wait_for_the_end_of_the_session_token(browser).await;
    let asked = express.asked();
    browser.visits().await;
    browser.visit(home).await;
    assert_eq!(user(browser).await, ada);
    assert_eq!(statuses(&browser.visits().await), [200]);
    assert_eq!(express.requests("/refresh", asked).len(), 1);
    assert_ne!(browser.cookie("__session").await, Some(before));
}

async fn renewed_through_a_handshake(express: &Express, browser: &Browser, home: &str, ada: &str) {
    wait_for_the_end_of_the_session_token(browser).await;
    browser.remove_cookies("__refresh").await;
    let asked = express.asked();
    browser.visit(home).await;
    assert_eq!(user(browser).await, ada);
    let handshakes = express.requests("/v1/client/handshake", asked);
    assert_eq!(handshakes.len(), 1, "{handshakes:?}");
    assert_eq!(browser.address().await.as_str(), home);
}

async fn a_form_after_the_end_is_signed_out(browser: &Browser, home: &str, ada: &str) {
    wait_for_the_end_of_the_session_token(browser).await;
    browser.click("#send").await;
    browser.arrives_at(&format!("{home}form")).await;
    assert_eq!(user(browser).await, "nobody");
    browser.visit(home).await;
    assert_eq!(user(browser).await, ada);
}

async fn the_session_cookie_is_lost(express: &Express, browser: &Browser, home: &str, ada: &str) {
    browser.remove_cookies("__session").await;
    let asked = express.asked();
    browser.visit(home).await;
    assert_eq!(user(browser).await, ada);
    assert_eq!(express.requests("/v1/client/handshake", asked).len(), 1);
    assert_eq!(browser.address().await.as_str(), home);
}

async fn every_cookie_is_lost(browser: &Browser, home: &str, ada: &str) {
    browser.remove_cookies("").await;
    browser.visit(home).await;
    assert_eq!(
        user(browser).await,
        ada,
        "the portal knows the browser by its own cookie"
    );
}

/// Resets the counter: Clerk's SDK takes several handshakes within seconds for a redirect loop.
async fn takes_its_time(browser: &Browser) {
    browser.remove_cookies("__clerk_redirect_count").await;
}

/// Opens the URL of a finished handshake a second time.
async fn a_used_nonce_changes_nothing(browser: &Browser, home: &str, ada: &str) {
    takes_its_time(browser).await;
    browser.remove_cookies("__session").await;
    browser.visits().await;
    browser.visit(home).await;
    let visits = browser.visits().await;
    let with_nonce = visits
        .iter()
        .find(|visit| visit.parameter("__clerk_handshake_nonce").is_some());
    let with_nonce = with_nonce.expect("a handshake came back").url.clone();
    browser.visit(with_nonce.as_str()).await;
    let visits = browser.visits().await;
    assert!(matches!(statuses(&visits)[..], [307, .., 200]), "{visits:#?}");
    // The token lives for some seconds only, so it may expire and need one more refresh or handshake.
    assert!(handshakes(&visits).len() <= 1, "{visits:#?}");
    assert_eq!(browser.address().await.as_str(), home);
    assert_eq!(user(browser).await, ada);
}

async fn a_password_wrong_once_leads_back(express: &Express, browser: &Browser, private: &str) {
    takes_its_time(browser).await;
    browser.visit(private).await;
    browser
        .arrives_at(&format!("{}/sign-in", express.portal.origin()))
        .await;
    browser.fill("identifier", JOE).await;
    browser.follow("portal-sign-in-submit").await;
    browser.fill("password", "not this one").await;
    browser.follow("portal-factor-one-submit").await;
    browser
        .is_told("That password isn't correct. Try again or use another method.")
        .await;
    browser.fill("password", people::PASSWORD).await;
    browser.follow("portal-factor-one-submit").await;
    assert_eq!(browser.arrives_at(&express.app).await.as_str(), private);
    assert_eq!(user(browser).await, SeedUser::new(JOE).id());
    let dev_browser = browser.cookie("__clerk_db_jwt").await;
    let jar = browser.jar();
    let portals = jar
        .iter()
        .find(|cookie| cookie.domain == "127.0.0.1" && cookie.name == "__clerk_db_jwt");
    assert_eq!(portals.map(|cookie| cookie.value.clone()), dev_browser);
}

async fn signed_out_on_the_portal(express: &Express, browser: &Browser, home: &str) {
    let portal = express.portal.origin();
    browser.visit(&format!("{portal}/sign-out?redirect_url={home}")).await;
    browser.follow("portal-sign-out-submit").await;
    browser.arrives_at(home).await;
    assert_eq!(user(browser).await, "nobody");
    assert_eq!(browser.address().await.as_str(), home);
}

async fn path_activates_its_organization(express: &Express, browser: &Browser) {
    for (path, slug) in [
        ("/orgs/beta", "beta"),
        ("/orgs/gamma/x", "gamma"),
        ("/me", "none"),
        ("/orgs/beta", "beta"),
    ] {
        takes_its_time(browser).await;
        browser.visit(&format!("{}{path}", express.app)).await;
        assert_eq!(browser.text("#organization").await, slug, "{path}");
    }
}
