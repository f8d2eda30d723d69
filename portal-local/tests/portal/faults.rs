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
async fn endpoints_fail_on_demand_as_often_as_asked() {
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
async fn local_interface_seeds_resets_and_faults_over_http() {
    let world = World::start().await;
    let application = world.application();
    let mut browser = world.browser();
    let added = local(
        &mut browser,
        Method::POST,
        "/__local/faults",
        &json!({ "path": "/v1/jwks", "status": 429, "times": 2 }),
    )
    .await;
    assert_eq!(
        added.json(),
        json!([{ "path": "/v1/jwks", "method": null, "times": 2, "status": 429 }])
    );
    assert_eq!(application.get("/v1/jwks").await.status, 429);
    let cleared = local(&mut browser, Method::DELETE, "/__local/faults", &json!({})).await;
    assert_eq!(cleared.json(), json!([]));
    assert_eq!(application.get("/v1/jwks").await.status, 200);
    for bad in [
        json!({}),
        json!({ "status": 42 }),
        json!({ "status": 500, "drop": true }),
        json!({ "delay_ms": 600_001 }),
    ] {
        assert_eq!(
            local(&mut browser, Method::POST, "/__local/faults", &bad).await.status,
            422,
            "{bad}"
        );
    }
    assert_eq!(
        local(&mut browser, Method::POST, "/__local/faults", &json!({ "stat": 1 }))
            .await
            .status,
        400
    );

    let clock = local(
        &mut browser,
        Method::POST,
        "/__local/clock",
        &json!({ "skew_secs": 60 }),
    )
    .await
    .json();
    assert_eq!(clock["now"], (world.clock.now_secs() + 60) * 1_000);
    local(&mut browser, Method::POST, "/__local/clock", &json!({ "skew_secs": 0 })).await;
    let before = application.get("/v1/jwks").await.json();
    let rotated = local(&mut browser, Method::POST, "/__local/signing-key/rotate", &json!({}))
        .await
        .json();
    assert_ne!(rotated, before);
    assert_eq!(
        local(&mut browser, Method::POST, "/__local/seed", &json!({}))
            .await
            .status,
        200
    );
    assert_eq!(
        local(&mut browser, Method::POST, "/__local/seed", &json!({}))
            .await
            .status,
        200,
        "twice is once"
    );
    assert_eq!(application.get("/v1/users/count").await.json()["total_count"], 5);
    assert_eq!(
        application
            .get("/v1/organizations/acme?include_members_count=true")
            .await
            .json()["members_count"],
        2
    );
    let link = local(
        &mut browser,
        Method::POST,
        "/__local/sign-in-links",
        &json!({ "user": "jane+clerk_test@example.com" }),
    )
    .await
    .json();
    let path = link["url"]
        .as_str()
        .unwrap()
        .strip_prefix(world.portal.origin())
        .unwrap()
        .to_owned();
    browser.confirm(&path).await;
    assert!(browser.get("/user").await.body.contains("Jane Doe"));
    let changed = local(
        &mut browser,
        Method::PATCH,
        "/__local/settings",
        &json!({ "sign_up_mode": "restricted" }),
    )
    .await
    .json();
    assert_eq!(changed, browser.get("/__local/settings").await.json());
    assert!(
        world
            .browser()
            .get("/sign-up")
            .await
            .body
            .contains("You need an invitation to sign up.")
    );
    assert_eq!(
        local(
            &mut browser,
            Method::PATCH,
            "/__local/settings",
            &json!({ "nonsense": 1 })
        )
        .await
        .status,
        422
    );
    let requests = browser.get("/__local/requests.json").await.json();
    assert!(
        requests
            .as_array()
            .unwrap()
            .iter()
            .any(|one| one["path"] == "/v1/jwks" && one["status"] == 429)
    );
    let block = browser.get("/__local/env").await;
    assert!(block.body.contains(&format!(
        "CLERK_PUBLISHABLE_KEY={}\n",
        world.portal.publishable_key().as_str()
    )));
    assert!(block.body.contains(&format!(
        "# CLERK_PUBLISHABLE_KEY={}\n",
        world.portal.plain_publishable_key().as_str()
    )));
    let pem = world.portal.jwt_key().unwrap().replace('\n', "");
    assert!(block.body.contains(&format!("# CLERK_JWT_KEY=\"{pem}\"\n")));

    let secret = application.secret_key.clone();
    local(&mut browser, Method::POST, "/__local/reset", &json!({})).await;
    assert_eq!(
        application.get("/v1/users/count").await.json()["total_count"],
        0,
        "with the same key"
    );
    assert_eq!(world.portal.secret_key().expose(), secret);
    assert_eq!(browser.get("/user").await.status, 303);
    let again = world.signed_up(ADA).await;
    assert!(
        application.handshake(&mut again.clone()).await.is_signed_in(),
        "and it goes on"
    );
}

#[tokio::test]
async fn pages_of_other_sites_cannot_reach_the_local_interface() {
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
