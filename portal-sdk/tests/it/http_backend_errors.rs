//! Error answers, timeouts and broken connections of the Backend API, as `BackendError`.

use std::time::Duration;

use http::StatusCode;
use portal_sdk::backend::{Backend as _, HttpBackend};
use portal_sdk::effect::BackendError;

use crate::server::{Reply, Server, answer, json as json_answer};

const MEGABYTE: usize = 1024 * 1024;

async fn jwks_error(reply: impl Fn() -> Reply + Send + Sync + 'static) -> (BackendError, usize) {
    let server = Server::always(reply).await;
    let error = HttpBackend::new(&server.instance()).jwks().await.unwrap_err();
    (error, server.count())
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
