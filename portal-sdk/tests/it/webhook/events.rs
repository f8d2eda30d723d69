//! Events in the shapes of Clerk's OpenAPI document of webhooks.

use http::Request;
use portal_sdk::clock::UnixTime;
use portal_sdk::fleet::SessionEndReason;
use portal_sdk::lease::LeaseEnd;
use portal_sdk::testing::{TestInstance, TestWebhook};
use portal_sdk::webhook::{WebhookDelivery, WebhookEvent};
use serde_json::{Value, json};

use super::{NOW, verify};

fn delivery(event_type: &str, data: Value) -> WebhookDelivery {
    let webhook = TestWebhook::new(event_type, data).with_sent_at(NOW);
    verify(&webhook.request("/")).unwrap()
}

fn user() -> Value {
    json!({
        "object": "user",
        "id": "user_1",
        "external_id": null,
        "primary_email_address_id": "idn_1",
        "username": null,
        "first_name": "Ada",
        "last_name": "Lovelace",
        "image_url": "https://img.clerk.com/x",
        "public_metadata": { "plan": "pro" },
        "private_metadata": null,
        "email_addresses": [{
            "id": "idn_1",
            "object": "email_address",
            "email_address": "ada@example.com",
            "verification": { "status": "verified", "strategy": "email_code" },
        }],
        "enterprise_accounts": [],
        "created_at": 1_716_883_200_000_i64,
        "updated_at": 1_716_883_500_000_i64,
    })
}

fn session(status: &str) -> Value {
    json!({
        "object": "session",
        "id": "sess_1",
        "user_id": "user_1",
        "user": user(),
        "client_id": "client_1",
        "actor": null,
        "status": status,
        "last_active_organization_id": "org_1",
        "latest_activity": null,
        "expire_at": 1_716_969_600_000_i64,
        "created_at": 1_716_883_200_000_i64,
        "updated_at": 1_716_883_200_001_i64,
    })
}

fn organization() -> Value {
    json!({ "object": "organization", "id": "org_1", "name": "Acme", "slug": "acme", "updated_at": 1 })
}

fn membership() -> Value {
    json!({
        "object": "organization_membership",
        "id": "orgmem_1",
        "role": "org:member",
        "role_name": "Member",
        "permissions": ["org:posts:read"],
        "public_metadata": {},
        "organization": organization(),
        "public_user_data": { "user_id": "user_1", "first_name": "Ada", "identifier": "ada@example.com" },
        "created_at": 1_716_883_200_000_i64,
        "updated_at": 1_716_883_200_000_i64,
    })
}

/// Every event with a type, its data, and the name of the variant.
fn known() -> Vec<(&'static str, Value, &'static str)> {
    let deleted = |object, id| json!({ "object": object, "id": id, "deleted": true });
    vec![
        ("user.created", user(), "UserCreated"),
        ("user.updated", user(), "UserUpdated"),
        ("user.deleted", deleted("user", "user_1"), "UserDeleted"),
        ("session.created", session("active"), "SessionCreated"),
        ("session.pending", session("pending"), "SessionPending"),
        ("session.ended", session("ended"), "SessionEnded"),
        ("session.removed", session("removed"), "SessionRemoved"),
        ("session.revoked", session("revoked"), "SessionRevoked"),
        ("organization.created", organization(), "OrganizationCreated"),
        ("organization.updated", organization(), "OrganizationUpdated"),
        (
            "organization.deleted",
            deleted("organization", "org_1"),
            "OrganizationDeleted",
        ),
        ("organizationMembership.created", membership(), "MembershipCreated"),
        ("organizationMembership.updated", membership(), "MembershipUpdated"),
        ("organizationMembership.deleted", membership(), "MembershipDeleted"),
    ]
}

fn variant(event: &WebhookEvent) -> String {
    let text = format!("{event:?}");
    text.split('(').next().unwrap().to_owned()
}

#[test]
fn each_known_event_has_its_variant() {
    for (event_type, data, expected) in known() {
        let delivery = delivery(event_type, data.clone());
        assert_eq!(variant(&delivery.event), expected, "{event_type}");
        assert_eq!(delivery.data_as::<Value>().unwrap(), data, "{event_type}");
    }
}

#[test]
fn data_without_an_id_is_unreadable_and_kept_as_json() {
    for (event_type, mut data, _) in known() {
        data.as_object_mut().unwrap().remove("id");
        let delivery = delivery(event_type, data.clone());
        assert!(matches!(delivery.event, WebhookEvent::Unreadable), "{event_type}");
        assert_eq!(delivery.data_as::<Value>().unwrap(), data, "{event_type}");
    }
    for data in [json!(null), json!([]), json!("user_1")] {
        let delivery = delivery("user.created", data);
        assert!(matches!(delivery.event, WebhookEvent::Unreadable));
    }
}

#[test]
fn unknown_and_malformed_fields_fail_no_delivery() {
    let optional = [
        "external_id",
        "slug",
        "status",
        "user",
        "client_id",
        "permissions",
        "updated_at",
    ];
    for (event_type, mut data, expected) in known() {
        let fields = data.as_object_mut().unwrap();
        fields.insert("added_by_clerk".to_owned(), json!({ "deep": [[[]]] }));
        for name in optional {
            fields.insert(name.to_owned(), json!({ "another": "shape" }));
        }
        assert_eq!(variant(&delivery(event_type, data).event), expected, "{event_type}");
    }
}

#[test]
fn unknown_event_is_kept_as_json() {
    let data = json!({ "id": "ema_1", "to_email_address": "ada@example.com" });
    for event_type in ["email.created", "user.created.v2", "", "User.Created"] {
        let delivery = delivery(event_type, data.clone());
        assert!(matches!(delivery.event, WebhookEvent::Other), "{event_type}");
        assert_eq!(delivery.event_type, event_type);
        let payload: Value = serde_json::from_str(delivery.json()).unwrap();
        assert_eq!((&payload["type"], &payload["data"]), (&json!(event_type), &data));
    }
}

#[test]
fn users_have_the_type_of_the_backend_api() {
    let WebhookEvent::UserUpdated(user) = delivery("user.updated", user()).event else {
        panic!("a known event");
    };
    assert_eq!(
        (user.id.as_str(), user.full_name().as_deref()),
        ("user_1", Some("Ada Lovelace"))
    );
    assert!(user.primary_email_address().is_some_and(|address| address.is_verified));
    assert_eq!(user.public_metadata["plan"], "pro");
    assert_eq!(user.updated_at, Some(UnixTime::from_millis(1_716_883_500_000)));
}

#[test]
fn sessions_name_their_user_client_and_organization() {
    let WebhookEvent::SessionRevoked(session) = delivery("session.revoked", session("revoked")).event else {
        panic!("a known event");
    };
    assert_eq!((session.id.as_str(), session.user_id.as_str()), ("sess_1", "user_1"));
    assert_eq!(
        (session.status.as_str(), session.client_id.as_deref()),
        ("revoked", Some("client_1"))
    );
    assert_eq!(session.last_active_organization_id.unwrap(), "org_1");
    assert_eq!(session.user.unwrap().first_name.as_deref(), Some("Ada"));
    assert_eq!(session.expires_at, Some(UnixTime::from_millis(1_716_969_600_000)));
    assert_eq!(session.created_at, Some(UnixTime::from_millis(1_716_883_200_000)));
    assert_eq!(session.updated_at, Some(UnixTime::from_millis(1_716_883_200_001)));
}

#[test]
fn memberships_name_their_user() {
    let WebhookEvent::MembershipDeleted(member) = delivery("organizationMembership.deleted", membership()).event else {
        panic!("a known event");
    };
    assert_eq!(
        (member.user_id.as_str(), member.membership.id.as_str()),
        ("user_1", "orgmem_1")
    );
    assert_eq!(member.membership.organization.slug.as_deref(), Some("acme"));
    assert_eq!(member.membership.permissions, ["org:posts:read"]);
    assert_eq!(
        member.membership.created_at,
        Some(UnixTime::from_millis(1_716_883_200_000))
    );
    let mut data = membership();
    data["public_user_data"] = json!({});
    assert!(matches!(
        delivery("organizationMembership.deleted", data).event,
        WebhookEvent::Unreadable
    ));
}

#[test]
fn deleted_objects_have_their_external_id_or_slug() {
    let data = json!({ "object": "user", "id": "user_1", "deleted": true, "external_id": "42" });
    let WebhookEvent::UserDeleted(user) = delivery("user.deleted", data).event else {
        panic!("a known event");
    };
    assert_eq!((user.id.as_str(), user.external_id.as_deref()), ("user_1", Some("42")));
    assert_eq!(format!("{user:?}"), "DeletedUser { id: UserId(\"user_1\"), .. }");
    let data = json!({ "object": "organization", "id": "org_1", "slug": "acme", "deleted": true });
    let WebhookEvent::OrganizationDeleted(organization) = delivery("organization.deleted", data).event else {
        panic!("a known event");
    };
    assert_eq!(
        (organization.id.as_str(), organization.slug.as_deref()),
        ("org_1", Some("acme"))
    );
}

#[test]
fn deeply_nested_metadata_fails_no_delivery() {
    // serde_json reads at most 128 levels into a value. A user can write any into their unsafe metadata.
    let webhook = TestWebhook::new("user.updated", json!({ "id": "user_1", "unsafe_metadata": "NESTED" }));
    let nested = format!("{}{}", "[".repeat(5_000), "]".repeat(5_000));
    let request: Request<String> = webhook.with_sent_at(NOW).request("/");
    let delivery = super::verify(&super::signed(&request.into_body().replace("\"NESTED\"", &nested))).unwrap();
    assert!(matches!(delivery.event, WebhookEvent::Unreadable));
    #[derive(serde::Deserialize)]
    struct Id {
        id: String,
    }
    assert_eq!(delivery.data_as::<Id>().unwrap().id, "user_1");
}

#[tokio::test]
async fn webhook_ends_the_session_or_the_user_that_it_names() {
    use SessionEndReason::{Expired, Revoked, SignedOut};
    let session = |id: &str, status: &str| json!({ "id": id, "user_id": "user_1", "status": status });
    let deleted = |id: &str| json!({ "object": "user", "id": id, "deleted": true });
    for (event_type, data, expected) in [
        (
            "session.ended",
            session("sess_1", "ended"),
            Some(LeaseEnd::SessionEnded(SignedOut)),
        ),
        (
            "session.ended",
            session("sess_1", "expired"),
            Some(LeaseEnd::SessionEnded(Expired)),
        ),
        // The type counts, also with the status before.
        (
            "session.ended",
            session("sess_1", "active"),
            Some(LeaseEnd::SessionEnded(SignedOut)),
        ),
        (
            "session.removed",
            session("sess_1", "removed"),
            Some(LeaseEnd::SessionEnded(SignedOut)),
        ),
        (
            "session.revoked",
            session("sess_1", "active"),
            Some(LeaseEnd::SessionEnded(Revoked)),
        ),
        ("user.deleted", deleted("user_1"), Some(LeaseEnd::UserDeleted)),
        ("session.revoked", session("sess_2", "revoked"), None),
        ("user.deleted", deleted("user_2"), None),
        ("session.created", session("sess_1", "active"), None),
        ("user.updated", user(), None),
    ] {
        let clerk = TestInstance::new();
        let (parts, ()) = clerk
            .signed_in("user_1")
            .session_id("sess_1")
            .get("/")
            .body(())
            .unwrap()
            .into_parts();
        let state = clerk.authenticator().authenticate(&parts).await.state;
        let lease = clerk.authenticator().lease(state.claims().unwrap());
        clerk
            .authenticator()
            .webhook_received(&delivery(event_type, data).event);
        assert_eq!(lease.end(), expected, "{event_type}");
        let is_signed_in = clerk
            .authenticator()
            .authenticate(&parts)
            .await
            .state
            .claims()
            .is_some();
        assert_eq!(is_signed_in, expected.is_none(), "{event_type}");
    }
}

#[tokio::test]
async fn updated_user_is_dropped_from_memory() {
    let clerk = TestInstance::new();
    let named = |name: &str| serde_json::from_value(json!({ "id": "user_1", "first_name": name }));
    let first_name = async || {
        clerk
            .authenticator()
            .user(&"user_1".into())
            .await
            .unwrap()
            .first_name
            .clone()
    };
    clerk.backend().set_user("user_1", Ok(named("Ada").unwrap()));
    assert_eq!(first_name().await.as_deref(), Some("Ada"));
    clerk.backend().set_user("user_1", Ok(named("Grace").unwrap()));
    assert_eq!(first_name().await.as_deref(), Some("Ada"), "in memory");
    clerk
        .authenticator()
        .webhook_received(&delivery("user.updated", user()).event);
    assert_eq!(first_name().await.as_deref(), Some("Grace"));
}
