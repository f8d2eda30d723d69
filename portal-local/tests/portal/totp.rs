//! An authenticator app as its owner, the application and its tests see it: setting it up, losing it, and the task.

use hyper::Method;
use portal_local::{LocalPortal, SeedOrganization, SeedUser, StartError};
use serde_json::{Value, json};

use crate::browser::Answer;
use crate::second_factor::{
    ADA, AUTHENTICATOR, BACKUP_CODES, BOB, NEW, SECRET, SECURITY, app_shows, assert_dashboard, bob_signed_in, claims,
    code, codes_on, path, required, secret_on, send_from, set_up, signed_in, tasks, user, world, world_with, wrong,
};
use crate::world::{DASHBOARD, PASSWORD, PortalClock, START_SECS, World, identify};

const REMOVE: &str = "/user/security/authenticator/remove";
const TASK: &str = "/sign-in/tasks/setup-mfa";

#[tokio::test]
async fn enrolled_authenticator_app_signs_in() {
    let world = world().await;
    let (mut browser, _) = bob_signed_in(&world).await;
    assert!(browser.get(SECURITY).await.body.contains("Set up an authenticator app"));
    let page = browser.get(&format!("{AUTHENTICATOR}?{DASHBOARD}")).await;
    let secret = secret_on(&page);
    assert!(
        page.body.contains("<svg")
            && page
                .body
                .contains("otpauth://totp/Acme:bob%2Bclerk_test%40example.com?secret=")
    );
    assert!(
        page.body.contains(&secret.replace(' ', "")),
        "the link holds the same secret"
    );
    assert_eq!(secret.split(' ').map(str::len).collect::<Vec<_>>(), [4; 8]);
    assert_eq!(
        secret_on(&browser.get(AUTHENTICATOR).await),
        secret,
        "also after a reload"
    );
    let (mut elsewhere, _) = bob_signed_in(&world).await;
    assert_ne!(secret_on(&elsewhere.get(AUTHENTICATOR).await), secret);

    let now = world.clock.now_secs();
    let shown = app_shows(&secret, now);
    for (entered, expected) in [
        ("", "form_param_nil"),
        ("1234567", "form_param_format_invalid"),
        (app_shows(&secret, now - 90).as_str(), "form_code_incorrect"),
    ] {
        let refused = browser.submit(&[("code", entered)]).await;
        assert_eq!(refused.page_error(), expected);
        assert_eq!(secret_on(&refused), secret, "a mistake changes nothing");
    }
    assert_eq!(user(&world, BOB).await["two_factor_enabled"], false);
    let done = browser.submit(&[("code", &shown)]).await;
    let codes = codes_on(&done);
    assert_eq!((done.status, codes.len()), (200, 10));
    assert!(done.body.contains(&format!("href=\"{SECURITY}\"")));
    let told = user(&world, BOB).await;
    for field in ["two_factor_enabled", "totp_enabled", "backup_code_enabled"] {
        assert_eq!(told[field], true, "{field}");
    }
    assert_eq!(
        (&told["mfa_enabled_at"], &told["mfa_disabled_at"]),
        (&json!(START_SECS * 1_000), &Value::Null)
    );
    assert_eq!(claims(&world, &mut browser).await["fva"], json!([0, 0]));
    assert_eq!(
        browser.get(AUTHENTICATOR).await.location(),
        SECURITY,
        "there is one now"
    );
    let late = elsewhere.submit(&[("code", &shown)]).await;
    assert_eq!(path(&late), AUTHENTICATOR, "one authenticator is enough");
    assert!(browser.get(SECURITY).await.body.contains("10 left"));

    let (mut again, answer) = bob_signed_in(&world).await;
    again.follow(&answer).await;
    let replayed = again.submit(&[("code", &shown)]).await;
    assert!(
        replayed.says("You've already used this code."),
        "what set it up signs nobody in"
    );
    world.clock.forward_secs(30);
    assert_dashboard(&again.submit(&[("code", &app_shows(&secret, now + 30))]).await);
}

#[tokio::test]
async fn pending_totp_secret_expires() {
    let world = world().await;
    let (mut browser, _) = bob_signed_in(&world).await;
    let secret = secret_on(&browser.get(AUTHENTICATOR).await);
    let form_token = browser.form_token();
    world.clock.forward_secs(61 * 60);
    browser.get("/user/verify").await;
    browser.submit(&[("password", PASSWORD)]).await;
    let shown = app_shows(&secret, world.clock.now_secs());
    let fields = [("form_token", form_token.as_str()), ("code", &shown)];
    let late = browser.post(AUTHENTICATOR, &fields, &[]).await;
    assert_eq!((late.status, late.location()), (303, AUTHENTICATOR));
    assert_ne!(secret_on(&browser.follow(&late).await), secret);
}

#[tokio::test]
async fn backup_codes_are_kept_as_hashes() {
    let dir = tempfile::TempDir::new().unwrap();
    let file = dir.path().join("portal.sqlite");
    let clock = PortalClock::new();
    let bob = SeedUser::new(BOB).password(PASSWORD);
    let portal = clock.builder().user(bob).database_file(&file).start().await.unwrap();
    let world = World { portal, clock };
    let (_, _, codes) = set_up(&world).await;
    world.portal.shut_down().await;
    let bytes = std::fs::read(&file).unwrap();
    for code in codes {
        let plain = code.replace('-', "");
        let salted = format!("{}:{plain}", SeedUser::new(BOB).id());
        let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, salted.as_bytes());
        assert!(bytes.windows(32).any(|window| window == hash.as_ref()));
        for text in [code, plain] {
            assert!(!bytes.windows(text.len()).any(|window| window == text.as_bytes()));
        }
    }
}

#[tokio::test]
async fn authenticator_removal_requires_reverification_and_ends_the_second_factor() {
    let world = world().await;
    let mut browser = signed_in(&world).await;
    world.clock.forward_secs(21 * 60);
    for path in [AUTHENTICATOR, BACKUP_CODES] {
        let detour = browser.get(path).await;
        assert_eq!(detour.location_parameter_of("next"), path);
    }
    let detour = send_from(&mut browser, SECURITY, REMOVE).await;
    assert_eq!(detour.location_parameter_of("next"), SECURITY);
    assert_eq!(user(&world, ADA).await["totp_enabled"], true);

    let page = browser.follow(&detour).await;
    assert!(page.body.contains("Use your authenticator app"));
    browser
        .get(&format!("/user/verify?strategy=totp&next={SECURITY}"))
        .await;
    assert_eq!(
        browser.submit(&[("code", &wrong(&world))]).await.page_error(),
        "form_code_incorrect"
    );
    let proven = browser.submit(&[("code", &code(&world).await)]).await;
    assert_eq!(proven.location(), SECURITY);
    assert_eq!(claims(&world, &mut browser).await["fva"], json!([21, 0]));
    world.clock.forward_secs(60);
    let removed = send_from(&mut browser, SECURITY, REMOVE).await;
    assert_eq!(path(&removed), SECURITY);
    let page = browser.follow(&removed).await;
    assert!(page.body.contains("Two-step verification is off.") && page.body.contains("Set up an authenticator app"));
    assert_eq!(claims(&world, &mut browser).await["fva"], json!([22, -1]));

    let told = user(&world, ADA).await;
    for field in ["two_factor_enabled", "totp_enabled", "backup_code_enabled"] {
        assert_eq!(told[field], false, "{field}");
    }
    let disabled_at = json!(world.clock.now_secs() * 1_000);
    assert_eq!(
        (&told["mfa_enabled_at"], &told["mfa_disabled_at"]),
        (&json!(START_SECS * 1_000), &disabled_at),
        "both moments are kept"
    );
    let mut simple = world.browser();
    identify(&mut simple, ADA, DASHBOARD).await;
    assert_dashboard(&simple.submit(&[("password", PASSWORD)]).await);
}

#[tokio::test]
async fn mfa_task_is_set_for_users_without_a_second_factor() {
    let world = world_with(required()).await;
    let (mut browser, answer) = bob_signed_in(&world).await;
    assert_eq!(path(&answer), TASK);
    assert_eq!(tasks(&world, &mut browser).await, json!(["setup-mfa"]));
    assert_eq!(path(&browser.get(SECURITY).await), TASK, "no way around it");
    assert_eq!(path(&browser.get("/sign-up/tasks/setup-mfa").await), TASK);
    let (mut waiting, _) = bob_signed_in(&world).await;

    let page = browser.get(&format!("{TASK}?{DASHBOARD}")).await;
    assert!(
        page.body.contains("This application requires two-step verification.")
            && page.body.contains("Sign out")
            && page.body.contains(BOB)
    );
    let secret = secret_on(&page);
    let now = world.clock.now_secs();
    let refused = browser.submit(&[("code", &app_shows(&secret, now - 90))]).await;
    assert_eq!(refused.page_error(), "form_code_incorrect");
    let done = browser.submit(&[("code", &app_shows(&secret, now))]).await;
    assert_eq!(codes_on(&done).len(), 10);
    assert!(done.body.contains(&format!("href=\"/sign-in/tasks?{DASHBOARD}\"")));
    assert_dashboard(&browser.get(&format!("/sign-in/tasks?{DASHBOARD}")).await);
    assert_eq!(tasks(&world, &mut browser).await, json!([]));
    assert_eq!(claims(&world, &mut browser).await["fva"], json!([0, 0]));
    assert_eq!(
        tasks(&world, &mut waiting).await,
        json!([]),
        "done for the other device too"
    );
    let mut ada = signed_in(&world).await;
    assert_eq!(tasks(&world, &mut ada).await, json!([]), "she had one");

    let removed = send_from(&mut browser, SECURITY, REMOVE).await;
    assert_eq!(path(&browser.follow(&removed).await), TASK, "another one, at once");
    assert_eq!(tasks(&world, &mut waiting).await, json!(["setup-mfa"]));
}

#[tokio::test]
async fn mfa_task_follows_the_other_tasks_in_order() {
    const LEAKED: &str = "leaked+clerk_test@example.com";
    let mut settings = required();
    settings.force_organization_selection = true;
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
    let world = World { portal, clock };
    let mut browser = world.browser();
    identify(&mut browser, LEAKED, DASHBOARD).await;
    browser
        .get(&format!("/sign-in/factor-one?strategy=email_code&{DASHBOARD}"))
        .await;
    let answer = browser.submit(&[("code", "424242")]).await;
    assert_eq!(
        tasks(&world, &mut browser).await,
        json!(["reset-password", "setup-mfa", "choose-organization"])
    );
    browser.follow(&answer).await;
    let next = browser.submit(&[("password", NEW)]).await;
    assert_eq!(path(&next), TASK);
    let page = browser.follow(&next).await;
    let shown = app_shows(&secret_on(&page), world.clock.now_secs());
    browser.submit(&[("code", &shown)]).await;
    let next = browser.get(&format!("/sign-in/tasks?{DASHBOARD}")).await;
    assert_eq!(path(&next), "/sign-in/tasks/choose-organization");
    let removed = format!("/v1/users/{}/mfa", SeedUser::new(LEAKED).id());
    let application = world.application();
    let secret_key = Some(application.secret_key.as_str());
    application
        .call(Method::DELETE, &removed, secret_key, String::new())
        .await;
    assert_eq!(
        tasks(&world, &mut browser).await,
        json!(["setup-mfa", "choose-organization"]),
        "again before the organization"
    );
}

#[tokio::test]
async fn verify_totp_checks_authenticator_and_backup_codes() {
    let world = world().await;
    let application = world.application();
    let (_, _, codes) = set_up(&world).await;
    let verify = async |address: &str, body: Value| {
        let id = SeedUser::new(address).id();
        application.post(&format!("/v1/users/{id}/verify_totp"), &body).await
    };
    let shown = code(&world).await;
    let right = verify(ADA, json!({ "code": shown })).await;
    assert_eq!(
        (right.status, right.json()),
        (200, json!({ "verified": true, "code_type": "totp" }))
    );
    let backup = verify(BOB, json!({ "code": codes[0] })).await;
    assert_eq!(backup.json(), json!({ "verified": true, "code_type": "backup_code" }));
    for (address, body, status, expected) in [
        (ADA, json!({ "code": shown }), 422, "form_code_incorrect"),
        (BOB, json!({ "code": codes[0] }), 422, "form_code_incorrect"),
        (ADA, json!({ "code": codes[1] }), 422, "form_code_incorrect"),
        (ADA, json!({ "code": "?" }), 422, "form_param_format_invalid"),
        (ADA, json!({}), 422, "form_param_missing"),
        (
            "nobody@example.com",
            json!({ "code": "123456" }),
            404,
            "resource_not_found",
        ),
    ] {
        let answer = verify(address, body).await;
        assert_eq!(
            (answer.status, &answer.json()["errors"][0]["code"]),
            (status, &json!(expected))
        );
    }

    let used = verify(BOB, json!({ "code": codes[0] })).await;
    assert_eq!(
        used.json()["errors"][0]["long_message"],
        "That backup code isn't correct. Enter one that you haven't used yet."
    );

    let secret_key = Some(application.secret_key.as_str());
    let delete = async |address: &str, what: &str| {
        let path = format!("/v1/users/{}/{what}", SeedUser::new(address).id());
        application.call(Method::DELETE, &path, secret_key, String::new()).await
    };
    let id = json!({ "user_id": SeedUser::new(BOB).id() });
    for (what, totp, backup_code) in [
        ("backup_code", true, false),
        ("totp", false, false),
        ("mfa", false, false),
    ] {
        assert_eq!(delete(BOB, what).await.json(), id, "{what}");
        let told = user(&world, BOB).await;
        assert_eq!(
            (&told["totp_enabled"], &told["backup_code_enabled"]),
            (&json!(totp), &json!(backup_code)),
            "{what}"
        );
        assert_eq!(delete("nobody@example.com", what).await.status, 404);
    }
    let none = verify(BOB, json!({ "code": "123456" })).await;
    assert_eq!(
        (none.status, &none.json()["errors"][0]["code"]),
        (400, &json!("totp_not_enabled"))
    );
    delete(ADA, "mfa").await;
    assert_eq!(world.portal.totp_code_for(ADA).await.unwrap(), None);

    let body = json!({ "totp_secret": SECRET }).to_string();
    let path = format!("/v1/users/{}", SeedUser::new(ADA).id());
    let changed = application.call(Method::PATCH, &path, secret_key, body).await.json();
    assert_eq!(
        (&changed["totp_enabled"], &changed["backup_code_enabled"]),
        (&json!(true), &json!(false))
    );
    let new = |secret: &str| json!({ "email_address": ["new@example.com"], "totp_secret": secret });
    let refused = application.post("/v1/users", &new("no secret")).await;
    assert_eq!(
        (refused.status, &refused.json()["errors"][0]["meta"]["param_name"]),
        (422, &json!("totp_secret"))
    );
    let created = application.post("/v1/users", &new(SECRET)).await.json();
    assert_eq!(created["totp_enabled"], true);
}

#[tokio::test]
async fn environment_lists_second_factors() {
    let world = world_with(required()).await;
    let environment = world.browser().get("/v1/environment").await.json();
    assert_eq!(
        environment["auth_config"]["second_factors"],
        json!(["totp", "backup_code"])
    );
    let settings = &environment["user_settings"];
    assert_eq!(settings["sign_in"]["second_factor"]["required"], true);
    for (name, strategy) in [("authenticator_app", "totp"), ("backup_code", "backup_code")] {
        let attribute = &settings["attributes"][name];
        for (field, expected) in [
            ("enabled", json!(true)),
            ("used_for_first_factor", json!(false)),
            ("used_for_second_factor", json!(true)),
            ("second_factors", json!([strategy])),
        ] {
            assert_eq!(attribute[field], expected, "{name} {field}");
        }
    }
}

#[tokio::test]
async fn totp_code_of_any_user_is_returned_to_tests() {
    let world = world().await;
    let application = world.application();
    let ask = async |user: &str| application.post("/__local/totp-codes", &json!({ "user": user })).await;
    let shown = app_shows(SECRET, START_SECS);
    for who in [ADA.to_owned(), SeedUser::new(ADA).id()] {
        assert_eq!(ask(&who).await.json(), json!({ "code": shown }));
        assert_eq!(world.portal.totp_code_for(&who).await.unwrap(), Some(shown.clone()));
    }
    for who in [BOB, "nobody@example.com"] {
        assert_eq!(ask(who).await.status, 404);
        assert_eq!(world.portal.totp_code_for(who).await.unwrap(), None);
    }
    let person = SeedUser::new(ADA).totp_secret("no secret");
    let refused = LocalPortal::builder().user(person).start().await.unwrap_err();
    assert!(matches!(&refused, StartError::Seed { .. }));
    assert!(refused.to_string().contains("base32"), "{refused}");
    world.portal.reset().await.unwrap();
    assert_eq!(world.portal.totp_code_for(ADA).await.unwrap(), None);
}

impl Answer {
    /// A parameter of the portal's own address that this answer leads to.
    fn location_parameter_of(&self, name: &str) -> String {
        let url = url::Url::parse("http://portal.invalid").unwrap();
        let url = url.join(self.location()).unwrap();
        let mut pairs = url.query_pairs();
        let found = pairs.find(|(key, _)| key == name);
        found.map_or_else(String::new, |(_, value)| value.into_owned())
    }
}
