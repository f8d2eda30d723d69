//! Actor tokens, and sessions in another user's name.

use portal_local::SeedUser;
use serde_json::{Value, json};

use crate::browser::{Answer, Browser};
use crate::world::{PASSWORD, PortalClock, START_SECS, World, signed_in};

const ADA: &str = "ada+clerk_test@example.com";
const EVE: &str = "eve+clerk_test@example.com";

async fn world() -> World {
    let clock = PortalClock::new();
    let person = |address: &str| SeedUser::new(address).password(PASSWORD);
    let builder = clock
        .builder()
        .user(person(ADA).password_compromised())
        .user(person(EVE));
    let portal = builder.start().await.unwrap();
    World { portal, clock }
}

fn wanted() -> Value {
    let actor = json!({ "sub": SeedUser::new(EVE).id(), "reason": { "ticket": 7 } });
    json!({ "user_id": SeedUser::new(ADA).id(), "actor": actor })
}

fn refusal(answer: &Answer) -> (u16, String, Value) {
    let error = answer.json()["errors"][0].clone();
    (
        answer.status,
        error["code"].as_str().unwrap().to_owned(),
        error["meta"]["param_name"].clone(),
    )
}

fn path(world: &World, token: &Value) -> String {
    let url = token["url"].as_str().unwrap();
    url.strip_prefix(world.portal.origin()).unwrap().to_owned()
}

/// Opens the link of a token and continues, if possible.
async fn open(world: &World, browser: &mut Browser, token: &Value) -> Answer {
    let page = browser.get(&path(world, token)).await;
    if page.status == 200 {
        browser.submit(&[]).await
    } else {
        page
    }
}

#[tokio::test]
async fn actor_token_begins_a_session_whose_tokens_name_the_actor() {
    let world = world().await;
    let application = world.application();
    let mut browser = signed_in(&world, EVE).await;
    let created = application.post("/v1/actor_tokens", &wanted()).await;
    assert_eq!(created.status, 200, "{}", created.body);
    let token = created.json();
    assert_eq!(
        (&token["object"], &token["status"]),
        (&json!("actor_token"), &json!("pending"))
    );
    assert_eq!(token["actor"], wanted()["actor"]);

    let opened = open(&world, &mut browser, &token).await;
    assert_eq!(opened.status, 303, "{}", opened.body);
    let cookies = application.handshake(&mut browser).await;
    let claims = application.verified_claims(cookies.value("__session")).await;
    assert_eq!(claims["sub"], json!(SeedUser::new(ADA).id()));
    assert_eq!(claims["act"], wanted()["actor"]);
    assert_eq!(claims["sts"], "active", "what the user has to do is not for the actor");
    let id = claims["sid"].as_str().unwrap();
    let session = application.get(&format!("/v1/sessions/{id}")).await.json();
    assert_eq!(session["actor"], wanted()["actor"]);
    assert_eq!(session["expire_at"], (START_SECS + 1_800) * 1_000);

    world.clock.forward_secs(120);
    let refreshed = application.refresh(&cookies).await.json();
    let cookies = crate::application::Cookies::apply(&refreshed["cookies"]);
    let claims = application.verified_claims(cookies.value("__session")).await;
    assert_eq!(claims["act"], wanted()["actor"], "renewed tokens too");
    let user = application
        .get(&format!("/v1/users/{}", SeedUser::new(ADA).id()))
        .await
        .json();
    assert_eq!(user["last_sign_in_at"], Value::Null, "it was no sign-in of hers");
    let page = browser.get("/user/security").await;
    assert_eq!(page.status, 200, "{}", page.body);
    let delete = browser.get("/user/delete").await;
    assert!(delete.location().contains("/user/verify"), "a link has proven nothing");

    world.clock.forward_secs(1_800);
    assert!(!application.handshake(&mut browser).await.is_signed_in());
}

#[tokio::test]
async fn actor_token_is_single_use_until_expiry_or_revocation() {
    let world = world().await;
    let application = world.application();
    let used = application.post("/v1/actor_tokens", &wanted()).await.json();
    let mut browser = world.browser();
    assert_eq!(open(&world, &mut browser, &used).await.status, 303);
    assert!(application.handshake(&mut browser).await.is_signed_in());
    let mut other = world.browser();
    open(&world, &mut other, &used).await;
    assert!(!application.handshake(&mut other).await.is_signed_in());

    let mut short = wanted();
    short["expires_in_seconds"] = json!(10);
    short["session_max_duration_in_seconds"] = json!(60);
    let expired = application.post("/v1/actor_tokens", &short).await.json();
    world.clock.forward_secs(10);
    open(&world, &mut other, &expired).await;
    assert!(!application.handshake(&mut other).await.is_signed_in());

    let withdrawn = application.post("/v1/actor_tokens", &wanted()).await.json();
    let revoke = format!("/v1/actor_tokens/{}/revoke", withdrawn["id"].as_str().unwrap());
    assert_eq!(application.post(&revoke, &json!({})).await.json()["status"], "revoked");
    let again = application.post(&revoke, &json!({})).await;
    assert_eq!(refusal(&again).1, "actor_token_cannot_be_revoked_code");
    open(&world, &mut other, &withdrawn).await;
    assert!(!application.handshake(&mut other).await.is_signed_in());
    assert_eq!(
        application
            .post("/v1/actor_tokens/act_0/revoke", &json!({}))
            .await
            .status,
        404
    );
}

#[tokio::test]
async fn actor_token_without_user_or_actor_is_refused() {
    let world = world().await;
    let application = world.application();
    for (name, value, status, code, parameter) in [
        ("user_id", Value::Null, 422, "form_param_missing", "user_id"),
        ("user_id", json!("user_0"), 404, "resource_not_found", "user_id"),
        ("actor", Value::Null, 422, "form_param_missing", "actor"),
        ("actor", json!({}), 422, "form_param_missing", "actor.sub"),
        (
            "actor",
            json!({ "sub": 1 }),
            422,
            "form_param_value_invalid",
            "actor.sub",
        ),
        (
            "actor",
            json!({ "sub": "x", "y": "z".repeat(2_048) }),
            422,
            "form_param_value_invalid",
            "actor",
        ),
        (
            "expires_in_seconds",
            json!(0),
            422,
            "form_param_value_invalid",
            "expires_in_seconds",
        ),
        (
            "session_max_duration_in_seconds",
            json!(-1),
            422,
            "form_param_value_invalid",
            "session_max_duration_in_seconds",
        ),
    ] {
        let mut body = wanted();
        body[name] = value;
        let answer = application.post("/v1/actor_tokens", &body).await;
        assert_eq!(refusal(&answer), (status, code.to_owned(), json!(parameter)), "{body}");
    }
}
