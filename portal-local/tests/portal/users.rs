//! Users in the Backend API.

use serde_json::{Value, json};

use crate::world::World;

const ADA: &str = "ada+clerk_test@example.com";

#[tokio::test]
async fn user_is_created_listed_updated_and_deleted() {
    let world = World::start().await;
    let application = world.application();
    let body = json!({
        "email_address": [ADA, "second@example.com"], "password": "correct horse battery", "first_name": "Ada",
        "external_id": "42", "public_metadata": { "plan": "gold" },
    });
    let ada = application.post("/v1/users", &body).await.json();
    assert_eq!(
        (&ada["external_id"], &ada["public_metadata"]["plan"]),
        (&json!("42"), &json!("gold"))
    );
    assert_eq!(ada["email_addresses"][1]["verification"]["strategy"], "admin");
    let id = ada["id"].as_str().unwrap();
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
    let bare = json!({ "email_address": ["b@example.com"], "password": "short", "skip_password_checks": true });
    assert_eq!(application.post("/v1/users", &bare).await.status, 200);
    assert_eq!(application.get("/v1/users/count").await.json()["total_count"], 2);
    let found = application
        .get("/v1/users?email_address=second%40example.com")
        .await
        .json();
    assert_eq!((found.as_array().unwrap().len(), &found[0]["id"]), (1, &ada["id"]));
    assert_eq!(
        application.get("/v1/users?external_id=42").await.json()[0]["id"],
        ada["id"]
    );

    let patch = async |path: String, body: Value| application.patch(&path, &body).await;
    let second = ada["email_addresses"][1]["id"].clone();
    let body = json!({ "last_name": "King", "primary_email_address_id": second, "password": "another good one" });
    let changed = patch(format!("/v1/users/{id}"), body).await.json();
    assert_eq!(
        (&changed["first_name"], &changed["last_name"]),
        (&json!("Ada"), &json!("King"))
    );
    assert_eq!(changed["primary_email_address_id"], second);
    let merged = patch(
        format!("/v1/users/{id}/metadata"),
        json!({ "public_metadata": { "plan": null, "x": 1 } }),
    )
    .await;
    assert_eq!(merged.json()["public_metadata"], json!({ "x": 1 }));
    let verify = format!("/v1/users/{id}/verify_password");
    assert_eq!(
        application
            .post(&verify, &json!({ "password": "another good one" }))
            .await
            .json()["verified"],
        true
    );
    assert_eq!(
        application.post(&verify, &json!({ "password": "no" })).await.status,
        422
    );

    let session = application.post("/v1/sessions", &json!({ "user_id": id })).await.json();
    let session = session["id"].as_str().unwrap().to_owned();
    let token = application
        .post(
            &format!("/v1/sessions/{session}/tokens"),
            &json!({ "expires_in_seconds": 300 }),
        )
        .await
        .json();
    let claims = application.verified_claims(token["jwt"].as_str().unwrap()).await;
    assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 300);
    assert_eq!(
        application
            .get(&format!("/v1/sessions?user_id={id}&status=active"))
            .await
            .json()[0]["id"],
        session
    );
    let paginated = application
        .get("/v1/sessions?paginated=true&status=revoked")
        .await
        .json();
    assert_eq!(paginated, json!({ "data": [], "total_count": 0 }));
    for (word, field, value) in [
        ("lock", "locked", true),
        ("unlock", "locked", false),
        ("ban", "banned", true),
        ("unban", "banned", false),
    ] {
        assert_eq!(
            application
                .post(&format!("/v1/users/{id}/{word}"), &json!({}))
                .await
                .json()[field],
            value,
            "{word}"
        );
    }
    assert_eq!(
        application.get(&format!("/v1/sessions/{session}")).await.json()["status"],
        "revoked",
        "banning signs out"
    );
    assert_eq!(
        application
            .post(&format!("/v1/sessions/{session}/tokens"), &json!({}))
            .await
            .status,
        400
    );

    let gone = application.delete(&format!("/v1/users/{id}")).await;
    assert_eq!(gone.json()["deleted"], true);
    assert_eq!(application.get(&format!("/v1/users/{id}")).await.status, 404);
}
