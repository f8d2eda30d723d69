use hyper::Method;
use serde_json::json;

use crate::world::{DASHBOARD, PASSWORD, World, identify};

const ADA: &str = "ada+clerk_test@example.com";
const NEW: &str = "a better password";

#[tokio::test]
async fn password_reset_signs_out_other_sessions() {
    let world = World::start().await;
    let application = world.application();
    let mut other = world.signed_up(ADA).await;
    let mut browser = world.browser();
    let page = identify(&mut browser, ADA, DASHBOARD).await;
    assert!(page.body.contains("Forgot your password?"));
    let page = browser.get(&format!("/sign-in/reset-password?{DASHBOARD}")).await;
    assert!(page.body.contains("Reset your password") && page.body.contains("424242"));
    assert_eq!(
        browser.submit(&[("code", "111111")]).await.page_error(),
        "form_code_incorrect"
    );
    let early = browser.submit(&[("password", NEW)]).await;
    assert_eq!(early.page_error(), "form_param_nil", "no password before the code");
    let right = browser.submit(&[("code", "424242")]).await;
    assert_eq!(right.location(), format!("/sign-in/reset-password?{DASHBOARD}"));
    let page = browser.follow(&right).await;
    assert!(page.body.contains("Set a new password") && page.body.contains("checked"));
    assert!(
        !application.handshake(&mut browser).await.is_signed_in(),
        "the code alone signs nobody in"
    );
    browser.follow(&right).await;
    for (password, code) in [
        ("", "form_param_nil"),
        ("short", "form_password_length_too_short"),
        (PASSWORD, "form_new_password_matches_current"),
    ] {
        assert_eq!(
            browser
                .submit(&[("password", password), ("signOutOfOtherSessions", "on")])
                .await
                .page_error(),
            code
        );
    }
    let done = browser
        .submit(&[("password", NEW), ("signOutOfOtherSessions", "on")])
        .await;
    assert!(
        done.location().starts_with("http://localhost:3000/dashboard?"),
        "{}",
        done.location()
    );
    assert!(application.handshake(&mut browser).await.is_signed_in());
    assert!(!application.handshake(&mut other).await.is_signed_in());
    let mut again = world.browser();
    identify(&mut again, ADA, DASHBOARD).await;
    assert_eq!(
        again.submit(&[("password", PASSWORD)]).await.page_error(),
        "form_password_incorrect"
    );
    assert_eq!(again.submit(&[("password", NEW)]).await.status, 303);
}

#[tokio::test]
async fn password_reset_without_an_attempt_is_refused() {
    let world = World::start().await;
    let mut browser = world.browser();
    let lost = browser.get("/sign-in/reset-password").await;
    assert_eq!(lost.location(), "/sign-in?notice=expired");
}

#[tokio::test]
async fn sign_in_code_does_not_permit_a_password_reset() {
    let world = World::start().await;
    world.signed_up("real+clerk_test@example.com").await;
    let settings = json!({ "test_mode": false }).to_string();
    let application = world.application();
    application
        .call(Method::PATCH, "/v1/instance", Some(&application.secret_key), settings)
        .await;
    let mut browser = world.browser();
    identify(&mut browser, "real+clerk_test@example.com", DASHBOARD).await;
    browser.get("/sign-in/factor-one?strategy=email_code").await;
    let sign_in_code = world.portal.outbox().await.unwrap()[0].code.clone().unwrap();
    let page = browser.get("/sign-in/reset-password").await;
    assert!(
        page.body.contains("Find the code in the"),
        "without test mode it is an ordinary address"
    );
    assert_eq!(
        browser.submit(&[("code", &sign_in_code)]).await.page_error(),
        "form_code_incorrect"
    );
    let reset_code = world.portal.outbox().await.unwrap()[0].code.clone().unwrap();
    assert_eq!(browser.submit(&[("code", &reset_code)]).await.status, 303);
}

#[tokio::test]
async fn compromised_or_banned_account_gets_an_explanation() {
    let world = World::start().await;
    let application = world.application();
    world.signed_up(ADA).await;
    let id = application.get("/v1/users").await.json()[0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    application
        .post(&format!("/v1/users/{id}/password/set_compromised"), &json!({}))
        .await;
    let mut browser = world.browser();
    identify(&mut browser, ADA, DASHBOARD).await;
    assert_eq!(
        browser.submit(&[("password", "wrong wrong")]).await.page_error(),
        "form_password_incorrect"
    );
    let told = browser.submit(&[("password", PASSWORD)]).await;
    assert_eq!(told.page_error(), "form_password_compromised");
    assert!(told.body.contains("Set a new password"));
    browser.get("/sign-in/reset-password").await;
    let code = browser.submit(&[("code", "424242")]).await;
    browser.follow(&code).await;
    assert_eq!(browser.submit(&[("password", NEW)]).await.status, 303);
    let mut again = world.browser();
    identify(&mut again, ADA, DASHBOARD).await;
    assert_eq!(again.submit(&[("password", NEW)]).await.status, 303);

    let (mut with_password, mut with_code, mut with_reset) = (world.browser(), world.browser(), world.browser());
    for browser in [&mut with_password, &mut with_code, &mut with_reset] {
        identify(browser, ADA, DASHBOARD).await;
    }
    with_code.get("/sign-in/factor-one?strategy=email_code").await;
    with_reset.get("/sign-in/reset-password").await;
    with_reset.submit(&[("code", "424242")]).await;
    application.post(&format!("/v1/users/{id}/ban"), &json!({})).await;
    for answer in [
        with_password.submit(&[("password", NEW)]).await,
        with_code.submit(&[("code", "424242")]).await,
        with_reset.submit(&[("password", "yet another one")]).await,
    ] {
        assert_eq!(
            (answer.status, answer.page_error()),
            (403, "user_banned"),
            "also in the middle"
        );
    }
    let mut banned = world.browser();
    banned.get("/sign-in").await;
    let refused = banned.submit(&[("identifier", ADA)]).await;
    assert_eq!((refused.status, refused.page_error()), (403, "user_banned"));
}

#[tokio::test]
async fn clerk_flow_end_address_redirects_onward() {
    let world = World::start().await;
    let path = format!("/sign-in/reset-password-success?{DASHBOARD}");
    let signed_out = world.browser().get(&path).await;
    assert!(
        signed_out.location().starts_with("/sign-in?"),
        "{}",
        signed_out.location()
    );
    let mut browser = world.signed_up("ada+clerk_test@example.com").await;
    let on = browser.get(&path).await;
    assert!(
        on.location().starts_with("http://localhost:3000/dashboard?"),
        "{}",
        on.location()
    );
}
