//! The tasks of a pending session: a new password, an organization, or both.

use portal_local::{SeedOrganization, SeedUser, Settings};
use serde_json::json;

use crate::browser::{Answer, Browser};
use crate::world::{DASHBOARD, PASSWORD, PortalClock, World, identify};

const LEAKED: &str = "leaked+clerk_test@example.com";
const RESET: &str = "/sign-in/tasks/reset-password";
const CHOOSE: &str = "/sign-in/tasks/choose-organization";
const NEW: &str = "a new horse battery";

async fn world(settings: Settings) -> World {
    let clock = PortalClock::new();
    let organization = |slug: &str| SeedOrganization::new(slug, slug).member(LEAKED, "org:admin");
    let portal = clock
        .builder()
        .settings(settings)
        .user(SeedUser::new(LEAKED).password(PASSWORD).password_compromised())
        .organization(organization("one"))
        .organization(organization("two"))
        .start()
        .await
        .unwrap();
    World { portal, clock }
}

async fn sign_in_with_code(browser: &mut Browser) -> Answer {
    identify(browser, LEAKED, DASHBOARD).await;
    browser
        .get(&format!("/sign-in/factor-one?strategy=email_code&{DASHBOARD}"))
        .await;
    browser.submit(&[("code", "424242")]).await
}

fn path(answer: &Answer) -> &str {
    answer.location().split('?').next().unwrap()
}

/// Status and tasks in the token and in the Backend API.
async fn state(world: &World, browser: &mut Browser) -> (String, Vec<String>) {
    let application = world.application();
    let cookies = application.handshake(browser).await;
    let claims = application.verified_claims(cookies.value("__session")).await;
    let session = application
        .get(&format!("/v1/sessions/{}", claims["sid"].as_str().unwrap()))
        .await
        .json();
    assert_eq!(session["status"], claims["sts"]);
    let tasks = session["tasks"].as_array().cloned().unwrap_or_default();
    let tasks = tasks
        .iter()
        .map(|task| task["key"].as_str().unwrap().to_owned())
        .collect();
    (claims["sts"].as_str().unwrap().to_owned(), tasks)
}

#[tokio::test]
async fn compromised_password_is_replaced_before_the_redirect() {
    let world = world(Settings::default()).await;
    let mut browser = world.browser();
    let answer = sign_in_with_code(&mut browser).await;
    assert_eq!(path(&answer), RESET);
    assert_eq!(
        state(&world, &mut browser).await,
        ("pending".into(), vec!["reset-password".into()])
    );
    assert_eq!(path(&browser.get("/user").await), RESET, "no way around it");
    assert_eq!(path(&browser.get("/sign-up/tasks/reset-password").await), RESET);

    let page = browser.get(&format!("{RESET}?{DASHBOARD}")).await;
    assert!(page.body.contains("may be compromised") && page.body.contains(LEAKED));
    for (password, code) in [
        ("", "form_param_nil"),
        ("short", "form_password_length_too_short"),
        (PASSWORD, "form_new_password_matches_current"),
    ] {
        assert_eq!(browser.submit(&[("password", password)]).await.page_error(), code);
    }
    let done = browser.submit(&[("password", NEW)]).await;
    assert!(
        done.location().starts_with("http://localhost:3000/dashboard?"),
        "{}",
        done.location()
    );
    assert_eq!(state(&world, &mut browser).await, ("active".into(), vec![]));
    let again = browser.get(&format!("{RESET}?{DASHBOARD}")).await;
    assert!(again.location().starts_with("http://localhost:3000/dashboard"));

    let mut other = world.browser();
    identify(&mut other, LEAKED, DASHBOARD).await;
    let signed_in = other.submit(&[("password", NEW)]).await;
    assert_eq!(signed_in.status, 303, "{}", signed_in.body);
}

#[tokio::test]
async fn password_change_in_another_session_completes_the_task() {
    let world = world(Settings::default()).await;
    let (mut waiting, mut other) = (world.browser(), world.browser());
    sign_in_with_code(&mut waiting).await;
    identify(&mut other, LEAKED, DASHBOARD).await;
    other.get(&format!("/sign-in/reset-password?{DASHBOARD}")).await;
    let answer = other.submit(&[("code", "424242")]).await;
    other.follow(&answer).await;
    other.submit(&[("password", NEW)]).await;
    assert_eq!(state(&world, &mut waiting).await, ("active".into(), vec![]));
    assert_eq!(state(&world, &mut other).await, ("active".into(), vec![]));
}

#[tokio::test]
async fn two_tasks_are_completed_in_order() {
    let mut settings = Settings::default();
    settings.force_organization_selection = true;
    let world = world(settings).await;
    let mut browser = world.browser();
    let answer = sign_in_with_code(&mut browser).await;
    assert_eq!(path(&answer), RESET);
    let both = vec!["reset-password".to_owned(), "choose-organization".to_owned()];
    assert_eq!(state(&world, &mut browser).await, ("pending".into(), both));
    assert_eq!(path(&browser.get(CHOOSE).await), RESET, "in order");

    browser.follow(&answer).await;
    let next = browser.submit(&[("password", NEW)]).await;
    assert_eq!(path(&next), CHOOSE);
    browser.follow(&next).await;
    let organization = SeedOrganization::new("two", "two").id();
    let done = browser.submit(&[("organization_id", &organization)]).await;
    assert!(
        done.location().starts_with("http://localhost:3000/dashboard?"),
        "{}",
        done.location()
    );
    assert_eq!(state(&world, &mut browser).await, ("active".into(), vec![]));
}

#[tokio::test]
async fn setting_switches_the_password_task_off() {
    let mut settings = Settings::default();
    settings.force_password_reset = false;
    let world = world(settings).await;
    let mut browser = world.browser();
    sign_in_with_code(&mut browser).await;
    assert_eq!(state(&world, &mut browser).await, ("active".into(), vec![]));
}

#[tokio::test]
async fn task_page_offers_sign_out() {
    let world = world(Settings::default()).await;
    let mut browser = world.browser();
    let answer = sign_in_with_code(&mut browser).await;
    browser.follow(&answer).await;
    let token = browser.form_token();
    let out = browser
        .post(&format!("/user/sign-out?{DASHBOARD}"), &[("form_token", &token)], &[])
        .await;
    assert!(out.location().starts_with("http://localhost:3000/dashboard?"));
    assert!(!world.application().handshake(&mut browser).await.is_signed_in());
}

#[tokio::test]
async fn backend_api_marks_a_password_compromised() {
    let world = world(Settings::default()).await;
    let application = world.application();
    let password = format!("/v1/users/{}/password", SeedUser::new(LEAKED).id());
    let mut browser = world.browser();
    sign_in_with_code(&mut browser).await;
    let known = application
        .post(&format!("{password}/unset_compromised"), &json!({}))
        .await;
    assert_eq!(known.status, 200);
    assert_eq!(
        state(&world, &mut browser).await,
        ("active".into(), vec![]),
        "there is nothing to wait for any more"
    );
    let path = format!("{password}/set_compromised");
    application.post(&path, &json!({})).await;
    assert_eq!(
        state(&world, &mut browser).await,
        ("active".into(), vec![]),
        "the next sign-in asks"
    );
    application.post(&path, &json!({ "revoke_all_sessions": true })).await;
    assert!(!application.handshake(&mut browser).await.is_signed_in());
    let answer = sign_in_with_code(&mut browser).await;
    assert_eq!(self::path(&answer), RESET);
}
