//! Requests as bytes on a connection, where a client library would not send them.

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::world::World;

/// The bound of a wait. Reaching it means that the portal hangs.
const BOUND: Duration = Duration::from_secs(30);

/// Sends `bytes`, in which `HOST` is the portal's host, ends the client's side, and returns all that the portal sends.
async fn exchange(world: &World, bytes: &str) -> String {
    let host = world.portal.origin().strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(host).await.unwrap();
    let bytes = bytes.replace("HOST", host);
    stream.write_all(bytes.as_bytes()).await.unwrap();
    stream.shutdown().await.unwrap();
    let mut received = Vec::new();
    let read = timeout(BOUND, stream.read_to_end(&mut received)).await;
    read.expect("the portal closes the connection").unwrap();
    String::from_utf8(received).unwrap()
}

/// The statuses of all responses, interim ones too.
fn statuses(received: &str) -> Vec<u16> {
    let lines = received.split("HTTP/1.").skip(1);
    lines.map(|line| line[2..5].parse().unwrap()).collect()
}

/// The statuses of the responses to `bytes`.
async fn answers(world: &World, bytes: &str) -> Vec<u16> {
    statuses(&exchange(world, bytes).await)
}

#[tokio::test]
async fn request_that_names_another_host_anywhere_is_refused() {
    let world = World::start().await;
    for (head, expected) in [
        ("GET /v1/health HTTP/1.1\r\nHost: HOST", 200),
        ("GET http://HOST/v1/health HTTP/1.1\r\nHost: HOST", 200),
        ("GET /v1/health HTTP/1.1", 400),
        ("GET /v1/health HTTP/1.0", 400),
        ("GET /v1/health HTTP/1.1\r\nHost:", 400),
        ("GET /v1/health HTTP/1.1\r\nHost: HOST, HOST", 400),
        ("GET /v1/health HTTP/1.1\r\nHost: ada@HOST", 400),
        ("GET /v1/health HTTP/1.1\r\nHost: http://HOST", 400),
        ("GET /v1/health HTTP/1.1\r\nHost: HOST\r\nHost: evil.example", 400),
        ("GET /v1/health HTTP/1.1\r\nHost: evil.example\r\nHost: HOST", 400),
        ("GET /v1/health HTTP/1.1\r\nHost: HOST\r\nHost: HOST", 400),
        ("GET http://evil.example/v1/health HTTP/1.1\r\nHost: HOST", 400),
        ("GET http://HOST/v1/health HTTP/1.1\r\nHost: evil.example", 400),
        ("GET http://HOST@evil.example/v1/health HTTP/1.1\r\nHost: HOST", 400),
        ("GET evil.example:80 HTTP/1.1\r\nHost: HOST", 400),
        ("CONNECT evil.example:80 HTTP/1.1\r\nHost: HOST", 400),
        ("CONNECT HOST HTTP/1.1\r\nHost: HOST", 404),
        (
            "GET /v1/health HTTP/1.1\r\nHost: evil.example\r\nX-Forwarded-Host: HOST",
            400,
        ),
    ] {
        assert_eq!(answers(&world, &format!("{head}\r\n\r\n")).await, [expected], "{head}");
    }
}

/// Answers take the database's thread, so all are written after the client has ended its side.
#[tokio::test]
async fn half_closed_connection_gets_all_responses_in_order() {
    let world = World::start().await;
    let pipelined = "GET /sign-in HTTP/1.1\r\nHost: HOST\r\n\r\n\
        POST /v1/users HTTP/1.1\r\nHost: HOST\r\nContent-Length: 2\r\n\r\n{}\
        GET /nothing HTTP/1.1\r\nHost: HOST\r\n\r\n\
        POST /sign-in HTTP/1.1\r\nHost: HOST\r\nTransfer-Encoding: chunked\r\n\r\n3\r\na=b\r\n0\r\n\r\n\
        HEAD /sign-in HTTP/1.1\r\nHost: HOST\r\n\r\n\
        GET /v1/health HTTP/1.1\r\nHost: HOST\r\n\r\n";
    assert_eq!(answers(&world, pipelined).await, [200, 401, 404, 415, 200, 200]);
}

#[tokio::test]
async fn head_above_a_limit_is_refused() {
    let world = World::start().await;
    let with = |query: usize, fields: usize| {
        let query = "a".repeat(query - "/v1/health?".len());
        let fields = "X: a\r\n".repeat(fields - 1);
        format!("GET /v1/health?{query} HTTP/1.1\r\nHost: HOST\r\n{fields}\r\n")
    };
    for (address, fields, expected) in [(65_534, 1, 200), (65_535, 1, 414), (100, 100, 200), (100, 101, 431)] {
        assert_eq!(
            answers(&world, &with(address, fields)).await,
            [expected],
            "{address} {fields}"
        );
    }
}

/// The body of a refused request is not the next request.
#[tokio::test]
async fn request_in_a_refused_body_is_not_answered() {
    let world = World::start().await;
    let inner = "GET /v1/health HTTP/1.1\r\nHost: HOST\r\n\r\n";
    let host = world.portal.origin().strip_prefix("http://").unwrap();
    let length = inner.replace("HOST", host).len();
    for (line, expected) in [
        ("POST /v1/users", 401),
        ("POST /sign-in", 415),
        ("DELETE /sign-in", 405),
        ("POST /nothing", 404),
        ("GET /v1/health", 200),
        ("OPTIONS /v1/health", 200),
    ] {
        let sized = format!("{line} HTTP/1.1\r\nHost: HOST\r\nContent-Length: {length}\r\n\r\n{inner}");
        assert_eq!(answers(&world, &sized).await, [expected], "{line}");
        let chunked = format!(
            "{line} HTTP/1.1\r\nHost: HOST\r\nTransfer-Encoding: chunked\r\n\r\n{length:x}\r\n{inner}\r\n0\r\n\r\n"
        );
        assert_eq!(answers(&world, &chunked).await, [expected], "{line}");
    }
}

#[tokio::test]
async fn expectation_is_met_once() {
    let world = World::start().await;
    let key = world.portal.secret_key().expose();
    let with = |expectation: &str, version: &str| {
        format!(
            "POST /v1/users HTTP/{version}\r\nHost: HOST\r\nAuthorization: Bearer {key}\r\nExpect: {expectation}\r\n\
             Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{{}}"
        )
    };
    for (expectation, version, expected) in [
        ("100-continue", "1.1", &[100, 422][..]),
        ("100-CONTINUE", "1.1", &[100, 422]),
        // RFC 9110 section 10.1.1: HTTP/1.0 has no expectations.
        ("100-continue", "1.0", &[422]),
        ("200-ok", "1.1", &[422]),
        ("", "1.1", &[422]),
    ] {
        let found = answers(&world, &with(expectation, version)).await;
        assert_eq!(found, expected, "{expectation} {version}");
    }
}

#[tokio::test]
async fn names_in_connection_change_no_decision() {
    let world = World::start().await;
    let key = world.portal.secret_key().expose();
    let get = |fields: &str| format!("GET /v1/users/count HTTP/1.1\r\nHost: HOST\r\n{fields}\r\n\r\n");
    for (fields, expected) in [
        (format!("Authorization: Bearer {key}\r\nConnection: close"), 200),
        (
            format!("Authorization: Bearer {key}\r\nConnection: close, authorization, host"),
            200,
        ),
        ("Connection: close, authorization, cookie, host".to_owned(), 401),
        (
            "Authorization: Bearer sk_test_x\r\nConnection: authorization".to_owned(),
            401,
        ),
        (
            format!("Authorization: Bearer sk_test_x\r\nAuthorization: Bearer {key}"),
            401,
        ),
        (format!("X-Authorization: Bearer {key}\r\nTrailer: Authorization"), 401),
        (format!("Authorization_: Bearer {key}"), 401),
    ] {
        let found = answers(&world, &get(&fields)).await;
        assert_eq!(found, [expected], "{}", fields.replace(key, "the key"));
    }
}

/// Trailers come after the decision.
#[tokio::test]
async fn trailers_do_not_authorize() {
    let world = World::start().await;
    let key = world.portal.secret_key().expose();
    let request = format!(
        "POST /v1/users HTTP/1.1\r\nHost: HOST\r\nContent-Type: application/json\r\nTrailer: Authorization\r\n\
         Transfer-Encoding: chunked\r\n\r\n2\r\n{{}}\r\n0\r\nAuthorization: Bearer {key}\r\n\r\n"
    );
    assert_eq!(answers(&world, &request).await, [401]);
}

#[tokio::test]
async fn response_to_trace_repeats_nothing() {
    let world = World::start().await;
    let trace = "TRACE /sign-in HTTP/1.1\r\nHost: HOST\r\nCookie: __client=secret\r\n\r\n";
    let received = exchange(&world, trace).await;
    assert_eq!(statuses(&received), [405]);
    assert!(!received.contains("secret"), "{received}");
}
