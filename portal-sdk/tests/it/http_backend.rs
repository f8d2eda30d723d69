//! `HttpBackend` against a server on loopback.

use std::time::Duration;

use http::Request;
use portal_sdk::authenticator::Authenticator;
use portal_sdk::backend::{Backend as _, BackendApi as _, HttpBackend};
use portal_sdk::secret::Secret;
use serde_json::{Value, json};

use crate::common::tokens::{KEY_ID, instance_key, jwks_answer, session_token};
use crate::common::{LIVE_SUFFIX, NOW_SECS, handshake_payload, now};
use crate::server::{Recorded, Reply, Server, json as json_answer};

fn has_the_usual_headers(request: &Recorded) {
    assert_eq!(request.header("authorization"), Some("Bearer sk_test_x"));
    assert_eq!(request.header("clerk-api-version"), Some("2026-05-12"));
    assert_eq!(
        request.header("user-agent"),
        Some(concat!("portal-sdk/", env!("CARGO_PKG_VERSION")))
    );
    assert_eq!(request.header("accept"), Some("application/json"));
}

#[tokio::test]
async fn calls_have_their_address_and_the_usual_headers() {
    let server = Server::start(async |n| match n {
        0 => json_answer(200, &jwks_answer().to_string()),
        1 => json_answer(200, r#"{"directives":["a=1; Path=/","b=2"]}"#),
        2 => json_answer(200, r#"{"id":"user_1","object":"user"}"#),
        _ => json_answer(200, r#"{"id":"sess_1","object":"session","status":"revoked"}"#),
    })
    .await;
    let backend = HttpBackend::new(&server.instance());

    assert!(backend.jwks().await.unwrap().contains(KEY_ID));
    let payload = backend.handshake_payload(&Secret::new("n 1&a=/ü")).await.unwrap();
    assert_eq!(
        payload,
        handshake_payload(vec!["a=1; Path=/".to_owned(), "b=2".to_owned()])
    );
    assert_eq!(backend.user(&"user_1/?#%".into()).await.unwrap().id.as_str(), "user_1");
    backend.revoke_session(&"sess_1".into()).await.unwrap();

    let requests = server.requests();
    let lines: Vec<&str> = requests.iter().map(|request| request.line.as_str()).collect();
    let expected = [
        "GET /v1/jwks HTTP/1.1",
        "GET /v1/clients/handshake_payload?nonce=n+1%26a%3D%2F%C3%BC HTTP/1.1",
        "GET /v1/users/user_1%2F%3F%23%25 HTTP/1.1",
        "POST /v1/sessions/sess_1/revoke HTTP/1.1",
    ];
    assert_eq!(lines, expected);
    for request in &requests {
        has_the_usual_headers(request);
        assert_eq!(request.body, "");
        assert_eq!(request.connection, 0, "one connection serves all");
    }
}

#[tokio::test]
async fn api_url_with_path_and_other_version_is_kept() {
    let server = Server::always(|| json_answer(200, r#"{"keys":[]}"#)).await;
    for (path, line) in [
        ("", "GET /v2/jwks HTTP/1.1"),
        ("/", "GET /v2/jwks HTTP/1.1"),
        ("/clerk/", "GET /clerk/v2/jwks HTTP/1.1"),
        ("/clerk?a=1#b", "GET /clerk/v2/jwks HTTP/1.1"),
    ] {
        let url = format!("{}{path}", server.url());
        let instance = server.builder().api_url(url).api_version("v2").build().unwrap();
        HttpBackend::new(&instance).jwks().await.unwrap();
        assert_eq!(server.last().line, line, "{path}");
    }
}

#[tokio::test]
async fn renewal_sends_only_the_fields_clerk_needs() {
    let renewed = session_token(instance_key(), "https://clerk.example.com", &json!({}));
    let cookies = json!({ "object": "cookies", "cookies": [format!("__session={renewed}; Path=/")] }).to_string();
    let server = Server::start(move |n| {
        let cookies = cookies.clone();
        async move {
            if n == 0 {
                json_answer(200, &jwks_answer().to_string())
            } else {
                json_answer(200, &cookies)
            }
        }
    })
    .await;
    let instance = server.live_instance();
    let backend = HttpBackend::new(&instance);
    let authenticator = Authenticator::builder(instance).backend(backend).clock(now).build();
    let expired = session_token(
        instance_key(),
        "https://clerk.example.com",
        &json!({ "iat": NOW_SECS - 100, "exp": NOW_SECS - 40 }),
    );
    let refresh = format!("__refresh_{LIVE_SUFFIX}=r1");
    let (session, suffixed) = (
        format!("__session={expired}; __client_uat=1"),
        format!("__session_{LIVE_SUFFIX}={expired}; __client_uat_{LIVE_SUFFIX}=1"),
    );
    for (cookies, line) in [
        (session, "POST /v1/sessions/sess_1/refresh HTTP/1.1"),
        (
            suffixed,
            "POST /v1/sessions/sess_1/refresh?suffixed_cookies=true HTTP/1.1",
        ),
    ] {
        let request = Request::get("https://app.example.com/path?a=1")
            .header(
                "Cookie",
                format!("theirs=secret; {cookies}; {refresh}; __session_other=theirs"),
            )
            .header("Authorization", "Basic c2VjcmV0")
            .header("X-Custom", "one")
            .header("X-Custom", "two")
            .header("Sec-Fetch-Dest", "document");
        let outcome = authenticator
            .authenticate(&request.body(()).unwrap().into_parts().0)
            .await;
        assert!(outcome.state.claims().is_some(), "{:?}", outcome.state);

        let sent = server.last();
        assert_eq!(sent.line, line);
        assert_eq!(sent.header("content-type"), Some("application/json"));
        let body: Value = serde_json::from_str(&sent.body).unwrap();
        let expected = json!({
            "format": "cookie",
            "expired_token": expired,
            "refresh_token": "r1",
            "request_origin": "https://app.example.com",
            "request_headers": {
                "cookie": [format!("{cookies}; {refresh}")],
                "x-custom": ["one, two"],
                "sec-fetch-dest": ["document"],
            },
        });
        assert_eq!(body, expected);
    }
}

#[tokio::test]
async fn user_is_read_with_missing_fields() {
    let user = json!({
        "id": "user_1", "object": "user", "first_name": "Ada", "last_name": null, "username": "ada",
        "image_url": "https://img.example/ada", "primary_email_address_id": "idn_2",
        "email_addresses": [
            { "id": "idn_1", "email_address": "old@example.com", "verification": null },
            { "id": "idn_2", "email_address": "ada@example.com", "verification": { "status": "verified" } },
        ],
        "public_metadata": { "plan": "pro" }, "private_metadata": null,
    })
    .to_string();
    let server = Server::always(move || json_answer(200, &user)).await;
    let user = HttpBackend::new(&server.instance())
        .user(&"user_1".into())
        .await
        .unwrap();
    assert_eq!(user.full_name().as_deref(), Some("Ada"));
    assert_eq!(user.username.as_deref(), Some("ada"));
    let email = user.primary_email_address().unwrap();
    assert_eq!(
        (email.email_address.as_str(), email.is_verified),
        ("ada@example.com", true)
    );
    assert_eq!(user.public_metadata["plan"], "pro");
    assert!(user.private_metadata.is_empty() && user.unsafe_metadata.is_empty());
}

#[tokio::test]
async fn handshake_payload_is_retried_once_after_an_outage() {
    /// A name, the server's replies, `true` for a final success, and the number of requests.
    type Case = (&'static str, Vec<fn() -> Reply>, bool, usize);
    const OK: fn() -> Reply = || json_answer(200, r#"{"directives":["a=1"]}"#);
    const BROKEN: fn() -> Reply = || json_answer(500, "{}");
    let cases: [Case; 9] = [
        ("at once", vec![OK], true, 1),
        ("after a broken answer", vec![BROKEN, OK], true, 2),
        (
            "after an overloaded gateway",
            vec![|| json_answer(503, ""), OK],
            true,
            2,
        ),
        ("after a lost connection", vec![|| Reply::Close, OK], true, 2),
        ("after a silence", vec![|| Reply::Hang(Vec::new()), OK], true, 2),
        ("not after two", vec![BROKEN, BROKEN, OK], false, 2),
        (
            "not for an unknown nonce",
            vec![|| json_answer(404, "{}"), OK],
            false,
            1,
        ),
        (
            "not where there is no such call",
            vec![|| json_answer(501, "{}"), OK],
            false,
            1,
        ),
        (
            "not for an answer that cannot be read",
            vec![|| json_answer(200, "{}"), OK],
            false,
            1,
        ),
    ];
    for (name, replies, is_ok, count) in cases {
        let server = Server::replies(replies).await;
        let backend = HttpBackend::builder(&server.instance())
            .timeout(Duration::from_millis(500))
            .build();
        let payload = backend.handshake_payload(&Secret::new("n1")).await;
        assert_eq!(payload.is_ok(), is_ok, "{name}: {payload:?}");
        assert_eq!(server.count(), count, "{name}");
    }
}

#[tokio::test]
async fn debug_and_errors_hold_no_secret() {
    let server = Server::always(|| json_answer(401, r#"{"errors":[{"code":"clerk_key_invalid"}]}"#)).await;
    let backend = HttpBackend::new(&server.instance());
    let error = backend.jwks().await.unwrap_err();
    let shown = format!("{backend:?} {error:?} {error}");
    assert!(!shown.contains("sk_test_x"), "{shown}");
    assert!(shown.contains("clerk_key_invalid"), "{shown}");
}
