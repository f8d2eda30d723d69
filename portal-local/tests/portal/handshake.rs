use hyper::Method;
use serde_json::{Value, json};

use crate::application::Cookies;
use crate::world::{APP, World};

const ADA: &str = "ada+clerk_test@example.com";
const BACK: &str = "redirect_url=http%3A%2F%2Flocalhost%3A3000%2Fa%3Fx%3D%2520y%23f";

#[tokio::test]
async fn handshake_of_a_signed_in_browser_returns_a_session_token() {
    let world = World::start().await;
    let application = world.application();
    let mut browser = world.signed_up(ADA).await;
    world.clock.forward_secs(90);
    let cookies = application.handshake(&mut browser).await;
    let suffix = &application.suffix;
    for name in ["__session", "__client_uat", "__clerk_db_jwt"] {
        assert_eq!(
            cookies.value(name),
            cookies.value(&format!("{name}_{suffix}")),
            "{name}"
        );
    }
    let claims = application.verified_claims(cookies.value("__session")).await;
    let now = world.clock.now_secs();
    assert_eq!(claims["azp"], APP);
    assert_eq!(claims["iss"], format!("{}/accounts.dev", world.portal.origin()));
    assert_eq!(claims["iat"], now);
    assert_eq!(claims["exp"], now + 60);
    assert_eq!(claims["nbf"], now - 10);
    assert_eq!(claims["fva"], json!([1, -1]));
    assert_eq!(claims["sts"], "active");
    assert_eq!(claims["v"], 2);
    assert_eq!(claims["jti"].as_str().unwrap().len(), 20);
    let uat: i64 = cookies.value("__client_uat").parse().unwrap();
    assert_eq!(uat, now - 90, "the moment of the sign-in, which minting does not move");
}

#[tokio::test]
async fn handshake_at_both_mounts_keeps_the_spelling_of_the_redirect_url() {
    let world = World::start().await;
    let mut browser = world.browser();
    for mount in ["", "/accounts.dev"] {
        let stale = "%26__clerk_handshake_nonce%3Dold%26__clerk_db_jwt%3Dold";
        let query = format!("format=nonce&{}", BACK.replace("%23f", &format!("{stale}%23f")));
        let answer = browser.get(&format!("{mount}/v1/client/handshake?{query}")).await;
        assert_eq!(answer.status, 307);
        assert!(
            answer
                .location()
                .starts_with("http://localhost:3000/a?x=%20y&__clerk_handshake_nonce=")
        );
        assert!(
            answer.location().ends_with("#f") && !answer.location().contains("old"),
            "{}",
            answer.location()
        );
        assert_eq!(answer.header("cache-control"), "no-store");
        assert_eq!(
            answer.location_parameter("__clerk_db_jwt"),
            browser.cookies.get("__clerk_db_jwt").cloned()
        );
    }
}

#[tokio::test]
async fn token_format_carries_the_same_directives_signed() {
    let world = World::start().await;
    let application = world.application();
    let mut browser = world.signed_up(ADA).await;
    // No format is the token format.
    for format in ["format=token&", ""] {
        let answer = browser.get(&format!("/v1/client/handshake?{format}{BACK}")).await;
        let token = answer.location_parameter("__clerk_handshake").unwrap();
        let payload = application.verified_claims(&token).await;
        let cookies = Cookies::apply(&payload["handshake"]);
        assert!(cookies.is_signed_in());
        application.verified_claims(cookies.value("__session")).await;
    }
}

#[tokio::test]
async fn handshake_of_a_signed_out_browser_returns_a_development_token() {
    let world = World::start().await;
    let cookies = world.application().handshake(&mut world.browser()).await;
    assert!(!cookies.is_signed_in());
    assert_eq!(cookies.value("__client_uat"), "0");
    assert_eq!(cookies.value("__session"), "");
    assert!(!cookies.value("__clerk_db_jwt").is_empty());
}

#[tokio::test]
async fn development_token_in_the_query_precedes_the_cookie() {
    let world = World::start().await;
    let application = world.application();
    let mut signed_in = world.signed_up(ADA).await;
    let token = signed_in.cookies["__clerk_db_jwt"].clone();
    assert!(
        application.handshake(&mut signed_in).await.is_signed_in(),
        "by the cookie"
    );

    let mut cookieless = world.browser();
    for name in ["__clerk_db_jwt", "__dev_session"] {
        cookieless.cookies.clear();
        cookieless
            .get(&format!("/v1/client/handshake?{BACK}&{name}={token}"))
            .await;
        assert_eq!(cookieless.cookies["__clerk_db_jwt"], token, "by the query");
    }
    signed_in
        .get(&format!("/v1/client/handshake?{BACK}&__clerk_db_jwt=garbage"))
        .await;
    assert_eq!(
        signed_in.cookies["__clerk_db_jwt"], token,
        "an unknown token does not replace a known one"
    );
}

#[tokio::test]
async fn nonce_is_single_use_and_expires_after_a_minute() {
    let world = World::start().await;
    let application = world.application();
    let mut browser = world.browser();
    let mut nonce = async || {
        let answer = browser.get(&format!("/v1/client/handshake?format=nonce&{BACK}")).await;
        answer.location_parameter("__clerk_handshake_nonce").unwrap()
    };
    let path = |nonce: &str| format!("/v1/clients/handshake_payload?nonce={nonce}");
    let first = nonce().await;
    assert_eq!(application.get(&path(&first)).await.status, 200);
    let second_read = application.get(&path(&first)).await;
    assert_eq!(
        (second_read.status, code(&second_read.json())),
        (400, "invalid_nonce".into())
    );

    let late = nonce().await;
    world.clock.forward_secs(60);
    assert_eq!(code(&application.get(&path(&late)).await.json()), "invalid_nonce");
    assert_eq!(code(&application.get(&path("garbage")).await.json()), "invalid_nonce");
    assert_eq!(
        code(&application.get("/v1/clients/handshake_payload").await.json()),
        "missing_parameter"
    );
}

#[tokio::test]
async fn disallowed_redirect_url_is_refused() {
    let world = World::start().await;
    let mut browser = world.browser();
    for (bad, expected) in [
        ("https%3A%2F%2Fevil.example%2F", "form_param_value_invalid"),
        ("%2F%2Fevil.example%2F", "form_param_value_invalid"),
        ("%2Frelative", "form_param_value_invalid"),
        ("javascript%3Aalert(1)", "form_param_value_invalid"),
        (
            "http%3A%2F%2Flocalhost%3A3000%40evil.example%2F",
            "form_param_value_invalid",
        ),
        ("", "form_param_nil"),
    ] {
        let path = format!("/v1/client/handshake?format=nonce&redirect_url={bad}");
        let answer = browser.get(&path).await;
        assert_eq!((answer.status, answer.location()), (422, ""), "{bad}");
        assert_eq!(code(&answer.json()), expected);
        assert_eq!(answer.json()["errors"][0]["meta"]["param_name"], "redirect_url");
        let accept = [("accept", "text/html,application/json;q=0.9")];
        let page = browser.send(Method::GET, &path, &accept, String::new()).await;
        assert_eq!((page.status, page.location()), (422, ""));
        assert!(page.header("content-type").starts_with("text/html"));
    }
    assert_eq!(
        code(&browser.get("/v1/client/handshake").await.json()),
        "form_param_nil"
    );
}

#[tokio::test]
async fn handshake_accepts_get_only() {
    let world = World::start().await;
    for method in [Method::POST, Method::PUT, Method::DELETE, Method::HEAD] {
        let path = format!("/v1/client/handshake?{BACK}");
        let answer = world.browser().send(method.clone(), &path, &[], String::new()).await;
        assert_eq!(answer.status, 405, "{method}");
    }
}

#[tokio::test]
async fn session_expires_after_seven_days() {
    let world = World::start().await;
    let application = world.application();
    let mut browser = world.signed_up(ADA).await;
    world.clock.forward_secs(7 * 24 * 3_600 - 30);
    let cookies = application.handshake(&mut browser).await;
    let claims = application.verified_claims(cookies.value("__session")).await;
    assert_eq!(
        claims["exp"],
        world.clock.now_secs() + 30,
        "no token outlives its session"
    );
    world.clock.forward_secs(30);
    assert!(!application.handshake(&mut browser).await.is_signed_in());
    let id = claims["sid"].as_str().unwrap();
    assert_eq!(
        application.get(&format!("/v1/sessions/{id}")).await.json()["status"],
        "expired"
    );
}

#[tokio::test]
async fn request_log_redacts_handshake_secrets() {
    let world = World::start().await;
    let path =
        format!("/v1/client/handshake?{BACK}&__clerk_hs_reason=dev-browser-missing&__session=S&__clerk_db_jwt=D");
    world.browser().get(&path).await;
    let records = world.portal.request_log();
    let record = records.last().unwrap();
    assert_eq!(record.handshake_reason(), Some("dev-browser-missing"));
    assert_eq!((record.method.as_str(), record.status), ("GET", 307));
    assert_eq!(record.query_value("__session"), Some("[redacted]"));
    assert_eq!(record.query_value("__clerk_db_jwt"), Some("[redacted]"));
}

fn code(body: &Value) -> String {
    body["errors"][0]["code"].as_str().unwrap().to_owned()
}
