use hyper::Method;
use portal_local::{Settings, SignUpMode};
use serde_json::json;

use crate::world::{APP, World, sign_up};

#[tokio::test]
async fn environment_has_the_page_urls() {
    let world = World::start().await;
    let mut browser = world.browser();
    let mut settings = Settings::default();
    settings.sign_up_mode = SignUpMode::Waitlist;
    world.portal.set_settings(settings).await.unwrap();
    let first = browser.get("/v1/environment").await.json();
    assert_eq!(first, browser.get("/accounts.dev/v1/environment").await.json());
    assert_eq!(first["user_settings"]["sign_up"]["mode"], "waitlist");
    let config = &first["display_config"];
    assert_eq!(
        (&config["instance_environment_type"], &config["application_name"]),
        (&json!("development"), &json!("Acme"))
    );
    for field in [
        "sign_in_url",
        "sign_up_url",
        "user_profile_url",
        "waitlist_url",
        "organization_profile_url",
        "create_organization_url",
        "after_leave_organization_url",
        "after_sign_out_one_url",
        "home_url",
    ] {
        let path = config[field]
            .as_str()
            .unwrap()
            .strip_prefix(world.portal.origin())
            .unwrap()
            .to_owned();
        let page = world.browser().get(&path).await;
        assert!(page.status == 200 || page.status == 303, "{field}: {}", page.status);
    }
}

#[tokio::test]
async fn environment_update_sets_the_application_origin() {
    let world = World::start().await;
    let mut browser = world.browser();
    browser.get("/sign-in").await;
    let token = browser.cookies["__clerk_db_jwt"].clone();
    let path = format!("/accounts.dev/v1/environment?_method=PATCH&__clerk_db_jwt={token}");
    let answer = browser
        .send(
            Method::POST,
            &path,
            &[("origin", "http://localhost:4321")],
            String::new(),
        )
        .await;
    assert_eq!((answer.status, &answer.json()["object"]), (200, &json!("environment")));
    assert_eq!(answer.header("access-control-allow-origin"), "http://localhost:4321");
    let done = crate::world::sign_up(&mut browser, "ada+clerk_test@example.com", "").await;
    assert!(
        done.location().starts_with("http://localhost:4321/?__clerk_db_jwt="),
        "{}",
        done.location()
    );
    let post = browser.send(Method::POST, "/v1/environment", &[], String::new()).await;
    assert_eq!(post.status, 405, "a POST that is not a PATCH");
}

#[tokio::test]
async fn cors_allows_the_application_origins_only() {
    let world = World::start().await;
    let mut browser = world.browser();
    for (origin, is_allowed) in [
        (APP, true),
        ("http://127.0.0.1:9", true),
        ("https://evil.example", false),
        ("null", false),
        ("http://localhost:3000/x", false),
    ] {
        let answer = browser
            .send(Method::GET, "/v1/health", &[("origin", origin)], String::new())
            .await;
        let allowed = if is_allowed { origin } else { "" };
        assert_eq!(answer.header("vary"), "origin");
        assert_eq!(answer.header("access-control-allow-origin"), allowed);
        let asks = [
            ("origin", origin),
            ("access-control-request-method", "PATCH"),
            ("access-control-request-headers", "x-a"),
        ];
        let preflight = browser
            .send(Method::OPTIONS, "/v1/environment", &asks, String::new())
            .await;
        assert_eq!(
            (preflight.status, preflight.header("access-control-allow-origin")),
            (200, allowed)
        );
        assert_eq!(preflight.header("access-control-allow-headers"), "x-a");
        for answer in [&answer, &preflight] {
            assert_eq!(answer.header("access-control-allow-credentials"), "true");
        }
    }
    let application = world.application();
    let secret = application.get("/v1/users").await;
    assert_eq!(
        secret.header("access-control-allow-origin"),
        "",
        "the Backend API is for servers"
    );
}

#[tokio::test]
async fn discovery_document_names_the_key_set() {
    let world = World::start().await;
    let mut browser = world.browser();
    let issuer = format!("{}/accounts.dev", world.portal.origin());
    let found = browser
        .get("/accounts.dev/.well-known/openid-configuration")
        .await
        .json();
    assert_eq!(found["issuer"], issuer);
    let path = found["jwks_uri"]
        .as_str()
        .unwrap()
        .strip_prefix(world.portal.origin())
        .unwrap()
        .to_owned();
    assert_eq!(browser.get(&path).await.json()["keys"][0]["kty"], "RSA");
    for path in ["/accounts.dev/v1/nothing", "/accounts.dev/v1/users"] {
        let missing = browser.get(path).await;
        assert_eq!(
            (missing.status, &missing.json()["errors"][0]["code"]),
            (404, &json!("resource_not_found")),
            "{path}"
        );
    }
}

#[tokio::test]
async fn redirect_settings_decide_where_flows_end() {
    let world = World::start().await;
    let mut settings = world.portal.settings().await.unwrap();
    settings.after_sign_up_url = Some("http://localhost:3000/welcome".into());
    settings.after_create_organization_url = Some("http://localhost:3000/team".into());
    settings.after_leave_organization_url = Some("http://localhost:3000/left".into());
    world.portal.set_settings(settings.clone()).await.unwrap();

    let mut browser = world.browser();
    let done = sign_up(&mut browser, "ada+clerk_test@example.com", "").await;
    assert!(
        done.location().starts_with("http://localhost:3000/welcome?"),
        "{}",
        done.location()
    );
    browser.get("/create-organization").await;
    let invite = browser.submit(&[("name", "Acme")]).await;
    browser.follow(&invite).await;
    let done = browser.get("/create-organization/finish").await;
    assert!(
        done.location().starts_with("http://localhost:3000/team?"),
        "{}",
        done.location()
    );
    browser.get("/organization/delete").await;
    let gone = browser.submit(&[("confirmation", "Acme")]).await;
    assert!(
        gone.location().starts_with("http://localhost:3000/left?"),
        "{}",
        gone.location()
    );

    let display = browser.get("/v1/environment").await.json()["display_config"].clone();
    assert_eq!(display["after_sign_up_url"], "http://localhost:3000/welcome");
    assert_eq!(
        display["after_sign_in_url"],
        format!("{}/default-redirect", world.portal.origin())
    );

    settings.sign_up_mode = SignUpMode::Waitlist;
    settings.after_join_waitlist_url = Some("http://localhost:3000/soon".into());
    world.portal.set_settings(settings).await.unwrap();
    let mut patient = world.browser();
    patient.get("/waitlist").await;
    let joined = patient.submit(&[("emailAddress", "patient@example.com")]).await;
    assert!(
        joined.location().starts_with("http://localhost:3000/soon?"),
        "{}",
        joined.location()
    );
}

#[tokio::test]
async fn invalid_setting_is_refused_by_name() {
    let world = World::start().await;
    let usual = world.portal.settings().await.unwrap();
    let mut hostile = usual.clone();
    hostile.home_url = Some("https://evil.example/".into());
    let refused = world
        .portal
        .set_settings(hostile.clone())
        .await
        .unwrap_err()
        .to_string();
    assert!(
        refused.starts_with("found the setting home_url = \"https://evil.example/\"; expected"),
        "{refused}"
    );
    let mut short = usual.clone();
    short.session_lifetime_secs = 0;
    let refused = world.portal.set_settings(short).await.unwrap_err().to_string();
    assert!(refused.contains("session_lifetime_secs"), "{refused}");
    assert_eq!(world.portal.settings().await.unwrap(), usual);

    let started = world.clock.builder().settings(hostile).start().await;
    assert!(started.unwrap_err().to_string().contains("home_url"));
    let answer = world
        .application()
        .call(
            Method::PATCH,
            "/__local/settings",
            None,
            json!({ "home_url": "/home" }).to_string(),
        )
        .await;
    assert_eq!(answer.status, 422);
    assert_eq!(answer.json()["errors"][0]["meta"]["param_name"], "home_url");
}

#[tokio::test]
async fn session_lifetime_setting_ends_sessions() {
    let world = World::start().await;
    let mut settings = world.portal.settings().await.unwrap();
    settings.session_lifetime_secs = 3_600;
    settings.inactivity_timeout_secs = Some(600);
    world.portal.set_settings(settings).await.unwrap();
    let (mut used, mut left) = (
        world.signed_up("used+clerk_test@example.com").await,
        world.signed_up("left+clerk_test@example.com").await,
    );
    let application = world.application();
    for _ in 0..5 {
        world.clock.forward_secs(500);
        assert!(application.handshake(&mut used).await.is_signed_in());
    }
    assert!(
        !application.handshake(&mut left).await.is_signed_in(),
        "nobody used it for ten minutes"
    );
    world.clock.forward_secs(1_200);
    assert!(
        !application.handshake(&mut used).await.is_signed_in(),
        "an hour is over"
    );
}

#[tokio::test]
async fn disabled_account_portal_serves_no_pages() {
    let world = World::start().await;
    let application = world.application();
    let mut browser = world.signed_up("ada+clerk_test@example.com").await;
    let mut settings = Settings::default();
    settings.account_portal_enabled = false;
    world.portal.set_settings(settings).await.unwrap();
    for path in [
        "/sign-in",
        "/sign-in/factor-one",
        "/sign-in/factor-two",
        "/user/security/authenticator",
        "/sign-in/tasks/choose-organization",
        "/sign-up",
        "/user",
        "/user/security",
        "/organization",
        "/organization-list",
        "/create-organization",
        "/waitlist",
        "/unauthorized-sign-in",
        "/sign-out",
        "/default-redirect",
        "/oauth-consent",
    ] {
        for method in [Method::GET, Method::POST] {
            let answer = browser.send(method.clone(), path, &[], String::new()).await;
            assert_eq!(answer.status, 404, "{method} {path}");
            assert!(answer.body.contains("set account_portal_enabled to true"), "{path}");
        }
    }
    for path in [
        "/",
        "/__local",
        "/__local/outbox",
        "/__local/webhooks",
        "/__local/settings",
        "/v1/environment",
        "/v1/health",
    ] {
        assert_eq!(browser.get(path).await.status, 200, "{path}");
    }
    assert_eq!(browser.get("/v1/account_portal").await.json()["enabled"], false);
    assert!(
        application.handshake(&mut browser).await.is_signed_in(),
        "applications go on"
    );
    world.portal.set_settings(Settings::default()).await.unwrap();
    assert_eq!(browser.get("/user").await.status, 200);
    let refused = browser.send(Method::DELETE, "/user", &[], String::new()).await;
    assert_eq!(refused.status, 405);
}
