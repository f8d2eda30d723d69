//! Users in the Backend API.

use serde_json::{Value, json};

use crate::application::Application;
use crate::world::World;

const ADA: &str = "ada+clerk_test@example.com";
const SECOND: &str = "second@example.com";

/// Creates ada, with two addresses, an external ID and metadata.
async fn create_ada(application: &Application) -> Value {
    let body = json!({
        "email_address": [ADA, SECOND], "password": "correct horse battery", "first_name": "Ada",
        "external_id": "42", "public_metadata": { "plan": "gold" },
    });
    let created = application.post("/v1/users", &body).await;
    assert_eq!(created.status, 200, "{}", created.body);
    created.json()
}

/// The path of a user.
fn path_of(user: &Value) -> String {
    format!("/v1/users/{}", user["id"].as_str().unwrap())
}

#[tokio::test]
async fn created_user_has_the_fields_of_the_body() {
    let world = World::start().await;
    let ada = create_ada(&world.application()).await;
    assert_eq!(
        (&ada["external_id"], &ada["public_metadata"]["plan"]),
        (&json!("42"), &json!("gold"))
    );
    assert_eq!(ada["email_addresses"][1]["verification"]["strategy"], "admin");
}

#[tokio::test]
async fn invalid_user_is_refused_with_clerks_code() {
    let world = World::start().await;
    let application = world.application();
    create_ada(&application).await;
    for (body, code) in [
        (json!({}), "form_param_missing"),
        (
            json!({ "email_address": ["ADA+clerk_test@example.com"] }),
            "form_identifier_exists",
        ),
        (
            json!({ "email_address": ["b@example.com"], "external_id": "42" }),
            "form_identifier_exists",
        ),
        (
            json!({ "email_address": ["b@example.com"], "password": "short" }),
            "form_password_length_too_short",
        ),
        (json!({ "email_address": ["b"] }), "form_param_format_invalid"),
    ] {
        let answer = application.post("/v1/users", &body).await;
        assert_eq!(
            (answer.status, &answer.json()["errors"][0]["code"]),
            (422, &json!(code)),
            "{body}"
        );
    }
    let unchecked = json!({ "email_address": ["b@example.com"], "password": "short", "skip_password_checks": true });
    assert_eq!(application.post("/v1/users", &unchecked).await.status, 200);
    assert_eq!(application.get("/v1/users/count").await.json()["total_count"], 2);
}

#[tokio::test]
async fn user_is_found_by_address_and_external_id() {
    let world = World::start().await;
    let application = world.application();
    let ada = create_ada(&application).await;
    let other = json!({ "email_address": ["b@example.com"], "password": "correct horse battery" });
    application.post("/v1/users", &other).await;
    for query in ["email_address=second%40example.com", "external_id=42"] {
        let found = application.get(&format!("/v1/users?{query}")).await.json();
        assert_eq!(
            (found.as_array().unwrap().len(), &found[0]["id"]),
            (1, &ada["id"]),
            "{query}"
        );
    }
}

#[tokio::test]
async fn user_update_changes_the_named_fields_only() {
    let world = World::start().await;
    let application = world.application();
    let ada = create_ada(&application).await;
    let path = path_of(&ada);
    let second = ada["email_addresses"][1]["id"].clone();
    let body = json!({ "last_name": "King", "primary_email_address_id": second, "password": "another good one" });
    let changed = application.patch(&path, &body).await.json();
    assert_eq!(
        (&changed["first_name"], &changed["last_name"]),
        (&json!("Ada"), &json!("King"))
    );
    assert_eq!(changed["primary_email_address_id"], second);

    let metadata = json!({ "public_metadata": { "plan": null, "x": 1 } });
    let merged = application.patch(&format!("{path}/metadata"), &metadata).await;
    assert_eq!(merged.json()["public_metadata"], json!({ "x": 1 }));

    let verify = format!("{path}/verify_password");
    let right = application
        .post(&verify, &json!({ "password": "another good one" }))
        .await;
    assert_eq!(right.json()["verified"], true);
    let wrong = application.post(&verify, &json!({ "password": "no" })).await;
    assert_eq!(wrong.status, 422);
}

#[tokio::test]
async fn session_of_a_user_issues_tokens_until_the_user_is_banned() {
    let world = World::start().await;
    let application = world.application();
    let ada = create_ada(&application).await;
    let (id, path) = (ada["id"].as_str().unwrap(), path_of(&ada));
    let session = application.post("/v1/sessions", &json!({ "user_id": id })).await.json();
    let session = session["id"].as_str().unwrap().to_owned();
    let tokens = format!("/v1/sessions/{session}/tokens");
    let token = application.post(&tokens, &json!({ "expires_in_seconds": 300 })).await;
    let claims = application.verified_claims(token.json()["jwt"].as_str().unwrap()).await;
    assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 300);
    let active = application
        .get(&format!("/v1/sessions?user_id={id}&status=active"))
        .await;
    assert_eq!(active.json()[0]["id"], session);
    let revoked = application.get("/v1/sessions?paginated=true&status=revoked").await;
    assert_eq!(revoked.json(), json!({ "data": [], "total_count": 0 }));

    for (word, field, value) in [
        ("lock", "locked", true),
        ("unlock", "locked", false),
        ("ban", "banned", true),
        ("unban", "banned", false),
    ] {
        let answer = application.post(&format!("{path}/{word}"), &json!({})).await;
        assert_eq!(answer.json()[field], value, "{word}");
    }
    let ended = application.get(&format!("/v1/sessions/{session}")).await.json();
    assert_eq!(ended["status"], "revoked", "a ban signs the user out");
    assert_eq!(application.post(&tokens, &json!({})).await.status, 400);
}

#[tokio::test]
async fn deleted_user_is_not_found() {
    let world = World::start().await;
    let application = world.application();
    let path = path_of(&create_ada(&application).await);
    assert_eq!(application.delete(&path).await.json()["deleted"], true);
    assert_eq!(application.get(&path).await.status, 404);
}
