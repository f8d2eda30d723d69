//! Clients in the Backend API.

use portal_local::Settings;
use serde_json::{Value, json};

use crate::application::unverified_claims;
use crate::world::{DASHBOARD, PASSWORD, World, identify};

const ADA: &str = "ada+clerk_test@example.com";
const JOE: &str = "joe+clerk_test@example.com";

async fn verify(world: &World, body: &Value) -> (u16, Value) {
    let answer = world.application().post("/v1/clients/verify", body).await;
    (answer.status, answer.json())
}

#[tokio::test]
async fn client_lists_the_sessions_of_its_browser() {
    let world = World::start().await;
    let application = world.application();
    let mut settings = Settings::default();
    settings.single_session_mode = false;
    world.portal.set_settings(settings).await.unwrap();
    let mut browser = world.signed_up(ADA).await;
    let cookies = application.handshake(&mut browser).await;
    let first = unverified_claims(cookies.value("__session"))["sid"].clone();
    let session = application
        .get(&format!("/v1/sessions/{}", first.as_str().unwrap()))
        .await
        .json();
    let path = format!("/v1/clients/{}", session["client_id"].as_str().unwrap());
    let client = application.get(&path).await.json();
    assert_eq!(client["object"], "client");
    assert_eq!(
        (&client["id"], &client["last_active_session_id"], &client["session_ids"]),
        (&session["client_id"], &first, &json!([first]))
    );
    assert_eq!(
        client["sessions"],
        json!([session]),
        "its sessions are those of /v1/sessions"
    );
    assert!(client["sign_up_id"].as_str().unwrap().starts_with("sua_"));
    assert_eq!(client["created_at"], crate::world::START_SECS * 1_000);

    world.clock.forward_secs(5);
    let body = json!({ "email_address": [JOE], "password": PASSWORD });
    application.post("/v1/users", &body).await;
    identify(&mut browser, JOE, &format!("account=another&{DASHBOARD}")).await;
    assert_eq!(browser.submit(&[("password", PASSWORD)]).await.status, 303);
    let client = application.get(&path).await.json();
    let ids = client["session_ids"].as_array().unwrap();
    assert_eq!((ids.len(), &ids[0]), (2, &first), "the first to sign in first");
    assert_eq!(client["last_active_session_id"], ids[1]);
    assert_eq!(client["updated_at"], (crate::world::START_SECS + 5) * 1_000);

    let second = ids[1].as_str().unwrap();
    application
        .post(&format!("/v1/sessions/{second}/revoke"), &json!({}))
        .await;
    let client = application.get(&path).await.json();
    assert_eq!(
        (&client["session_ids"], &client["last_active_session_id"]),
        (&json!([first]), &Value::Null)
    );
    assert_eq!(application.get("/v1/clients/client_x").await.status, 404);
}

#[tokio::test]
async fn clients_are_listed_newest_first() {
    let world = World::start().await;
    let application = world.application();
    world.signed_up(ADA).await;
    world.clock.forward_secs(1);
    world.signed_up(JOE).await;
    let all = application.get("/v1/clients").await.json();
    let [joes, adas] = all.as_array().unwrap().as_slice() else {
        panic!("two clients: {all}")
    };
    assert!(joes["created_at"].as_i64() > adas["created_at"].as_i64());
    let page = application
        .get("/v1/clients?paginated=true&limit=1&offset=1")
        .await
        .json();
    assert_eq!((&page["data"], &page["total_count"]), (&json!([adas]), &json!(2)));
    assert_eq!(application.get("/v1/clients?limit=0").await.status, 422);
}

#[tokio::test]
async fn client_verification_requires_a_live_session_and_client() {
    let world = World::start().await;
    let application = world.application();
    let mut browser = world.signed_up(ADA).await;
    let token = application.handshake(&mut browser).await.value("__session").to_owned();
    let (status, client) = verify(&world, &json!({ "token": token })).await;
    let id = client["id"].as_str().unwrap();
    assert_eq!(
        (status, &client),
        (200, &application.get(&format!("/v1/clients/{id}")).await.json())
    );

    let other = World::start().await;
    let foreign = other.application().handshake(&mut other.signed_up(ADA).await).await;
    let (header, rest) = token.split_once('.').unwrap();
    let (claims, signature) = rest.split_once('.').unwrap();
    let swapped = format!("{header}.{}.{signature}", claims.chars().rev().collect::<String>());
    for (body, code) in [
        (json!({}), "missing_parameter"),
        (json!({ "token": "" }), "missing_parameter"),
        (json!({ "token": null }), "missing_parameter"),
        (json!({ "token": 7 }), "request_body_invalid"),
        (json!({ "token": "a.b.c" }), "token_invalid"),
        (json!({ "token": swapped }), "token_invalid"),
        (json!({ "token": format!("{header}.{claims}.") }), "token_invalid"),
        (json!({ "token": foreign.value("__session") }), "token_invalid"),
        (json!({ "token": browser.cookies["__clerk_db_jwt"] }), "token_invalid"),
    ] {
        let (status, answer) = verify(&world, &body).await;
        assert_eq!((status, &answer["errors"][0]["code"]), (400, &json!(code)), "{body}");
    }
    world.clock.forward_secs(60);
    let (status, answer) = verify(&world, &json!({ "token": token })).await;
    assert_eq!(
        (status, &answer["errors"][0]["code"]),
        (400, &json!("token_invalid")),
        "it has expired"
    );

    let token = application.handshake(&mut browser).await.value("__session").to_owned();
    let session = unverified_claims(&token)["sid"].as_str().unwrap().to_owned();
    application
        .post(&format!("/v1/sessions/{session}/revoke"), &json!({}))
        .await;
    let (status, answer) = verify(&world, &json!({ "token": token })).await;
    assert_eq!(
        (status, &answer["errors"][0]["code"]),
        (404, &json!("resource_not_found")),
        "its session has ended"
    );
}
