use serde_json::{Value, json};

use crate::application::Cookies;
use crate::world::World;

const ADA: &str = "ada+clerk_test@example.com";

fn refusal(answer: &crate::browser::Answer) -> (u16, Value) {
    (answer.status, answer.json()["errors"][0]["code"].clone())
}

#[tokio::test]
async fn expired_token_is_refreshed_by_the_backend_api() {
    let world = World::start().await;
    let application = world.application();
    let before = application.handshake(&mut world.signed_up(ADA).await).await;
    world.clock.forward_secs(120);
    let answer = application.refresh(&before).await;
    assert_eq!((answer.status, &answer.json()["object"]), (200, &json!("cookies")));
    let after = Cookies::apply(&answer.json()["cookies"]);
    let last = answer.json()["cookies"]
        .as_array()
        .unwrap()
        .last()
        .unwrap()
        .as_str()
        .unwrap()
        .to_owned();
    assert!(
        last.starts_with(&format!("__session_{}=ey", application.suffix)),
        "the SDK reads the last one: {last}"
    );

    let claims = application.verified_claims(after.value("__session")).await;
    let old_claims = application.verified_claims(before.value("__session")).await;
    assert_eq!(claims["iat"], world.clock.now_secs());
    assert_eq!(
        (&claims["sid"], &claims["azp"]),
        (&old_claims["sid"], &old_claims["azp"])
    );
    assert_ne!(claims["jti"], old_claims["jti"]);
    assert_eq!(after.value("__client_uat"), before.value("__client_uat"));
    let refresh = format!("__refresh_{}", application.suffix);
    assert_ne!(after.value(&refresh), before.value(&refresh), "rotated");
    assert!(
        world
            .portal
            .request_log()
            .iter()
            .any(portal_local::RequestRecord::is_refresh)
    );

    world.clock.forward_secs(120);
    assert_eq!(application.refresh(&after).await.status, 200, "and again");
}

#[tokio::test]
async fn replaced_refresh_token_is_valid_for_ten_seconds() {
    let world = World::start().await;
    let application = world.application();
    let cookies = application.handshake(&mut world.signed_up(ADA).await).await;
    assert_eq!(application.refresh(&cookies).await.status, 200);
    world.clock.forward_secs(10);
    assert_eq!(application.refresh(&cookies).await.status, 200, "side by side requests");
    world.clock.forward_secs(1);
    assert_eq!(
        refusal(&application.refresh(&cookies).await),
        (401, json!("refresh_token_invalid"))
    );
}

#[tokio::test]
async fn token_format_keeps_the_refresh_token() {
    let world = World::start().await;
    let application = world.application();
    let cookies = application.handshake(&mut world.signed_up(ADA).await).await;
    for _ in 0..2 {
        let answer = application.refresh_with(&cookies, json!({ "format": "token" })).await;
        assert_eq!(answer.json()["object"], "token");
        application
            .verified_claims(answer.json()["jwt"].as_str().unwrap())
            .await;
        world.clock.forward_secs(60);
    }
}

#[tokio::test]
async fn mismatched_refresh_request_is_refused() {
    let world = World::start().await;
    let application = world.application();
    let ada = application.handshake(&mut world.signed_up(ADA).await).await;
    let eve = application
        .handshake(&mut world.signed_up("eve+clerk_test@example.com").await)
        .await;
    let refresh = format!("__refresh_{}", application.suffix);
    let (message, signature) = ada.value("__session").rsplit_once('.').unwrap();
    let forged = format!("{message}x.{signature}");
    for (replaced, code) in [
        (json!({ "request_origin": "http://localhost:4000" }), "origin_mismatch"),
        (json!({ "refresh_token": eve.value(&refresh) }), "refresh_token_invalid"),
        (json!({ "refresh_token": "garbage" }), "refresh_token_invalid"),
        (
            json!({ "expired_token": eve.value("__session") }),
            "expired_token_invalid",
        ),
        (json!({ "expired_token": forged }), "expired_token_invalid"),
        (
            json!({ "expired_token": ada.value("__clerk_db_jwt") }),
            "expired_token_invalid",
        ),
        (json!({ "expired_token": "" }), "expired_token_invalid"),
    ] {
        assert_eq!(
            refusal(&application.refresh_with(&ada, replaced).await),
            (401, json!(code)),
            "{code}"
        );
    }
    assert_eq!(application.refresh(&ada).await.status, 200, "nothing was used up");
    let answer = application.refresh_with(&ada, json!({ "expired_token": null })).await;
    assert_eq!(refusal(&answer), (400, json!("request_body_invalid")));
}

#[tokio::test]
async fn revoked_session_is_not_refreshed() {
    let world = World::start().await;
    let application = world.application();
    let mut browser = world.signed_up(ADA).await;
    let cookies = application.handshake(&mut browser).await;
    let id = application.verified_claims(cookies.value("__session")).await["sid"]
        .as_str()
        .unwrap()
        .to_owned();

    world.clock.forward_secs(5);
    let revoked = application.post(&format!("/v1/sessions/{id}/revoke"), &json!({})).await;
    assert_eq!((revoked.status, &revoked.json()["status"]), (200, &json!("revoked")));
    let twice = application.post(&format!("/v1/sessions/{id}/revoke"), &json!({})).await;
    assert_eq!(refusal(&twice), (400, json!("session_inactive")));
    assert_eq!(
        refusal(&application.refresh(&cookies).await),
        (401, json!("session_inactive"))
    );
    assert!(!application.handshake(&mut browser).await.is_signed_in());
    assert!(
        browser.get("/sign-in").await.body.contains("Sign in to Acme"),
        "the portal knows too"
    );
}

#[tokio::test]
async fn repeated_sign_in_keeps_client_uat_at_or_before_the_token() {
    let world = World::start().await;
    let application = world.application();
    let mut browser = world.signed_up(ADA).await;
    let first = application.handshake(&mut browser).await;
    let id = application.verified_claims(first.value("__session")).await["sid"]
        .as_str()
        .unwrap()
        .to_owned();
    application.post(&format!("/v1/sessions/{id}/revoke"), &json!({})).await;
    world.clock.forward_secs(100);
    crate::world::identify(&mut browser, ADA, "").await;
    browser.submit(&[("password", crate::world::PASSWORD)]).await;
    let second = application.handshake(&mut browser).await;
    let uat: i64 = second.value("__client_uat").parse().unwrap();
    let claims = application.verified_claims(second.value("__session")).await;
    assert_eq!(uat, world.clock.now_secs());
    assert!(claims["iat"].as_i64().unwrap() >= uat);
    assert_ne!(claims["sid"], id.as_str());
}
