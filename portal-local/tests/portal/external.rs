//! The way through Example ID, the outside provider that the portal plays.

use hyper::Method;
use portal_local::{LocalPortalBuilder, SeedUser, Settings, SignUpMode};
use serde_json::Value;

use crate::browser::{Answer, Browser};
use crate::world::{DASHBOARD, PASSWORD, PortalClock, World, identify, sign_up};

const ADA: &str = "ada+clerk_test@example.com";
const PAT: &str = "pat+clerk_test@example.com";

async fn world(stage: impl FnOnce(LocalPortalBuilder) -> LocalPortalBuilder) -> World {
    let clock = PortalClock::new();
    let portal = clock
        .builder()
        .user(SeedUser::new(ADA).name("Ada", "Lovelace").password(PASSWORD));
    let portal = stage(portal).start().await.unwrap();
    World { portal, clock }
}

async fn usual() -> World {
    world(|portal| portal).await
}

/// Presses the button of a page; the browser is at the provider then.
async fn leave(browser: &mut Browser, page: &str) -> Answer {
    browser.get(&format!("{page}?{DASHBOARD}")).await;
    let token = browser.form_token();
    let away = browser
        .post(&format!("{page}/sso?{DASHBOARD}"), &[("form_token", &token)], &[])
        .await;
    assert_eq!(away.status, 303, "{}", away.body);
    browser.follow(&away).await
}

/// Continues with an address at the provider, and follows its redirect back.
async fn allow(browser: &mut Browser, address: &str, is_verified: bool) -> Answer {
    let verified = if is_verified { "on" } else { "" };
    let back = browser
        .submit(&[
            ("emailAddress", address),
            ("firstName", "Pat"),
            ("lastName", "Example"),
            ("isVerified", verified),
        ])
        .await;
    assert!(
        back.location().starts_with("/v1/oauth_callback?"),
        "{}",
        back.location()
    );
    browser.follow(&back).await
}

fn is_at_the_application(answer: &Answer) -> bool {
    answer
        .location()
        .starts_with("http://localhost:3000/dashboard?__clerk_db_jwt=")
}

async fn user(world: &World, address: &str) -> Value {
    let address: String = url::form_urlencoded::byte_serialize(address.as_bytes()).collect();
    let found = world
        .application()
        .get(&format!("/v1/users?email_address={address}"))
        .await;
    found.json()[0].clone()
}

#[tokio::test]
async fn external_sign_in_creates_or_signs_in_the_user() {
    let world = usual().await;
    let mut browser = world.browser();
    let page = leave(&mut browser, "/sign-in").await;
    assert!(page.body.contains("Acme") && page.body.contains("Example ID"));
    let policy = page.header("content-security-policy");
    assert!(
        policy.contains("http://localhost:3000"),
        "the redirects lead there: {policy}"
    );
    let back = allow(&mut browser, PAT, true).await;
    assert!(is_at_the_application(&back), "{} {}", back.status, back.body);
    assert!(world.application().handshake(&mut browser).await.is_signed_in());

    let pat = user(&world, PAT).await;
    assert_eq!(pat["first_name"], "Pat");
    assert_eq!(pat["password_enabled"], false);
    let account = &pat["external_accounts"][0];
    assert_eq!(account["provider"], "oauth_custom_example");
    assert_eq!(account["email_address"], PAT);
    let address = &pat["email_addresses"][0];
    assert_eq!(address["verification"]["strategy"], "from_oauth_custom_example");
    assert_eq!(address["verification"]["status"], "verified");
    assert_eq!(address["linked_to"][0]["id"], account["identification_id"]);

    let mut other = world.browser();
    leave(&mut other, "/sign-up").await;
    assert!(is_at_the_application(&allow(&mut other, PAT, true).await));
    assert_eq!(
        user(&world, PAT).await["external_accounts"].as_array().unwrap().len(),
        1
    );
}

#[tokio::test]
async fn verified_external_address_links_the_existing_account() {
    let world = usual().await;
    let mut browser = world.browser();
    leave(&mut browser, "/sign-in").await;
    assert!(is_at_the_application(&allow(&mut browser, ADA, true).await));
    let ada = user(&world, ADA).await;
    assert_eq!(ada["id"], SeedUser::new(ADA).id());
    assert_eq!(ada["first_name"], "Ada", "what people entered here stays");
    assert_eq!(ada["external_accounts"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn unverified_external_address_does_not_sign_in() {
    let world = usual().await;
    let mut browser = world.browser();
    leave(&mut browser, "/sign-in").await;
    let page = allow(&mut browser, ADA, false).await;
    assert_eq!(page.page_error(), "external_account_exists");
    assert!(!world.application().handshake(&mut browser).await.is_signed_in());
    assert_eq!(
        user(&world, ADA).await["external_accounts"].as_array().unwrap().len(),
        0
    );

    // No account has this address: a code proves it.
    leave(&mut browser, "/sign-up").await;
    let code = allow(&mut browser, PAT, false).await;
    assert_eq!(code.location(), format!("/sign-up/verify-email-address?{DASHBOARD}"));
    browser.follow(&code).await;
    let done = browser.submit(&[("code", "424242")]).await;
    assert!(is_at_the_application(&done), "{}", done.body);
    let pat = user(&world, PAT).await;
    assert_eq!(pat["email_addresses"][0]["verification"]["strategy"], "email_code");
    assert_eq!(pat["external_accounts"][0]["email_address_verified"], false);
}

#[tokio::test]
async fn missing_required_fields_are_requested_after_external_sign_up() {
    let mut settings = Settings::default();
    settings.names_required = true;
    let world = world(|portal| portal.settings(settings)).await;
    let mut browser = world.browser();
    leave(&mut browser, "/sign-up").await;
    let back = browser.submit(&[("emailAddress", PAT), ("isVerified", "on")]).await;
    let more = browser.follow(&back).await;
    assert_eq!(more.location(), format!("/sign-up/continue?{DASHBOARD}"));
    browser.follow(&more).await;
    let done = browser.submit(&[("firstName", "Pat"), ("lastName", "Example")]).await;
    assert!(is_at_the_application(&done), "{}", done.body);
    assert_eq!(
        user(&world, PAT).await["external_accounts"].as_array().unwrap().len(),
        1
    );
}

#[tokio::test]
async fn denied_external_consent_shows_an_error_and_can_be_retried() {
    let world = usual().await;
    let mut browser = world.browser();
    leave(&mut browser, "/sign-in").await;
    let back = browser.submit(&[("intent", "cancel")]).await;
    let page = browser.follow(&back).await;
    assert_eq!(page.page_error(), "oauth_access_denied");
    assert!(page.body.contains("localhost:3000"), "where they go is not forgotten");
    let again = browser.submit(&[("identifier", ADA)]).await;
    assert_eq!(again.location(), format!("/sign-in/factor-one?{DASHBOARD}"));

    leave(&mut browser, "/sign-in").await;
    let page = browser
        .submit(&[("emailAddress", "nobody"), ("firstName", &"x".repeat(300))])
        .await;
    assert_eq!(page.status, 422);
    assert_eq!(page.body.matches("data-code=").count(), 2);
}

#[tokio::test]
async fn oauth_callback_is_single_use_expires_and_is_bound_to_its_browser() {
    let world = usual().await;
    let mut browser = world.browser();
    leave(&mut browser, "/sign-in").await;
    let fields = [("emailAddress", PAT), ("isVerified", "on")];
    let back = browser.submit(&fields).await.location().to_owned();

    // A user who is lured to it does not get the other's account.
    let mut lured = world.browser();
    lured.get("/sign-in").await;
    assert_eq!(lured.get(&back).await.page_error(), "oauth_callback_invalid");
    assert!(!world.application().handshake(&mut lured).await.is_signed_in());

    let forged = back.split_once("code=").unwrap().0.to_owned() + "code=forged&" + back.split_once('&').unwrap().1;
    assert_eq!(browser.get(&forged).await.page_error(), "oauth_callback_invalid");
    assert_eq!(
        browser.get(&back).await.page_error(),
        "oauth_callback_invalid",
        "a wrong code ends the attempt"
    );

    leave(&mut browser, "/sign-in").await;
    let back = browser.submit(&fields).await.location().to_owned();
    assert!(is_at_the_application(&browser.get(&back).await));
    let again = browser.get(&back).await;
    assert!(
        again.location().starts_with("http://localhost:3000"),
        "a second click does no harm: {}",
        again.body
    );

    let mut late = world.browser();
    leave(&mut late, "/sign-in").await;
    world.clock.forward_secs(11 * 60);
    let back = late.submit(&fields).await;
    assert_eq!(late.follow(&back).await.page_error(), "oauth_callback_invalid");
}

#[tokio::test]
async fn unknown_oauth_client_or_redirect_uri_is_refused() {
    let world = usual().await;
    let mut browser = world.browser();
    let there = {
        browser.get("/sign-in").await;
        let token = browser.form_token();
        browser
            .post("/sign-in/sso", &[("form_token", &token)], &[])
            .await
            .location()
            .to_owned()
    };
    for (part, other) in [
        ("client_id=ins_", "client_id=other_"),
        ("%2Fv1%2Foauth_callback", "%2Felsewhere"),
        ("response_type=code", "response_type=token"),
        ("&state=", "&stat="),
    ] {
        assert!(there.contains(part), "{there}");
        let answer = browser.get(&there.replace(part, other)).await;
        assert_eq!((answer.status, answer.location()), (400, ""), "{part}");
    }
}

#[tokio::test]
async fn sign_up_restrictions_apply_to_external_accounts() {
    for (mode, code) in [
        (SignUpMode::Restricted, "sign_up_mode_restricted"),
        (SignUpMode::Waitlist, "sign_up_restricted_waitlist"),
    ] {
        let mut settings = Settings::default();
        settings.sign_up_mode = mode;
        let world = world(|portal| portal.settings(settings)).await;
        let mut browser = world.browser();
        leave(&mut browser, "/sign-in").await;
        let page = allow(&mut browser, PAT, true).await;
        assert_eq!((page.status, page.page_error()), (403, code));
        assert_eq!(user(&world, PAT).await, Value::Null);
        leave(&mut browser, "/sign-in").await;
        assert!(
            is_at_the_application(&allow(&mut browser, ADA, true).await),
            "accounts that exist are open"
        );
    }
    let mut settings = Settings::default();
    settings.example_provider_enabled = false;
    let world = world(|portal| portal.settings(settings)).await;
    let mut browser = world.browser();
    let page = browser.get("/sign-in").await;
    assert!(!page.body.contains("Example ID"));
    let token = browser.form_token();
    assert_eq!(
        browser
            .post("/sign-in/sso", &[("form_token", &token)], &[])
            .await
            .status,
        404
    );
    let environment = browser.get("/v1/environment").await.json();
    let social = &environment["user_settings"]["social"]["oauth_custom_example"];
    assert_eq!(social["enabled"], false);
}

#[tokio::test]
async fn external_account_is_connected_and_disconnected() {
    let world = usual().await;
    let mut browser = world.browser();
    identify(&mut browser, ADA, DASHBOARD).await;
    browser.submit(&[("password", PASSWORD)]).await;
    let connect = async |browser: &mut Browser, address: &str| {
        browser.get(&format!("/user?{DASHBOARD}")).await;
        let token = browser.form_token();
        let path = format!("/user/connected-accounts?{DASHBOARD}");
        let away = browser.post(&path, &[("form_token", &token)], &[]).await;
        browser.follow(&away).await;
        allow(browser, address, false).await
    };
    let back = connect(&mut browser, PAT).await;
    assert_eq!(back.location(), format!("/user?notice=connected&{DASHBOARD}"));
    let page = browser.follow(&back).await;
    assert!(page.body.contains("connected") && page.body.contains(PAT));

    let mut other = world.browser();
    leave(&mut other, "/sign-in").await;
    assert!(
        is_at_the_application(&allow(&mut other, PAT, false).await),
        "it opens the account from now on"
    );
    let cookies = world.application().handshake(&mut other).await;
    let claims = world.application().verified_claims(cookies.value("__session")).await;
    assert_eq!(claims["sub"], SeedUser::new(ADA).id());

    let mut stranger = world.signed_up("stranger+clerk_test@example.com").await;
    assert_eq!(
        connect(&mut stranger, PAT).await.page_error(),
        "oauth_identification_claimed"
    );

    browser.get(&format!("/user?{DASHBOARD}")).await;
    let token = browser.form_token();
    let id = user(&world, ADA).await["external_accounts"][0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    stranger.get("/user").await;
    let foreign = stranger.form_token();
    let path = "/user/connected-accounts/remove";
    stranger.post(path, &[("form_token", &foreign), ("id", &id)], &[]).await;
    assert_eq!(
        user(&world, ADA).await["external_accounts"].as_array().unwrap().len(),
        1
    );
    let gone = browser.post(path, &[("form_token", &token), ("id", &id)], &[]).await;
    assert_eq!(gone.location(), "/user?notice=disconnected");
    assert_eq!(
        user(&world, ADA).await["external_accounts"].as_array().unwrap().len(),
        0
    );
}

#[tokio::test]
async fn external_sign_in_requires_the_second_factor() {
    let mia = SeedUser::new(PAT).totp_secret("JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP");
    let world = world(|portal| portal.user(mia)).await;
    let mut browser = world.browser();
    leave(&mut browser, "/sign-in").await;
    let second = allow(&mut browser, PAT, true).await;
    assert_eq!(second.location(), format!("/sign-in/factor-two?{DASHBOARD}"));
    assert!(!world.application().handshake(&mut browser).await.is_signed_in());
    browser.follow(&second).await;
    let code = world.portal.totp_code_for(PAT).await.unwrap().unwrap();
    assert!(is_at_the_application(&browser.submit(&[("code", &code)]).await));
}

#[tokio::test]
async fn external_account_is_connected_to_the_requesting_user_only() {
    let world = usual().await;
    let mut browser = world.browser();
    identify(&mut browser, ADA, DASHBOARD).await;
    browser.submit(&[("password", PASSWORD)]).await;
    browser.get("/user").await;
    let token = browser.form_token();
    let away = browser
        .post("/user/connected-accounts", &[("form_token", &token)], &[])
        .await;
    browser.follow(&away).await;
    let back = browser.submit(&[("emailAddress", PAT), ("isVerified", "on")]).await;
    browser.post("/user/sign-out", &[("form_token", &token)], &[]).await;
    sign_up(&mut browser, "next+clerk_test@example.com", DASHBOARD).await;
    assert_eq!(browser.follow(&back).await.page_error(), "oauth_callback_invalid");
    assert_eq!(
        user(&world, ADA).await["external_accounts"].as_array().unwrap().len(),
        0
    );
}

#[tokio::test]
async fn backend_api_deletes_an_external_account() {
    let world = usual().await;
    let mut browser = world.browser();
    leave(&mut browser, "/sign-in").await;
    allow(&mut browser, ADA, true).await;
    let application = world.application();
    let account = user(&world, ADA).await["external_accounts"][0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let path = format!("/v1/users/{}/external_accounts/{account}", SeedUser::new(ADA).id());
    let key = application.secret_key.clone();
    let gone = application.call(Method::DELETE, &path, Some(&key), String::new()).await;
    assert_eq!(gone.json()["deleted"], true);
    let again = application.call(Method::DELETE, &path, Some(&key), String::new()).await;
    assert_eq!(again.status, 404);
}

#[tokio::test]
async fn restriction_lists_apply_to_external_sign_in() {
    let world = usual().await;
    let application = world.application();
    let entry = serde_json::json!({ "identifier": "example.com" });
    application.post("/v1/blocklist_identifiers", &entry).await;
    let restrictions = serde_json::json!({ "blocklist": true });
    application.patch("/v1/instance/restrictions", &restrictions).await;
    for address in [PAT, ADA] {
        let mut browser = world.browser();
        leave(&mut browser, "/sign-in").await;
        let refused = allow(&mut browser, address, true).await;
        assert_eq!(
            (refused.status, refused.page_error()),
            (403, "not_allowed_access"),
            "{address}"
        );
        assert!(!application.handshake(&mut browser).await.is_signed_in());
    }
    assert_eq!(application.get("/v1/users/count").await.json()["total_count"], 1);
}
