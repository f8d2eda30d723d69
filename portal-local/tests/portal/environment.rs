use hyper::Method;
use portal_local::{Settings, SignUpMode};
use serde_json::json;

use crate::world::{APP, World};

#[tokio::test]
async fn the_environment_says_where_the_pages_are() {
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
async fn touching_the_environment_tells_where_the_application_is() {
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
async fn only_applications_may_read_across_origins() {
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
        assert_eq!(answer.header("vary"), "Origin");
        assert_eq!(
            answer.header("access-control-allow-origin"),
            if is_allowed { origin } else { "" },
            "{origin}"
        );
        assert_eq!(
            answer.header("access-control-allow-credentials"),
            if is_allowed { "true" } else { "" }
        );
        let asks = [
            ("origin", origin),
            ("access-control-request-method", "PATCH"),
            ("access-control-request-headers", "x-a"),
        ];
        let preflight = browser
            .send(Method::OPTIONS, "/v1/environment", &asks, String::new())
            .await;
        assert_eq!(preflight.status, if is_allowed { 204 } else { 405 }, "{origin}");
        assert_eq!(
            preflight.header("access-control-allow-headers"),
            if is_allowed { "x-a" } else { "" }
        );
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
async fn a_verifier_finds_the_keys_by_the_issuer() {
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
