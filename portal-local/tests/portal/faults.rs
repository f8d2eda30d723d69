use std::time::Duration;

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::{Method, Request};
use portal_local::{Fault, SeedOrganization, SeedRole, SeedUser, StartError};
use serde_json::{Value, json};

use crate::browser::{Answer, Browser};
use crate::world::{DASHBOARD, PASSWORD, PortalClock, World, identify};

const ADA: &str = "ada+clerk_test@example.com";

async fn local(browser: &mut Browser, method: Method, path: &str, body: &Value) -> Answer {
    let json = [("content-type", "application/json")];
    browser.send(method, path, &json, body.to_string()).await
}

#[tokio::test]
async fn status_fault_applies_as_often_as_set() {
    let world = World::start().await;
    let application = world.application();
    world.portal.fault(Fault::status(503).on("/v1/jwks").times(2));
    world.portal.fault(Fault::garbage().on("/v1/jwks"));
    assert_eq!(
        application.get("/v1/users").await.status,
        200,
        "only the endpoint that was named"
    );
    for _ in 0..2 {
        let answer = application.get("/v1/jwks").await;
        assert_eq!(
            (answer.status, &answer.json()["errors"][0]["code"]),
            (503, &json!("fault_on_demand"))
        );
    }
    let garbage = application.get("/v1/jwks").await;
    assert_eq!(
        (garbage.status, garbage.header("content-type")),
        (200, "application/json")
    );
    assert!(serde_json::from_str::<Value>(&garbage.body).is_err());
    assert_eq!(application.get("/v1/jwks").await.status, 200);

    world
        .portal
        .fault(Fault::delay(Duration::from_millis(120)).on("/v1/health"));
    let begun = std::time::Instant::now();
    assert_eq!(world.browser().get("/accounts.dev/v1/health").await.status, 200);
    assert!(begun.elapsed() >= Duration::from_millis(120), "late, and right");

    world.portal.fault(Fault::status(500));
    world.portal.clear_faults();
    assert_eq!(world.browser().get("/sign-in").await.status, 200);
}

#[tokio::test]
async fn dropped_connection_fault_sends_no_answer() {
    let world = World::start().await;
    world
        .portal
        .fault(Fault::dropped_connection().on("/v1/*").method("get"));
    let request = || {
        let uri = format!("{}/v1/health", world.portal.origin());
        Request::builder().uri(uri).body(Full::new(Bytes::new())).unwrap()
    };
    let http = crate::browser::http();
    let error = http.request(request()).await.unwrap_err();
    assert!(!error.is_connect(), "it was a connection at first: {error:?}");
    assert_eq!(http.request(request()).await.unwrap().status(), 200);
}

#[tokio::test]
async fn key_rotation_invalidates_old_tokens() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("portal.sqlite");
    let clock = PortalClock::new();
    let portal = clock.builder().database_file(&file).start().await.unwrap();
    let world = World { portal, clock };
    let application = world.application();
    let mut browser = world.signed_up(ADA).await;
    let cookies = application.handshake(&mut browser).await;
    let before = application.get("/v1/jwks").await.json();
    world.portal.rotate_signing_key().await.unwrap();
    let after = application.get("/v1/jwks").await.json();
    assert_ne!(before["keys"][0]["kid"], after["keys"][0]["kid"]);
    assert_ne!(before["keys"][0]["n"], after["keys"][0]["n"]);
    let refused = application.refresh(&cookies).await;
    assert_eq!(
        (refused.status, &refused.json()["errors"][0]["code"]),
        (401, &json!("expired_token_invalid"))
    );
    let cookies = application.handshake(&mut browser).await;
    application.verified_claims(cookies.value("__session")).await;
    world.portal.shut_down().await;

    let again = world.clock.builder().database_file(&file).start().await.unwrap();
    let application = crate::application::Application::new(&again);
    assert_eq!(application.get("/v1/jwks").await.json(), after, "it is kept");
}

#[tokio::test]
async fn clock_skew_moves_the_times_of_tokens() {
    let world = World::start().await;
    let application = world.application();
    let mut browser = world.signed_up(ADA).await;
    world.portal.set_clock_skew_secs(-300);
    let cookies = application.handshake(&mut browser).await;
    let claims = application.verified_claims(cookies.value("__session")).await;
    assert_eq!(claims["iat"], world.clock.now_secs() - 300);
    world.portal.set_clock_skew_secs(0);
    let cookies = application.handshake(&mut browser).await;
    assert_eq!(
        application.verified_claims(cookies.value("__session")).await["iat"],
        world.clock.now_secs()
    );
}

#[tokio::test]
async fn builder_seeds_users_and_organizations() {
    let clock = PortalClock::new();
    let ada = SeedUser::new(ADA).name("Ada", "Lovelace").password(PASSWORD);
    let acme = SeedOrganization::new("Acme", "acme")
        .member(ADA, "org:editor")
        .invitation("joe@example.com", "org:member");
    let editor = SeedRole::new("org:editor", "Editor")
        .permission("org:posts:manage")
        .permission("org:posts:read");
    let (ada_id, acme_id) = (ada.id(), acme.id());
    let portal = clock
        .builder()
        .demo_data()
        .role(editor.clone())
        .user(ada.clone())
        .start()
        .await
        .unwrap();
    portal.shut_down().await;
    let portal = clock
        .builder()
        .role(editor)
        .user(ada)
        .organization(acme)
        .start()
        .await
        .unwrap();
    let world = World { portal, clock };
    let application = world.application();
    let mut browser = world.browser();
    identify(&mut browser, ADA, DASHBOARD).await;
    assert_eq!(browser.submit(&[("password", PASSWORD)]).await.status, 303);
    browser.confirm("/organization?organization_id=acme").await;
    let cookies = application.handshake(&mut browser).await;
    let claims = application.verified_claims(cookies.value("__session")).await;
    assert_eq!(claims["sub"], ada_id);
    assert_eq!(
        claims["o"],
        json!({ "id": acme_id, "slg": "acme", "rol": "editor", "per": "manage,read", "fpm": "3" })
    );
    assert_eq!(claims["fea"], "o:posts");
    assert_eq!(world.portal.outbox().await.unwrap()[0].to, "joe@example.com");

    for (builder, words) in [
        (
            world.clock.builder().user(SeedUser::new("nonsense")),
            "cannot seed the user nonsense",
        ),
        (
            world.clock.builder().role(SeedRole::new("editor", "Editor")),
            "does not look like org:name",
        ),
        (
            world.clock.builder().organization(SeedOrganization::new("A", "A b")),
            "the organization A",
        ),
        (
            world
                .clock
                .builder()
                .organization(SeedOrganization::new("A", "a").member("x@example.com", "org:admin")),
            "This user doesn't exist.",
        ),
    ] {
        let error = builder.start().await.unwrap_err();
        assert!(
            matches!(error, StartError::Seed { .. }) && error.to_string().contains(words),
            "{error}"
        );
    }
}

#[tokio::test]
async fn local_fault_is_added_and_cleared_over_http() {
    let world = World::start().await;
    let application = world.application();
    let mut browser = world.browser();
    let faults = "/__local/faults";
    let fault = json!({ "path": "/v1/jwks", "status": 429, "times": 2 });
    let added = local(&mut browser, Method::POST, faults, &fault).await;
    assert_eq!(
        added.json(),
        json!([{ "path": "/v1/jwks", "method": null, "times": 2, "status": 429 }])
    );
    assert_eq!(application.get("/v1/jwks").await.status, 429);
    let requests = browser.get("/__local/requests.json").await.json();
    let is_faulty = |one: &Value| one["path"] == "/v1/jwks" && one["status"] == 429;
    assert!(requests.as_array().unwrap().iter().any(is_faulty), "{requests}");
    let cleared = local(&mut browser, Method::DELETE, faults, &json!({})).await;
    assert_eq!(cleared.json(), json!([]));
    assert_eq!(application.get("/v1/jwks").await.status, 200);
    for (bad, status) in [
        (json!({}), 422),
        (json!({ "status": 42 }), 422),
        (json!({ "status": 500, "drop": true }), 422),
        (json!({ "delay_ms": 600_001 }), 422),
        (json!({ "stat": 1 }), 400),
    ] {
        let answer = local(&mut browser, Method::POST, faults, &bad).await;
        assert_eq!(answer.status, status, "{bad}");
    }
}

#[tokio::test]
async fn local_clock_and_signing_key_are_changed_over_http() {
    let world = World::start().await;
    let application = world.application();
    let mut browser = world.browser();
    let skew = json!({ "skew_secs": 60 });
    let clock = local(&mut browser, Method::POST, "/__local/clock", &skew).await.json();
    assert_eq!(clock["now"], (world.clock.now_secs() + 60) * 1_000);
    let before = application.get("/v1/jwks").await.json();
    let rotate = "/__local/signing-key/rotate";
    let rotated = local(&mut browser, Method::POST, rotate, &json!({})).await.json();
    assert_ne!(rotated, before);
}

#[tokio::test]
async fn local_seed_is_idempotent_and_its_users_have_sign_in_links() {
    let world = World::start().await;
    let application = world.application();
    let mut browser = world.browser();
    for _ in 0..2 {
        let seeded = local(&mut browser, Method::POST, "/__local/seed", &json!({})).await;
        assert_eq!(seeded.status, 200);
    }
    assert_eq!(application.get("/v1/users/count").await.json()["total_count"], 5);
    let acme = application
        .get("/v1/organizations/acme?include_members_count=true")
        .await;
    assert_eq!(acme.json()["members_count"], 2);

    let jane = json!({ "user": "jane+clerk_test@example.com" });
    let link = local(&mut browser, Method::POST, "/__local/sign-in-links", &jane)
        .await
        .json();
    let path = link["url"].as_str().unwrap().strip_prefix(world.portal.origin());
    browser.confirm(path.unwrap()).await;
    assert!(browser.get("/user").await.body.contains("Jane Doe"));
}

#[tokio::test]
async fn local_settings_are_changed_over_http() {
    let world = World::start().await;
    let mut browser = world.browser();
    let settings = "/__local/settings";
    let restricted = json!({ "sign_up_mode": "restricted" });
    let changed = local(&mut browser, Method::PATCH, settings, &restricted).await.json();
    assert_eq!(changed, browser.get(settings).await.json());
    let page = world.browser().get("/sign-up").await;
    assert!(
        page.body.contains("You need an invitation to sign up."),
        "{}",
        page.body
    );
    let unknown = local(&mut browser, Method::PATCH, settings, &json!({ "nonsense": 1 })).await;
    assert_eq!(unknown.status, 422);
}

#[tokio::test]
async fn local_environment_file_has_both_keys_and_the_jwt_key() {
    let world = World::start().await;
    let file = world.browser().get("/__local/env").await.body;
    let key = world.portal.publishable_key().as_str();
    let plain = world.portal.plain_publishable_key().as_str();
    let pem = world.portal.jwt_key().unwrap().replace('\n', "");
    for line in [
        format!("CLERK_PUBLISHABLE_KEY={key}\n"),
        format!("# CLERK_PUBLISHABLE_KEY={plain}\n"),
        format!("# CLERK_JWT_KEY=\"{pem}\"\n"),
    ] {
        assert!(file.contains(&line), "{line}");
    }
}

#[tokio::test]
async fn local_reset_deletes_users_and_keeps_the_secret_key() {
    let world = World::start().await;
    let application = world.application();
    let mut browser = world.signed_up(ADA).await;
    let secret_key = application.secret_key.clone();
    local(&mut browser, Method::POST, "/__local/reset", &json!({})).await;
    assert_eq!(application.get("/v1/users/count").await.json()["total_count"], 0);
    assert_eq!(world.portal.secret_key().expose(), secret_key);
    assert_eq!(browser.get("/user").await.status, 303, "the session has ended");
    let mut again = world.signed_up(ADA).await;
    assert!(application.handshake(&mut again).await.is_signed_in());
}

#[tokio::test]
async fn local_interface_refuses_pages_of_other_sites() {
    let world = World::start().await;
    let mut browser = world.browser();
    let json = ("content-type", "application/json");
    for headers in [
        vec![("content-type", "text/plain")],
        vec![json, ("origin", "https://evil.example")],
        vec![json, ("origin", "http://localhost:3000")],
        vec![json, ("sec-fetch-site", "cross-site")],
    ] {
        for path in ["/__local/reset", "/__local/faults", "/__local/signing-key/rotate"] {
            let answer = browser
                .send(Method::POST, path, &headers, "{\"drop\":true}".into())
                .await;
            assert_eq!(answer.status, 403, "{path} {headers:?}");
        }
    }
    let read = browser
        .send(
            Method::GET,
            "/__local/env",
            &[("origin", "http://localhost:3000")],
            String::new(),
        )
        .await;
    assert_eq!((read.status, read.header("access-control-allow-origin")), (403, ""));
    assert_eq!(
        browser
            .send(Method::PUT, "/__local/reset", &[json], String::new())
            .await
            .status,
        405
    );
}

#[tokio::test]
async fn cookies_have_the_suffix_of_the_plain_publishable_key() {
    let world = World::start().await;
    let application = world.application();
    let mut browser = world.signed_up(ADA).await;
    let plain = world.portal.plain_publishable_key().cookie_suffix().to_owned();
    let at = async |browser: &mut Browser, mount: &str| {
        let answer = browser
            .get(&format!(
                "{mount}/v1/client/handshake?format=nonce&redirect_url=http://localhost:3000/"
            ))
            .await;
        let nonce = answer.location_parameter("__clerk_handshake_nonce").unwrap();
        application
            .get(&format!("/v1/clients/handshake_payload?nonce={nonce}"))
            .await
            .json()["directives"]
            .clone()
    };
    let both = at(&mut browser, "").await.to_string();
    for name in ["__session", "__client_uat", "__clerk_db_jwt", "__refresh"] {
        assert!(
            both.contains(&format!("{name}_{plain}=")) && both.contains(&format!("{name}_{}=", application.suffix)),
            "{name}"
        );
    }
    let one = at(&mut browser, "/accounts.dev").await.to_string();
    assert!(!one.contains(&plain), "nobody with that key asks there");
    let cookies = crate::application::Cookies::apply(&at(&mut browser, "").await);
    let renewed = application.refresh(&cookies).await.json()["cookies"].to_string();
    assert!(renewed.contains(&format!("__refresh_{plain}=")));
}
