//! Calls that do for several what another call does for one.

use serde_json::{Value, json};

use crate::organizations::user;
use crate::world::World;

const ADA: &str = "ada+clerk_test@example.com";

#[tokio::test]
async fn bulk_call_is_atomic() {
    let world = World::start().await;
    let application = world.application();
    let ada = user(&application, ADA).await;
    let address = |name: &str| json!({ "email_address": format!("{name}@example.com") });
    let many: Vec<Value> = (0..11).map(|number| address(&format!("a{number}"))).collect();
    for (path, body) in [
        ("/v1/invitations/bulk", json!([address("a"), { "email_address": ADA }])),
        ("/v1/invitations/bulk", json!(many)),
        ("/v1/invitations/bulk", json!([])),
        ("/v1/waitlist_entries/bulk", json!([address("a"), address("A")])),
        (
            "/v1/waitlist_entries/bulk",
            json!([address("a"), { "email_address": "x" }]),
        ),
        ("/v1/users/ban", json!({ "user_ids": [] })),
    ] {
        let answer = application.post(path, &body).await;
        assert_eq!(answer.status, 422, "{path}: {}", answer.body);
    }
    let half = json!({ "user_ids": [ada, "user_x"] });
    assert_eq!(application.post("/v1/users/ban", &half).await.status, 404);
    assert_eq!(
        application.get(&format!("/v1/users/{ada}")).await.json()["banned"],
        false
    );
    assert_eq!(
        application.get("/v1/invitations?paginated=true").await.json()["total_count"],
        0
    );
    assert_eq!(application.get("/v1/waitlist_entries").await.json()["total_count"], 0);

    let both = json!([address("a"), address("b")]);
    for path in ["/v1/invitations/bulk", "/v1/waitlist_entries/bulk"] {
        let made = application.post(path, &both).await.json();
        assert_eq!(made.as_array().map(Vec::len), Some(2), "{path}: {made}");
    }
    let banned = application
        .post("/v1/users/ban", &json!({ "user_ids": [ada] }))
        .await
        .json();
    assert_eq!(banned[0]["banned"], true);
    let entry = application.get("/v1/waitlist_entries?query=b%40").await.json()["data"][0].clone();
    let path = format!("/v1/waitlist_entries/{}", entry["id"].as_str().unwrap());
    assert_eq!(application.delete(&path).await.json()["deleted"], true);
    assert_eq!(application.delete(&path).await.status, 404);
}
