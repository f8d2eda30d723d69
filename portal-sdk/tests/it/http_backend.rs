//! `HttpBackend` against a server on loopback.

use std::time::Duration;

use http::{Request, StatusCode};
use portal_sdk::authenticator::Authenticator;
use portal_sdk::backend::{Backend as _, BackendApi as _, HttpBackend};
use portal_sdk::effect::BackendError;
use portal_sdk::secret::Secret;
use serde_json::{Value, json};

use crate::common::tokens::{KEY_ID, instance_key, jwks_answer, session_token};
use crate::common::{LIVE_SUFFIX, NOW_SECS, handshake_payload, now};
use crate::server::{Recorded, Reply, Server, answer, json as json_answer};

const MEGABYTE: usize = 1024 * 1024;

async fn jwks_error(reply: impl Fn() -> Reply + Send + Sync + 'static) -> (BackendError, usize) {
    let server = Server::always(reply).await;
    let error = HttpBackend::new(&server.instance()).jwks().await.unwrap_err();
    (error, server.count())
}

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
async fn error_code_is_read_for_any_content_type() {
    const ERRORS: &str = r#"{"errors":[{"code":"refresh_token_expired","message":"x"},{"code":"second"}]}"#;
    for (status, headers, body, code) in [
        (
            401,
            "Content-Type: application/json\r\n",
            ERRORS,
            Some("refresh_token_expired"),
        ),
        (
            401,
            "Content-Type: application/json; charset=utf-8\r\n",
            ERRORS,
            Some("refresh_token_expired"),
        ),
        (
            422,
            "Content-Type: text/html\r\n",
            ERRORS,
            Some("refresh_token_expired"),
        ),
        (500, "", ERRORS, Some("refresh_token_expired")),
        // That the key is refused explains the rest.
        (
            401,
            "",
            r#"{"errors":[{"code":"first"},{"code":"clerk_key_invalid"}]}"#,
            Some("clerk_key_invalid"),
        ),
        (503, "Content-Type: text/html\r\n", "<h1>Down</h1>", None),
        (500, "", "", None),
        (404, "", r#"{"errors":[]}"#, None),
        (404, "", r#"{"errors":[{"message":"no code"}]}"#, None),
        (404, "", r#"{"errors":[{"code":""}]}"#, None),
        (404, "", r#"[{"errors":5}]"#, None),
        (404, "", "\u{fffd}", None),
    ] {
        let (error, count) = jwks_error(move || answer(status, headers, body)).await;
        assert_eq!(error.code(), code, "{status} {headers}{body}");
        assert_eq!(error.status().map(|found| found.as_u16()), Some(status), "{error:?}");
        assert_eq!(count, 1, "an error answer is not asked for again");
    }
}

#[tokio::test]
async fn status_decides_between_outage_and_refusal() {
    const REFUSAL: &str = r#"{"errors":[{"code":"forbidden"}]}"#;
    for (status, is_outage) in [
        (400, false),
        (401, false),
        (403, false),
        (404, false),
        (413, false),
        (422, false),
        (451, false),
        (302, true),
        (307, true),
        (407, true),
        (408, true),
        (425, true),
        (429, true),
        (500, true),
        (502, true),
        (503, true),
        (504, true),
    ] {
        let (error, _) = jwks_error(move || json_answer(status, REFUSAL)).await;
        assert_eq!(error.is_outage(), is_outage, "{status}");
    }
}

#[tokio::test]
async fn error_answer_without_a_code_is_an_outage() {
    for body in [
        "<html>blocked</html>",
        "",
        "{}",
        r#"{"errors":[]}"#,
        r#"{"errors":[{"code":""}]}"#,
        r#"{"errors":[{"message":"x"}]}"#,
        r#"{"error":"forbidden"}"#,
    ] {
        for status in [301, 302, 307, 400, 401, 403, 404, 407, 413, 421, 425, 451, 499, 503] {
            let (error, _) = jwks_error(move || answer(status, "Location: https://login.example/\r\n", body)).await;
            assert!(error.is_outage(), "{status} {body}");
        }
    }
}

#[tokio::test]
async fn retry_after_of_an_outage_is_read() {
    for (headers, expected) in [
        ("Retry-After: 7\r\n", Some(Duration::from_secs(7))),
        ("Retry-After: soon\r\n", None),
        ("", None),
    ] {
        let (error, _) = jwks_error(move || answer(429, headers, "")).await;
        assert_eq!(error.retry_after(), expected, "{headers}");
    }
}

#[tokio::test]
async fn unreadable_success_is_an_outage() {
    for body in ["", "<h1>Hello</h1>", "null", "[]", r#"{"keys":5}"#, "{"] {
        let (error, _) = jwks_error(move || json_answer(200, body)).await;
        assert!(error.is_unreadable(), "{body}: {error:?}");
        assert!(error.is_outage());
    }
}

#[tokio::test]
async fn body_over_a_megabyte_is_unreadable() {
    // A megabyte exactly is read.
    let keys = r#"{"keys":[]}"#;
    let server =
        Server::always(move || json_answer(200, &format!("{keys}{}", " ".repeat(MEGABYTE - keys.len())))).await;
    assert!(HttpBackend::new(&server.instance()).jwks().await.is_ok());

    // A byte more is not, whether its length is declared or not, nor in an error answer.
    let endless = || {
        let chunk = format!("{MEGABYTE:x}\r\n{}\r\n", " ".repeat(MEGABYTE));
        Reply::Hang(format!("HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\n{chunk}{chunk}").into_bytes())
    };
    let declared = || json_answer(200, &" ".repeat(MEGABYTE + 1));
    let error_answer = || json_answer(500, &" ".repeat(MEGABYTE + 1));
    for reply in [endless, declared, error_answer] {
        let (error, _) = jwks_error(reply).await;
        assert!(error.is_unreadable(), "{error:?}");
    }
}

#[tokio::test]
async fn slow_answer_is_a_timeout() {
    for reply in [
        || Reply::Hang(Vec::new()),
        || Reply::Hang(b"HTTP/1.1 200 X\r\nContent-Le".to_vec()),
        || Reply::Hang(b"HTTP/1.1 200 X\r\nContent-Length: 100\r\n\r\n{\"keys\":".to_vec()),
    ] {
        let server = Server::always(reply).await;
        let backend = HttpBackend::builder(&server.instance())
            .timeout(Duration::from_millis(200))
            .build();
        let error = backend.jwks().await.unwrap_err();
        assert!(error.is_timeout() && error.is_outage(), "{error:?}");
        assert_eq!(error.to_string(), "the Backend API did not answer within 200 ms");
    }
}

#[tokio::test]
async fn broken_connection_is_an_outage() {
    for reply in [|| Reply::Close, || Reply::Bytes(b"what?\r\n\r\n".to_vec())] {
        let (error, _) = jwks_error(reply).await;
        assert!(error.is_outage() && !error.is_connect(), "{error:?}");
        assert_eq!(error.status(), None);
    }
    let server = Server::always(|| Reply::Close).await;
    let instance = server.instance();
    drop(server);
    // The port is closed, or will be soon; both are an outage.
    assert!(HttpBackend::new(&instance).jwks().await.unwrap_err().is_outage());
}

#[tokio::test]
async fn redirects_are_not_followed() {
    // It would carry the secret key elsewhere.
    let (error, count) = jwks_error(|| answer(302, "Location: /elsewhere\r\n", "")).await;
    assert_eq!(error.status(), Some(StatusCode::FOUND), "{error:?}");
    assert_eq!(count, 1);
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
