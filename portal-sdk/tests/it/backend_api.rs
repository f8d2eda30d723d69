//! The Backend API for applications: any call, users, organizations.

use http::{Method, StatusCode};
use portal_sdk::backend::{ApiPath, BackendApi as _, EmailAddress, HttpBackend, User};
use portal_sdk::clock::UnixTime;
use serde_json::{Value, json};

use crate::server::{Recorded, Server, answer, json as json_answer};

/// The next answer to a page of memberships: `limit` and `offset` of the request, and a list of that many.
fn page(len: usize) -> String {
    let membership = |n: usize| {
        json!({
            "id": format!("orgmem_{n}"), "role": "org:admin", "permissions": ["org:sys_memberships:read"],
            "organization": { "id": "org_1", "name": "Acme", "slug": "", "created_at": 1_700_000_000_000_i64 },
            "public_metadata": { "seat": n }, "created_at": 1_700_000_001_000_i64,
        })
    };
    let data: Vec<Value> = (0..len).map(membership).collect();
    json!({ "data": data, "total_count": 501 }).to_string()
}

#[tokio::test]
async fn request_sends_json_with_the_secret_key() {
    let server = Server::always(|| json_answer(200, r#"{"id":"user_1","public_metadata":{"plan":"pro"}}"#)).await;
    let backend = HttpBackend::new(&server.instance());
    let path = ApiPath::new(["users", "user_1/../x", "metadata"]).with_query("a", "b&c");
    let body = json!({ "public_metadata": { "plan": "pro" } });
    let user: User = backend.request_as(Method::PATCH, path, &body).await.unwrap();
    assert_eq!(user.public_metadata["plan"], "pro");

    let Recorded { line, body: sent, .. } = server.last();
    assert_eq!(line, "PATCH /v1/users/user_1%2F..%2Fx/metadata?a=b%26c HTTP/1.1");
    assert_eq!(serde_json::from_str::<Value>(&sent).unwrap(), body);
    let last = server.last();
    assert_eq!(last.header("authorization"), Some("Bearer sk_test_x"));
    assert_eq!(last.header("content-type"), Some("application/json"));
}

#[tokio::test]
async fn unit_body_sends_none_and_empty_answer_is_null() {
    let server = Server::always(|| answer(204, "", "")).await;
    let backend = HttpBackend::new(&server.instance());
    let path = || ApiPath::new(["instance"]);
    assert_eq!(backend.request(Method::PATCH, path(), None).await.unwrap(), Value::Null);
    let () = backend.request_as(Method::PATCH, path(), ()).await.unwrap();
    assert!(server.requests().iter().all(|request| request.body.is_empty()));
}

#[tokio::test]
async fn path_that_leads_elsewhere_is_not_requested() {
    let server = Server::always(|| json_answer(200, "{}")).await;
    let backend = HttpBackend::new(&server.instance());
    for segments in [vec![], vec!["users", ""], vec!["users", ".."], vec!["."]] {
        let error = backend
            .request(Method::DELETE, ApiPath::new(segments), None)
            .await
            .unwrap_err();
        assert!(!error.is_outage(), "{error}");
    }
    assert!(!backend.user(&"".into()).await.unwrap_err().is_outage());
    assert!(!backend.revoke_session(&"..".into()).await.unwrap_err().is_outage());
    assert_eq!(server.count(), 0);
}

#[tokio::test]
async fn refused_request_has_status_and_code_and_is_not_retried() {
    for status in [404, 422, 500] {
        let server = Server::always(move || json_answer(status, r#"{"errors":[{"code":"some_code"}]}"#)).await;
        let backend = HttpBackend::new(&server.instance());
        let error = backend
            .request(Method::POST, ApiPath::new(["users"]), None)
            .await
            .unwrap_err();
        assert_eq!(error.status().map(|status| status.as_u16()), Some(status));
        assert_eq!(error.code(), Some("some_code"));
        assert_eq!(server.count(), 1);
    }
}

#[tokio::test]
async fn answer_of_another_type_is_unreadable_and_not_quoted() {
    let server = Server::always(|| json_answer(200, r#"{"id":{"secret":"s3cr3t"}}"#)).await;
    let error = HttpBackend::new(&server.instance())
        .user(&"user_1".into())
        .await
        .unwrap_err();
    assert!(error.is_unreadable() && error.status() == Some(StatusCode::OK));
    assert!(!format!("{error} {error:?}").contains("s3cr3t"));
}

#[tokio::test]
async fn user_has_all_addresses_external_id_and_times() {
    let user = json!({
        "id": "user_1", "external_id": "42", "created_at": 1_700_000_000_123_i64, "updated_at": "odd",
        "primary_email_address_id": "idn_2",
        "email_addresses": [
            { "id": "idn_1", "email_address": "old@example.com", "verification": null },
            { "id": "idn_2", "email_address": "ada@example.com", "verification": { "status": "verified" } },
        ],
    })
    .to_string();
    let server = Server::always(move || json_answer(200, &user)).await;
    let user = HttpBackend::new(&server.instance())
        .user(&"user_1".into())
        .await
        .unwrap();
    let (old, new) = (
        EmailAddress::new("idn_1", "old@example.com"),
        EmailAddress::new("idn_2", "ada@example.com").with_verified(true),
    );
    assert_eq!(user.email_addresses, [old, new.clone()]);
    assert_eq!(user.primary_email_address(), Some(&new));
    assert_eq!(user.external_id.as_deref(), Some("42"));
    assert_eq!(user.created_at, Some(UnixTime::from_millis(1_700_000_000_123)));
    assert_eq!(user.updated_at, None, "an unexpected time hides no user");
}

#[tokio::test]
async fn organization_is_read_with_its_name() {
    let organization = r#"{"id":"org_1","name":"Acme","slug":"acme","private_metadata":{"a":1},"created_at":5}"#;
    let server = Server::always(move || json_answer(200, organization)).await;
    let backend = HttpBackend::new(&server.instance());
    let organization = backend.organization(&"org_1".into()).await.unwrap();
    assert_eq!(server.last().line, "GET /v1/organizations/org_1 HTTP/1.1");
    assert_eq!(
        (organization.name.as_str(), organization.slug.as_deref()),
        ("Acme", Some("acme"))
    );
    assert_eq!(organization.private_metadata["a"], 1);
    assert_eq!(organization.created_at, Some(UnixTime::from_millis(5)));
    assert!(!format!("{organization:?}").contains("metadata"));
}

#[tokio::test]
async fn memberships_are_read_page_by_page() {
    let server = Server::start(async |n| json_answer(200, &page(if n == 0 { 500 } else { 1 }))).await;
    let backend = HttpBackend::new(&server.instance());
    let memberships = backend.organization_memberships(&"user_1".into()).await.unwrap();
    let lines: Vec<String> = server.requests().into_iter().map(|request| request.line).collect();
    assert_eq!(
        lines,
        [
            "GET /v1/users/user_1/organization_memberships?limit=500&offset=0 HTTP/1.1",
            "GET /v1/users/user_1/organization_memberships?limit=500&offset=500 HTTP/1.1",
        ]
    );
    assert_eq!(memberships.len(), 501);
    let first = &memberships[0];
    assert_eq!(
        (first.organization.name.as_str(), first.role.as_str()),
        ("Acme", "org:admin")
    );
    assert_eq!(first.organization.slug, None, "an empty slug is not a slug");
    assert_eq!(first.permissions, ["org:sys_memberships:read"]);
    assert_eq!(first.created_at, Some(UnixTime::from_secs(1_700_000_001)));
}

#[tokio::test]
async fn malformed_membership_is_skipped() {
    let mut list: Value = serde_json::from_str(&page(3)).unwrap();
    list["data"][1] = json!({ "id": 5 });
    let server = Server::always(move || json_answer(200, &list.to_string())).await;
    let backend = HttpBackend::new(&server.instance());
    let memberships = backend.organization_memberships(&"user_1".into()).await.unwrap();
    let ids: Vec<_> = memberships.iter().map(|membership| membership.id.as_str()).collect();
    assert_eq!(ids, ["orgmem_0", "orgmem_2"]);
}

#[tokio::test]
async fn endless_memberships_are_not_read() {
    let server = Server::always(|| json_answer(200, &page(500))).await;
    let error = HttpBackend::new(&server.instance())
        .organization_memberships(&"user_1".into())
        .await
        .unwrap_err();
    assert!(error.is_unreadable(), "{error}");
    assert_eq!(server.count(), 20);
}
