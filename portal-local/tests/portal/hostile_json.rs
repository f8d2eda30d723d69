//! Bodies and paths of the Backend API that no SDK sends.

use hyper::Method;
use serde_json::{Value, json};

use crate::application::Application;
use crate::browser::Answer;
use crate::organizations::{organization, user};
use crate::world::World;

const ADA: &str = "ada+clerk_test@example.com";

/// A call, its path, and a body that it takes.
struct Call {
    method: Method,
    path: String,
    body: Value,
}

/// Every call of the Backend API that takes a body.
fn calls(user: &str, organization: &str, session: &str) -> Vec<Call> {
    let metadata = json!({ "public_metadata": {}, "private_metadata": {}, "unsafe_metadata": {} });
    let post = |path: &str, body: Value| (Method::POST, path.to_owned(), body);
    let patch = |path: &str, body: Value| (Method::PATCH, path.to_owned(), body);
    [
        post(
            "/v1/users",
            json!({
                "email_address": ["new@example.com"], "password": "correct horse battery", "first_name": "A",
                "last_name": "B", "external_id": "x", "public_metadata": {}, "private_metadata": {},
                "unsafe_metadata": {}, "skip_password_checks": true, "delete_self_enabled": true,
                "create_organization_enabled": true, "banned": false,
            }),
        ),
        patch(
            &format!("/v1/users/{user}"),
            json!({
                "first_name": "A", "last_name": "B", "external_id": "y", "primary_email_address_id": "idn_x",
                "password": "correct horse battery", "skip_password_checks": true,
                "sign_out_of_other_sessions": false, "public_metadata": {}, "delete_self_enabled": true,
            }),
        ),
        patch(&format!("/v1/users/{user}/metadata"), metadata.clone()),
        post(&format!("/v1/users/{user}/verify_password"), json!({ "password": "x" })),
        post(&format!("/v1/users/{user}/verify_totp"), json!({ "code": "123456" })),
        post("/v1/sessions", json!({ "user_id": user, "active_organization_id": organization })),
        post(&format!("/v1/sessions/{session}/tokens"), json!({ "expires_in_seconds": 60 })),
        post(
            &format!("/v1/sessions/{session}/refresh"),
            json!({ "expired_token": "x", "refresh_token": "x", "request_origin": "x", "format": "cookie" }),
        ),
        post("/v1/clients/verify", json!({ "token": "x" })),
        post(
            "/v1/organizations",
            json!({ "name": "New", "slug": "new", "created_by": user, "max_allowed_memberships": 3, "public_metadata": {} }),
        ),
        patch(
            &format!("/v1/organizations/{organization}"),
            json!({ "name": "Acme", "slug": "acme", "max_allowed_memberships": 5, "admin_delete_enabled": true }),
        ),
        patch(&format!("/v1/organizations/{organization}/metadata"), metadata),
        post(
            &format!("/v1/organizations/{organization}/memberships"),
            json!({ "user_id": user, "role": "org:member", "public_metadata": {} }),
        ),
        patch(
            &format!("/v1/organizations/{organization}/memberships/{user}"),
            json!({ "role": "org:admin" }),
        ),
        post(
            &format!("/v1/organizations/{organization}/invitations"),
            json!({
                "email_address": "i@example.com", "role": "org:member", "inviter_user_id": user,
                "redirect_url": "http://localhost:3000/", "expires_in_days": 3, "notify": false,
            }),
        ),
        post(
            "/v1/invitations",
            json!({
                "email_address": "i@example.com", "public_metadata": {}, "redirect_url": "http://localhost:3000/",
                "notify": false, "ignore_existing": true, "expires_in_days": 3,
            }),
        ),
        post("/v1/waitlist_entries", json!({ "email_address": "w@example.com" })),
        post("/v1/sign_in_tokens", json!({ "user_id": user, "expires_in_seconds": 60 })),
        post("/v1/allowlist_identifiers", json!({ "identifier": "l@example.com", "notify": false })),
        post("/v1/blocklist_identifiers", json!({ "identifier": "l@example.com" })),
        patch("/v1/instance", json!({ "test_mode": true })),
        patch("/v1/instance/restrictions", json!({ "allowlist": false, "block_email_subaddresses": false })),
        patch(
            "/v1/instance/organization_settings",
            json!({ "enabled": true, "max_allowed_memberships": 5, "creator_role_id": "org:admin" }),
        ),
    ]
    .into_iter()
    .map(|(method, path, body)| Call { method, path, body })
    .collect()
}

/// Unexpected values of a field, as JSON text.
fn values() -> Vec<String> {
    let mut values: Vec<String> = [
        "null",
        "true",
        "7",
        "-1",
        "1.5",
        "9223372036854775807",
        "-9223372036854775808",
        "99999999999999999999999999",
        "1e308",
        "1e999",
        "\"\"",
        "\" \"",
        "\"\\u0000\"",
        "\"a\\u0000\\r\\nX-Evil: 1\"",
        "\"\\ud800\"",
        "\"<script>alert(1)</script>\"",
        "[]",
        "[[]]",
        "[null]",
        "[1,2]",
        "{}",
        "{\"__proto__\":{}}",
    ]
    .map(str::to_owned)
    .into();
    values.push(format!("\"{}\"", "x".repeat(100_000)));
    values.push(format!("{}{}", "[".repeat(20_000), "]".repeat(20_000)));
    values.push(format!("{}1{}", "{\"a\":".repeat(20_000), "}".repeat(20_000)));
    values
}

/// The body with the field `name` replaced by JSON text. A password under no test is omitted, because it would be
/// hashed each time.
fn with(body: &Value, name: &str, text: &str) -> String {
    let fields = body
        .as_object()
        .unwrap()
        .iter()
        .filter(|(key, _)| *key == name || *key != "password");
    let fields = fields.map(|(key, value)| {
        let value = if key == name {
            text.to_owned()
        } else {
            value.to_string()
        };
        format!("\"{key}\":{value}")
    });
    format!("{{{}}}", fields.collect::<Vec<_>>().join(","))
}

fn is_clear(answer: &Answer, what: &str) {
    let what: String = what.chars().take(200).collect();
    assert!(answer.status < 500, "{what}: {} {}", answer.status, answer.body);
    if answer.status == 204 {
        return;
    }
    let body = answer.json();
    if answer.status >= 400 {
        let error = &body["errors"][0];
        assert!(!error["code"].as_str().unwrap().is_empty(), "{what}");
        assert!(
            error["long_message"].as_str().unwrap().ends_with('.'),
            "{what}: {error}"
        );
        assert!(
            answer.body.len() < 2_000,
            "{what}: an error does not repeat what was sent"
        );
    }
}

/// The number of each kind of object that a call can create.
async fn counts(application: &Application) -> Vec<Value> {
    let mut counts = Vec::new();
    for path in [
        "/v1/users/count",
        "/v1/organizations?limit=1",
        "/v1/sessions?paginated=true&limit=1",
        "/v1/invitations?paginated=true&limit=1",
        "/v1/waitlist_entries?limit=1",
        "/v1/allowlist_identifiers?paginated=true&limit=1",
        "/v1/blocklist_identifiers",
    ] {
        counts.push(application.get(path).await.json()["total_count"].clone());
    }
    counts
}

async fn send(application: &Application, call: &Call, body: String) -> Answer {
    let key = Some(application.secret_key.as_str());
    application.call(call.method.clone(), &call.path, key, body).await
}

#[tokio::test]
async fn invalid_json_field_is_refused_without_effect() {
    let world = World::start().await;
    let application = world.application();
    let ada = user(&application, ADA).await;
    let acme = organization(&application, "Acme", &ada).await;
    let session = application
        .post("/v1/sessions", &json!({ "user_id": ada }))
        .await
        .json();
    let session = session["id"].as_str().unwrap();
    let mut before = counts(&application).await;
    for call in calls(&ada, &acme, session) {
        for name in call.body.as_object().unwrap().keys() {
            for value in values() {
                let answer = send(&application, &call, with(&call.body, name, &value)).await;
                let what = format!("{} {} {name}={value}", call.method, call.path);
                is_clear(&answer, &what);
                // A change makes nothing in any case.
                if call.method == Method::POST {
                    let after = counts(&application).await;
                    assert!(
                        answer.status < 400 || after == before,
                        "{before:?} {after:?} {what:.200}"
                    );
                    before = after;
                }
            }
        }
    }
    let user = application.get(&format!("/v1/users/{ada}")).await.json();
    assert_eq!(user["email_addresses"][0]["email_address"], ADA, "she is still there");
}

#[tokio::test]
async fn non_object_json_body_is_refused() {
    let world = World::start().await;
    let application = world.application();
    let ada = user(&application, ADA).await;
    let acme = organization(&application, "Acme", &ada).await;
    let session = application
        .post("/v1/sessions", &json!({ "user_id": ada }))
        .await
        .json();
    let before = counts(&application).await;
    for call in calls(&ada, &acme, session["id"].as_str().unwrap()) {
        let (name, value) = call.body.as_object().unwrap().iter().next().unwrap();
        let twice = format!("{{\"{name}\":{value},\"{name}\":{value}}}");
        for body in [
            "true", "7", "\"text\"", "[]x", "{", "{\"", "{\"a\"}", "{}{}", "\u{0}", "a=b", "<xml/>", &twice,
        ] {
            let answer = send(&application, &call, body.to_owned()).await;
            is_clear(&answer, &format!("{} {body}", call.path));
            assert_eq!(
                answer.status, 400,
                "{} {} {body}: {}",
                call.method, call.path, answer.body
            );
            assert_eq!(answer.json()["errors"][0]["code"], "request_body_invalid");
        }
        let large = send(
            &application,
            &call,
            format!("{{\"{name}\":\"{}\"}}", "x".repeat(300_000)),
        )
        .await;
        is_clear(&large, &call.path);
        assert_eq!(large.status, 413, "{}", call.path);
    }
    assert_eq!(counts(&application).await, before);
}

#[tokio::test]
async fn malformed_path_or_query_is_answered_in_json() {
    let world = World::start().await;
    let application = world.application();
    for id in [
        "%00",
        "%FF",
        "%",
        "%zz",
        "%2F..%2F",
        "..%2F..",
        "%0D%0AX-Evil:1",
        "x%20y",
        "%F0%9F%A6%80",
        "%C0%AF",
    ] {
        for path in [
            "/v1/users/ID",
            "/v1/users/ID/organization_memberships",
            "/v1/sessions/ID",
            "/v1/clients/ID",
            "/v1/organizations/ID",
            "/v1/organizations/ID/memberships",
            "/v1/organizations/ID/invitations/ID",
            "/v1/ID",
        ] {
            let answer = application.get(&path.replace("ID", id)).await;
            is_clear(&answer, &format!("{path} {id}"));
            assert_eq!(answer.status, 404, "{path} {id}: {}", answer.body);
        }
        for path in [
            "/v1/users",
            "/v1/sessions",
            "/v1/organizations",
            "/v1/invitations",
            "/v1/waitlist_entries",
        ] {
            for name in ["query", "user_id", "order_by", "limit", "status", "email_address", id] {
                is_clear(
                    &application.get(&format!("{path}?{name}={id}")).await,
                    &format!("{path} {name} {id}"),
                );
            }
        }
        for path in [
            "/v1/clients/handshake_payload?nonce=ID",
            "/v1/invitations/ID/revoke",
            "/v1/allowlist_identifiers/ID",
        ] {
            is_clear(&application.get(&path.replace("ID", id)).await, path);
        }
    }
    let many = "user_id=x&".repeat(5_000);
    assert_eq!(application.get(&format!("/v1/users?{many}")).await.status, 422);
}

#[tokio::test]
async fn local_interface_answers_malformed_input_in_json() {
    let world = World::start().await;
    let application = world.application();
    let long = format!("{{\"user\":\"{}\"}}", "x".repeat(300_000));
    for (method, path) in [
        (Method::PATCH, "/__local/settings"),
        (Method::POST, "/__local/faults"),
        (Method::POST, "/__local/clock"),
        (Method::POST, "/__local/sign-in-links"),
    ] {
        for (body, status) in [
            (long.clone(), 413),
            ("{".into(), 400),
            ("7".into(), 400),
            ("{\"user\":[]}".into(), 0),
        ] {
            let answer = application.call(method.clone(), path, None, body).await;
            is_clear(&answer, path);
            assert!(
                answer.status == status || (status == 0 && answer.status >= 400),
                "{path}: {}",
                answer.status
            );
        }
    }
}
