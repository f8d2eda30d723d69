use hyper::Method;
use serde_json::{Value, json};

use crate::world::World;

const ADA: &str = "ada+clerk_test@example.com";

#[tokio::test]
async fn call_without_the_secret_key_is_refused() {
    let world = World::start().await;
    let application = world.application();
    for (method, path) in [
        (Method::GET, "/v1/jwks"),
        (Method::GET, "/v1/users/user_x"),
        (Method::GET, "/v1/sessions/sess_x"),
        (Method::GET, "/v1/clients/handshake_payload?nonce=x"),
        (Method::POST, "/v1/sessions/sess_x/refresh"),
        (Method::POST, "/v1/sessions/sess_x/revoke"),
    ] {
        for (key, code) in [
            (None, "authentication_invalid"),
            (Some("sk_test_wrong"), "clerk_key_invalid"),
            (Some(""), "authentication_invalid"),
        ] {
            let answer = application.call(method.clone(), path, key, String::new()).await;
            let body = answer.json();
            assert_eq!(
                (answer.status, &body["errors"][0]["code"]),
                (401, &json!(code)),
                "{path} {key:?}"
            );
            assert_eq!(body["clerk_trace_id"].as_str().unwrap().len(), 32);
            assert!(body["errors"][0]["long_message"].as_str().unwrap().ends_with('.'));
        }
    }
}

#[tokio::test]
async fn unknown_resource_returns_404_in_json() {
    let world = World::start().await;
    let application = world.application();
    for path in [
        "/v1",
        "/v1/nothing",
        "/v1/users/user_x",
        "/v1/sessions/sess_x",
        "/v1/organizations/org_x",
    ] {
        let answer = application.get(path).await;
        assert_eq!(
            (answer.status, &answer.json()["errors"][0]["code"]),
            (404, &json!("resource_not_found")),
            "{path}"
        );
    }
    let answer = application.post("/v1/jwks", &json!({})).await;
    assert_eq!(
        (answer.status, &answer.json()["errors"][0]["code"]),
        (405, &json!("method_not_allowed"))
    );
    assert_eq!(
        application.post("/v1/sessions/sess_x/revoke", &json!({})).await.status,
        404
    );
}

#[tokio::test]
async fn user_has_every_field_of_the_api() {
    let world = World::start().await;
    let application = world.application();
    let cookies = application.handshake(&mut world.signed_up(ADA).await).await;
    let claims = application.verified_claims(cookies.value("__session")).await;
    let id = claims["sub"].as_str().unwrap();
    let user = application.get(&format!("/v1/users/{id}")).await.json();
    for field in [
        "object",
        "id",
        "external_id",
        "primary_email_address_id",
        "primary_phone_number_id",
        "primary_web3_wallet_id",
        "username",
        "first_name",
        "last_name",
        "image_url",
        "has_image",
        "public_metadata",
        "private_metadata",
        "unsafe_metadata",
        "email_addresses",
        "phone_numbers",
        "web3_wallets",
        "passkeys",
        "password_enabled",
        "two_factor_enabled",
        "totp_enabled",
        "backup_code_enabled",
        "mfa_enabled_at",
        "mfa_disabled_at",
        "password_last_updated_at",
        "external_accounts",
        "saml_accounts",
        "enterprise_accounts",
        "last_sign_in_at",
        "banned",
        "locked",
        "lockout_expires_in_seconds",
        "verification_attempts_remaining",
        "updated_at",
        "created_at",
        "delete_self_enabled",
        "create_organization_enabled",
        "create_organizations_limit",
        "last_active_at",
        "legal_accepted_at",
    ] {
        assert!(user.as_object().unwrap().contains_key(field), "{field}");
    }
    assert_eq!(user["first_name"], "Ada");
    assert_eq!(user["created_at"], crate::world::START_SECS * 1_000);
    assert_eq!(user["email_addresses"][0]["id"], user["primary_email_address_id"]);
    assert_eq!(user["email_addresses"][0]["email_address"], ADA);
    assert_eq!(user["email_addresses"][0]["verification"]["status"], "verified");
    assert_eq!(user["verification_attempts_remaining"], 10);
    let text = user.to_string();
    assert!(!text.contains("argon2"), "no hash leaves the portal");

    let picture = user["image_url"]
        .as_str()
        .unwrap()
        .strip_prefix(world.portal.origin())
        .unwrap()
        .to_owned();
    let picture = world.browser().get(&picture).await;
    assert_eq!((picture.status, picture.header("content-type")), (200, "image/svg+xml"));
    assert!(picture.body.contains(">AL<"));
}

#[tokio::test]
async fn session_has_every_field_of_the_api() {
    let world = World::start().await;
    let application = world.application();
    let cookies = application.handshake(&mut world.signed_up(ADA).await).await;
    let claims = application.verified_claims(cookies.value("__session")).await;
    let session = application
        .get(&format!("/v1/sessions/{}", claims["sid"].as_str().unwrap()))
        .await
        .json();
    assert_eq!(session["object"], "session");
    assert_eq!(session["status"], "active");
    assert_eq!(session["user_id"], claims["sub"]);
    assert!(session["client_id"].as_str().unwrap().starts_with("client_"));
    for field in ["last_active_at", "expire_at", "abandon_at", "updated_at", "created_at"] {
        assert!(session[field].is_i64(), "{field}");
    }
}

#[tokio::test]
async fn issuer_serves_the_same_key_set() {
    let world = World::start().await;
    let application = world.application();
    let private: Value = application.get("/v1/jwks").await.json();
    assert_eq!(private["keys"][0]["e"], "AQAB");
    for mount in ["", "/accounts.dev"] {
        let public = application
            .call(
                Method::GET,
                &format!("{mount}/.well-known/jwks.json"),
                None,
                String::new(),
            )
            .await;
        assert_eq!(public.json(), private);
        let health = application
            .call(Method::GET, &format!("{mount}/v1/health"), None, String::new())
            .await;
        assert_eq!(health.status, 200);
        let browser = application
            .call(Method::POST, &format!("{mount}/v1/dev_browser"), None, String::new())
            .await;
        let body = browser.json();
        assert_eq!(body["id"], body["token"]);
        assert!(body["id"].as_str().unwrap().starts_with("ey"));
    }
}

#[tokio::test]
async fn instance_settings_are_read_and_changed() {
    let world = World::start().await;
    let application = world.application();
    let settings = application.get("/v1/instance/organization_settings").await.json();
    assert_eq!(
        (&settings["enabled"], &settings["max_allowed_memberships"]),
        (&json!(true), &json!(5))
    );
    let patch = async |path: &str, body: Value| application.patch(path, &body).await;
    let changed = patch(
        "/v1/instance/organization_settings",
        json!({ "enabled": false, "creator_role_id": "org:member" }),
    )
    .await
    .json();
    assert_eq!(
        (&changed["enabled"], &changed["creator_role"]),
        (&json!(false), &json!("org:member"))
    );
    let refused = application.post("/v1/organizations", &json!({ "name": "A" })).await;
    assert_eq!(
        (refused.status, &refused.json()["errors"][0]["code"]),
        (403, &json!("organization_not_enabled_in_instance"))
    );
    assert_eq!(patch("/v1/instance", json!({ "test_mode": false })).await.status, 204);
    assert_eq!(
        application.get("/v1/instance").await.json()["environment_type"],
        "development"
    );
}
