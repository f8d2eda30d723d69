use serde_json::json;

use crate::organization_pages::post;
use crate::organizations::organization;
use crate::world::{DASHBOARD, PASSWORD, World, identify};

const ADA: &str = "ada+clerk_test@example.com";
const SECOND: &str = "second+clerk_test@example.com";

async fn id_of(world: &World) -> String {
    world
        .application()
        .get("/v1/users?email_address=ada%2Bclerk_test%40example.com")
        .await
        .json()[0]["id"]
        .as_str()
        .unwrap()
        .to_owned()
}

#[tokio::test]
async fn name_is_changed_and_the_back_link_is_shown() {
    let world = World::start().await;
    let mut browser = world.signed_up(ADA).await;
    let page = browser.get(&format!("/user?{DASHBOARD}")).await;
    assert!(
        page.body
            .contains("href=\"http://localhost:3000/dashboard?__clerk_db_jwt=")
            && page.body.contains("Back to localhost:3000")
    );
    let answer = browser.submit(&[("firstName", "  Augusta "), ("lastName", "")]).await;
    let page = browser.follow(&answer).await;
    assert!(page.body.contains("Your changes are saved."));
    assert!(
        page.body.contains("data-testid=\"portal-user-name\">Augusta<"),
        "{}",
        page.body
    );

    let long = "x".repeat(257);
    let answer = browser.submit(&[("firstName", &long), ("lastName", "King")]).await;
    assert_eq!(
        (answer.status, answer.page_error()),
        (422, "form_param_max_length_exceeded")
    );
    assert!(answer.body.contains("value=\"King\""), "what was typed stays");

    let hostile = browser.get("/user?redirect_url=https%3A%2F%2Fevil.example%2F").await;
    assert!(!hostile.body.contains("Back to") && hostile.says("(evil.example) isn't allowed"));
}

#[tokio::test]
async fn address_is_added_verified_made_primary_and_removed() {
    let world = World::start().await;
    let mut browser = world.signed_up(ADA).await;
    let mut other = world.browser();
    crate::world::sign_up(&mut other, "joe+clerk_test@example.com", DASHBOARD).await;
    browser.get(&format!("/user/email-addresses?{DASHBOARD}")).await;
    for (typed, code) in [
        ("", "form_param_nil"),
        ("nonsense", "form_param_format_invalid"),
        (ADA, "form_identifier_exists"),
        ("JOE+clerk_test@example.com", "form_identifier_exists"),
    ] {
        let answer = browser.submit(&[("emailAddress", typed)]).await;
        assert_eq!(answer.page_error(), code, "{typed}");
        assert!(
            answer.body.contains(&format!("value=\"{typed}\"")) || typed.contains('+'),
            "{typed}"
        );
    }
    let added = browser.submit(&[("emailAddress", SECOND)]).await;
    let page = browser.follow(&added).await;
    assert!(page.body.contains("Verify your email address"));
    let wrong = browser.submit(&[("code", "000000")]).await;
    assert_eq!(wrong.page_error(), "form_code_incorrect");
    let soon = browser.submit(&[("intent", "resend")]).await;
    assert_eq!((soon.status, soon.page_error()), (429, "too_many_requests"));
    let unverified = browser.get("/user").await;
    assert!(unverified.body.contains("Unverified") && !unverified.body.contains("portal-user-make-primary"));
    let id = world
        .application()
        .get(&format!("/v1/users/{}", id_of(&world).await))
        .await
        .json()["email_addresses"][1]["id"]
        .clone();
    let id = id.as_str().unwrap();
    let early = post(&mut browser, "/user/email-addresses/primary", &[("id", id)]).await;
    assert_eq!(early.status, 422, "an address that is not proven is never primary");

    browser.follow(&added).await;
    let verified = browser.submit(&[("code", "424242")]).await;
    assert!(
        browser
            .follow(&verified)
            .await
            .body
            .contains("The email address is verified.")
    );
    let primary = post(&mut browser, "/user/email-addresses/primary", &[("id", id)]).await;
    assert!(
        browser
            .follow(&primary)
            .await
            .body
            .contains("Your primary email address has changed.")
    );
    let remove = post(&mut browser, "/user/email-addresses/remove", &[("id", id)]).await;
    assert_eq!(
        remove.page_error(),
        "identification_deletion_failed",
        "not the primary one"
    );
    let user = world
        .application()
        .get(&format!("/v1/users/{}", id_of(&world).await))
        .await
        .json();
    assert_eq!(user["primary_email_address_id"], id);
    let first = user["email_addresses"][0]["id"].as_str().unwrap().to_owned();
    browser.get("/user").await;
    let removed = post(&mut browser, "/user/email-addresses/remove", &[("id", &first)]).await;
    assert!(
        browser
            .follow(&removed)
            .await
            .body
            .contains("The email address is removed.")
    );
    let twice = post(&mut browser, "/user/email-addresses/remove", &[("id", &first)]).await;
    assert_eq!(twice.status, 303, "a second click is no error");
    let last = post(&mut browser, "/user/email-addresses/remove", &[("id", id)]).await;
    assert_eq!(last.page_error(), "identification_deletion_failed", "not the last one");

    let mut again = world.browser();
    identify(&mut again, SECOND, DASHBOARD).await;
    assert_eq!(
        again.submit(&[("password", PASSWORD)]).await.status,
        303,
        "the new address signs in"
    );
    let mut old = world.browser();
    old.get("/sign-in").await;
    assert_eq!(
        old.submit(&[("identifier", ADA)]).await.page_error(),
        "form_identifier_not_found"
    );
}

#[tokio::test]
async fn password_change_signs_out_other_devices() {
    let world = World::start().await;
    let application = world.application();
    let mut browser = world.signed_up(ADA).await;
    let mut other = world.browser();
    identify(&mut other, ADA, DASHBOARD).await;
    other.submit(&[("password", PASSWORD)]).await;
    assert!(application.handshake(&mut other).await.is_signed_in());

    let page = browser.get("/user/security").await;
    assert!(
        page.body.contains("checked"),
        "signing out other devices is preselected"
    );
    for (current, new, code) in [
        ("", "a better password", "form_param_nil"),
        ("wrong wrong", "a better password", "form_password_incorrect"),
        (PASSWORD, "", "form_param_nil"),
        (PASSWORD, "short", "form_password_length_too_short"),
        (PASSWORD, ADA, "form_password_matches_identifier"),
        (PASSWORD, PASSWORD, "form_new_password_matches_current"),
    ] {
        let answer = browser.submit(&[("currentPassword", current), ("password", new)]).await;
        assert_eq!((answer.status, answer.page_error()), (422, code), "{current} {new}");
    }
    let saved = browser
        .submit(&[
            ("currentPassword", PASSWORD),
            ("password", "a better password"),
            ("signOutOfOtherSessions", "on"),
        ])
        .await;
    assert!(browser.follow(&saved).await.body.contains("Your password is saved."));
    assert!(!application.handshake(&mut other).await.is_signed_in());
    assert!(
        application.handshake(&mut browser).await.is_signed_in(),
        "this device stays signed in"
    );
    let mut again = world.browser();
    identify(&mut again, ADA, DASHBOARD).await;
    assert_eq!(
        again.submit(&[("password", PASSWORD)]).await.page_error(),
        "form_password_incorrect"
    );
    assert_eq!(again.submit(&[("password", "a better password")]).await.status, 303);
}

#[tokio::test]
async fn wrong_current_passwords_lock_the_account() {
    let world = World::start().await;
    let mut browser = world.signed_up(ADA).await;
    browser.get("/user/security").await;
    for _ in 0..9 {
        let answer = browser
            .submit(&[("currentPassword", "wrong wrong"), ("password", "a better password")])
            .await;
        assert_eq!(answer.page_error(), "form_password_incorrect");
    }
    for current in ["wrong wrong", PASSWORD] {
        let answer = browser
            .submit(&[("currentPassword", current), ("password", "a better password")])
            .await;
        assert_eq!((answer.status, answer.page_error()), (403, "user_locked"));
    }
}

#[tokio::test]
async fn device_list_signs_devices_out() {
    let world = World::start().await;
    let application = world.application();
    let mut browser = world.signed_up(ADA).await;
    let mut other = world.browser();
    identify(&mut other, ADA, DASHBOARD).await;
    other.submit(&[("password", PASSWORD)]).await;
    let firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
    other
        .send(hyper::Method::GET, "/user", &[("user-agent", firefox)], String::new())
        .await;
    let cookies = application.handshake(&mut other).await;
    let claims = application.verified_claims(cookies.value("__session")).await;
    let session = claims["sid"].as_str().unwrap();

    let page = browser.get("/user/security").await;
    assert!(
        page.body.contains("Firefox 140 on Linux") && page.body.contains("This device"),
        "{}",
        page.body
    );
    assert_eq!(page.body.matches("portal-security-device\"").count(), 2);
    assert!(page.body.contains(session));
    let stranger = world.browser();
    let mut mallory = stranger;
    crate::world::sign_up(&mut mallory, "mallory+clerk_test@example.com", DASHBOARD).await;
    mallory.get("/user/security").await;
    post(&mut mallory, "/user/security/devices", &[("session_id", session)]).await;
    assert!(
        application.handshake(&mut other).await.is_signed_in(),
        "only one's own devices"
    );

    let done = post(&mut browser, "/user/security/devices", &[("session_id", session)]).await;
    let page = browser.follow(&done).await;
    assert!(page.body.contains("The device is signed out.") && !page.body.contains("Firefox"));
    assert!(!application.handshake(&mut other).await.is_signed_in());
    let ended = application.get(&format!("/v1/sessions/{session}")).await.json();
    assert_eq!(
        (&ended["status"], &ended["latest_activity"]["browser_name"]),
        (&json!("revoked"), &json!("Firefox"))
    );
}

#[tokio::test]
async fn account_deletion_is_refused_for_a_sole_administrator() {
    let world = World::start().await;
    let application = world.application();
    let mut browser = world.signed_up(ADA).await;
    let id = id_of(&world).await;
    let acme = organization(&application, "Acme", &id).await;
    browser.get(&format!("/user/delete?{DASHBOARD}")).await;
    let wrong = browser.submit(&[("confirmation", "yes")]).await;
    assert_eq!((wrong.status, wrong.page_error()), (422, "form_param_value_invalid"));
    assert!(wrong.body.contains("Type Delete account to confirm."), "{}", wrong.body);
    assert_eq!(application.get(&format!("/v1/users/{id}")).await.status, 200);
    let refused = browser.submit(&[("confirmation", "Delete account")]).await;
    assert_eq!(
        (refused.status, refused.page_error()),
        (403, "organization_minimum_permissions_needed")
    );
    assert!(refused.body.contains("the only member who can manage Acme."));
    application.delete(&format!("/v1/organizations/{acme}")).await;
    let gone = browser.submit(&[("confirmation", "delete account")]).await;
    assert!(
        gone.location().starts_with("http://localhost:3000/dashboard?"),
        "{}",
        gone.location()
    );
    assert_eq!(application.get(&format!("/v1/users/{id}")).await.status, 404);
    assert!(!application.handshake(&mut browser).await.is_signed_in());
    assert!(browser.get("/sign-in").await.body.contains("Sign in to Acme"));
    assert_eq!(
        browser.submit(&[("identifier", ADA)]).await.page_error(),
        "form_identifier_not_found"
    );
}

#[tokio::test]
async fn portal_sign_out_signs_out_of_the_application() {
    let world = World::start().await;
    let application = world.application();
    let mut browser = world.signed_up(ADA).await;
    let cookies = application.handshake(&mut browser).await;
    assert!(cookies.is_signed_in());

    browser.get(&format!("/user?{DASHBOARD}")).await;
    let token = browser.form_token();
    let answer = browser
        .post(&format!("/user/sign-out?{DASHBOARD}"), &[("form_token", &token)], &[])
        .await;
    assert!(
        answer
            .location()
            .starts_with("http://localhost:3000/dashboard?__clerk_db_jwt=")
    );
    assert!(!application.handshake(&mut browser).await.is_signed_in());
    assert_eq!(
        application.refresh(&cookies).await.json()["errors"][0]["code"],
        "session_inactive"
    );
    let session = crate::application::unverified_claims(cookies.value("__session"))["sid"].clone();
    let session = application
        .get(&format!("/v1/sessions/{}", session.as_str().unwrap()))
        .await
        .json();
    assert_eq!(session["status"], "removed");

    let again = browser.post("/user/sign-out", &[("form_token", &token)], &[]).await;
    assert_eq!(again.status, 303, "signing out twice is no error");
    assert!(browser.get("/sign-in").await.body.contains("Sign in to Acme"));
}

#[tokio::test]
async fn sign_out_page_asks_for_confirmation() {
    let world = World::start().await;
    let application = world.application();
    let mut browser = world.signed_up(ADA).await;
    let page = browser.get(&format!("/sign-out?{DASHBOARD}")).await;
    assert!(page.body.contains("You'll be signed out"));
    assert!(
        application.handshake(&mut browser).await.is_signed_in(),
        "looking is not leaving"
    );
    browser.get(&format!("/sign-out?{DASHBOARD}")).await;
    let out = browser.submit(&[]).await;
    assert!(
        out.location()
            .starts_with("http://localhost:3000/dashboard?__clerk_db_jwt=")
    );
    assert!(!application.handshake(&mut browser).await.is_signed_in());
    assert!(browser.get("/sign-out").await.body.contains("You're signed out"));
}

#[tokio::test]
async fn sensitive_change_requires_reverification() {
    let world = World::start().await;
    let application = world.application();
    let mut browser = world.signed_up(ADA).await;
    world.clock.forward_secs(10 * 60 + 1);
    browser.get("/user").await;
    let id = application
        .get(&format!("/v1/users/{}", id_of(&world).await))
        .await
        .json()["primary_email_address_id"]
        .clone();
    for path in ["/user/email-addresses", "/user/delete"] {
        let answer = browser.get(&format!("{path}?{DASHBOARD}")).await;
        let next = path.replace('/', "%2F");
        assert_eq!(answer.location(), format!("/user/verify?next={next}&{DASHBOARD}"));
    }
    world.clock.forward_secs(10 * 60);
    browser.get("/user").await;
    for (path, fields) in [
        ("/user/email-addresses", vec![("emailAddress", SECOND)]),
        ("/user/email-addresses/primary", vec![("id", id.as_str().unwrap())]),
        ("/user/email-addresses/remove", vec![("id", id.as_str().unwrap())]),
        ("/user/delete", vec![("confirmation", "Delete account")]),
    ] {
        let answer = post(&mut browser, path, &fields).await;
        assert!(
            answer.location().starts_with("/user/verify?next="),
            "{path}: {}",
            answer.body
        );
        browser.get("/user").await;
    }
    let asked = browser.get("/user/delete").await;
    let page = browser.follow(&asked).await;
    assert!(page.says("Confirm that it's you"));
    assert_eq!(
        browser.submit(&[("password", "wrong wrong")]).await.page_error(),
        "form_password_incorrect"
    );
    let proven = browser.submit(&[("password", PASSWORD)]).await;
    assert_eq!(proven.location(), "/user/delete");
    assert!(browser.follow(&proven).await.body.contains("Delete your account"));
    let cookies = application.handshake(&mut browser).await;
    assert_eq!(
        application.verified_claims(cookies.value("__session")).await["fva"],
        json!([0, -1]),
        "the token says so"
    );

    world.clock.forward_secs(11 * 60);
    browser
        .get("/user/verify?next=https%3A%2F%2Fevil.example&strategy=email_code")
        .await;
    assert_eq!(
        browser.submit(&[("code", "000000")]).await.page_error(),
        "form_code_incorrect"
    );
    let proven = browser.submit(&[("code", "424242")]).await;
    assert_eq!(proven.location(), "/user", "only to pages that ask for a proof");
    assert_eq!(browser.get("/user/delete").await.status, 200);
    world.clock.forward_secs(11 * 60);
    browser.get("/user/verify?strategy=email_code").await;
    assert_eq!(
        browser.submit(&[("code", "424242")]).await.status,
        303,
        "and again the next time"
    );
}

#[tokio::test]
async fn user_without_a_name_is_shown_by_address() {
    let world = World::start().await;
    let application = world.application();
    for (names, letters) in [
        (json!({ "first_name": "ada", "last_name": "Lovelace" }), "AL"),
        (json!({ "first_name": "Ada" }), "A"),
        (json!({}), "X"),
    ] {
        let mut body = json!({ "email_address": ["x@example.com"], "skip_password_requirement": true });
        for (name, value) in names.as_object().unwrap() {
            body[name] = value.clone();
        }
        let user = application.post("/v1/users", &body).await.json();
        let image = user["image_url"].as_str().unwrap().to_owned();
        let path = image.strip_prefix(world.portal.origin()).unwrap();
        let picture = world.browser().get(path).await;
        assert_eq!(picture.header("content-type"), "image/svg+xml");
        assert!(picture.body.contains(&format!(">{letters}<")), "{}", picture.body);
        let id = user["id"].as_str().unwrap();
        let key = application.secret_key.clone();
        application
            .call(
                hyper::Method::DELETE,
                &format!("/v1/users/{id}"),
                Some(&key),
                String::new(),
            )
            .await;
    }
}
