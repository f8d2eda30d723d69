//! Metadata of users and organizations, merged by `PATCH` and replaced by `PUT`.

use serde_json::json;

use crate::organizations::{organization, user};
use crate::world::World;

#[tokio::test]
async fn put_metadata_replaces_each_named_field_whole() {
    let world = World::start().await;
    let application = world.application();
    let ada = user(&application, "ada+clerk_test@example.com").await;
    let acme = organization(&application, "acme", &ada).await;
    for path in [format!("/v1/users/{ada}"), format!("/v1/organizations/{acme}")] {
        let path = format!("{path}/metadata");
        let start = json!({ "public_metadata": { "a": { "b": 1 }, "c": 2 }, "private_metadata": { "d": 3 } });
        assert_eq!(application.put(&path, &start).await.status, 200, "{path}");

        let merged = application
            .patch(&path, &json!({ "public_metadata": { "c": null, "e": 4 } }))
            .await;
        assert_eq!(
            merged.json()["public_metadata"],
            json!({ "a": { "b": 1 }, "e": 4 }),
            "{path}"
        );

        let replaced = application
            .put(&path, &json!({ "public_metadata": { "e": { "f": [5] } } }))
            .await
            .json();
        assert_eq!(replaced["public_metadata"], json!({ "e": { "f": [5] } }), "{path}");
        assert_eq!(
            replaced["private_metadata"],
            json!({ "d": 3 }),
            "{path}: fields left out stay"
        );

        let nothing = application.put(&path, &json!({ "public_metadata": null })).await.json();
        assert_eq!(
            nothing["public_metadata"],
            json!({ "e": { "f": [5] } }),
            "{path}: null is left out"
        );

        let cleared = application.put(&path, &json!({ "public_metadata": {} })).await.json();
        assert_eq!(
            (&cleared["public_metadata"], &cleared["private_metadata"]),
            (&json!({}), &json!({ "d": 3 })),
            "{path}"
        );
    }
}

#[tokio::test]
async fn refused_put_metadata_changes_nothing() {
    let world = World::start().await;
    let application = world.application();
    let ada = user(&application, "ada+clerk_test@example.com").await;
    let acme = organization(&application, "acme", &ada).await;
    for path in [format!("/v1/users/{ada}"), format!("/v1/organizations/{acme}")] {
        let metadata = format!("{path}/metadata");
        application
            .put(&metadata, &json!({ "public_metadata": { "a": 1 } }))
            .await;
        for (body, status) in [
            (json!({ "public_metadata": { "b": 2 }, "private_metadata": [] }), 400),
            (json!({ "public_metadata": "text" }), 400),
            (json!({ "public_metadata": { "b": 2 }, "publicMetadata": {} }), 422),
        ] {
            for answer in [
                application.put(&metadata, &body).await,
                application.patch(&metadata, &body).await,
            ] {
                assert_eq!(answer.status, status, "{body}");
            }
        }
        assert_eq!(
            application.get(&path).await.json()["public_metadata"],
            json!({ "a": 1 }),
            "{path}"
        );
    }
    assert_eq!(
        application.put("/v1/users/user_x/metadata", &json!({})).await.status,
        404
    );
}
