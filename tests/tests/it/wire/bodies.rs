//! Bodies that are slow, unfinished or refused, and clients that leave.

use std::time::Duration;

use portal_tests::programs::Demo;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::application::{Application, Options};
use super::upstream::SILENT;
use super::{answers, connect, soon, statuses};

/// The last fields of requests whose body does not end, and the part of it that is sent.
const UNFINISHED: [&str; 4] = [
    "Content-Length: 9\r\n\r\n",
    "Content-Length: 9\r\n\r\nhalf",
    "Transfer-Encoding: chunked\r\n\r\n",
    "Transfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n",
];

/// Sends `bytes` without ending the client's side; returns the status of the first response.
async fn first_status(host: &str, bytes: &str) -> u16 {
    let mut stream = connect(host).await;
    stream
        .write_all(bytes.replace("HOST", host).as_bytes())
        .await
        .expect("it is sent");
    let mut line = [0; 12];
    soon(stream.read_exact(&mut line)).await.expect("a status line");
    let line = std::str::from_utf8(&line).expect("ASCII");
    line[9..].parse().expect("a status")
}

/// Sign-out reads no body. A guard reads one, unless the client waits for permission to send it (`Expect`). The tests of
/// portal-tower cover the guard's limits.
#[tokio::test]
async fn body_that_is_not_read_delays_no_response() {
    let demo = Demo::start(&[]).await;
    let host = demo.app.strip_prefix("http://").expect("a local origin");
    let waiting = "Content-Length: 1000000\r\nExpect: 100-continue\r\n\r\n";
    for fields in [
        "Content-Length: 1000000\r\n\r\n",
        "Content-Length: 1000000\r\n\r\nhalf",
        "Transfer-Encoding: chunked\r\n\r\n",
        "Transfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n",
        waiting,
    ] {
        let sent = format!(
            "POST /sign-out HTTP/1.1\r\nHost: HOST\r\nOrigin: {}\r\n{fields}",
            demo.app
        );
        assert_eq!(first_status(host, &sent).await, 303, "{fields}");
    }
    let sent = format!("GET /dashboard HTTP/1.1\r\nHost: HOST\r\nSec-Fetch-Dest: empty\r\n{waiting}");
    assert_eq!(first_status(host, &sent).await, 401);
}

#[tokio::test]
async fn slow_body_for_the_proxy_returns_408() {
    let timeout = Duration::from_millis(300);
    let application = Application::start(Options {
        timeout,
        ..Options::default()
    })
    .await;
    for fields in UNFINISHED {
        let sent = format!("POST /__clerk/v1/client HTTP/1.1\r\nHost: HOST\r\n{fields}");
        assert_eq!(first_status(&application.host, &sent).await, 408, "{fields}");
    }
    soon(application.upstream.in_progress(0)).await;
}

#[tokio::test]
async fn body_that_ends_early_is_a_client_error_of_the_proxy() {
    let application = Application::start(Options::default()).await;
    for fields in UNFINISHED {
        let sent = format!("POST /__clerk/v1/client HTTP/1.1\r\nHost: HOST\r\n{fields}");
        assert_eq!(statuses(&application.host, &sent).await, [400], "{fields}");
    }
    soon(application.upstream.in_progress(0)).await;
}

/// One `100 Continue`, and none for a request that is refused by its head.
#[tokio::test]
async fn expectation_of_a_forwarded_request_is_met_once() {
    let application = Application::start(Options::default()).await;
    let ask = async |path: &str, length: u64| {
        let fields = format!("Expect: 100-continue\r\nContent-Length: {length}");
        let sent = format!("POST {path} HTTP/1.1\r\nHost: HOST\r\n{fields}\r\n\r\nabc");
        statuses(&application.host, &sent).await
    };
    assert_eq!(ask("/__clerk/v1/client", 3).await, [100, 200]);
    let asked = application.upstream.take_asked();
    assert_eq!(asked[0].1, "abc");
    assert!(!asked[0].0.headers.contains_key("expect"));
    assert_eq!(ask("/__clerk/v1/client", 100_000_000).await, [413]);
    assert_eq!(ask("/private", 3).await, [401]);
    assert!(application.upstream.take_asked().is_empty());
}

/// Names in `Connection` must not change the length of the body.
#[tokio::test]
async fn forwarded_body_keeps_its_length() {
    let application = Application::start(Options::default()).await;
    for fields in [
        "Content-Length: 3\r\n\r\nabc",
        "Content-Length: 3\r\nConnection: content-length, host\r\n\r\nabc",
        "Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n2\r\nbc\r\n0\r\n\r\n",
        "Transfer-Encoding: chunked\r\nConnection: transfer-encoding\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
        "Transfer-Encoding: chunked\r\nTrailer: Cookie\r\n\r\n3\r\nabc\r\n0\r\nCookie: a=b\r\n\r\n",
    ] {
        let sent = format!("POST /__clerk/v1/client HTTP/1.1\r\nHost: HOST\r\n{fields}");
        let mut stream = connect(&application.host).await;
        stream.write_all(sent.as_bytes()).await.expect("it is sent");
        stream.shutdown().await.expect("it is open");
        let mut received = String::new();
        soon(stream.read_to_string(&mut received)).await.expect("a response");
        let received = answers(&received);
        assert_eq!((received.len(), received[0].body.as_str()), (1, "abc"), "{fields}");
        let asked = application.upstream.take_asked();
        assert_eq!((asked.len(), &asked[0].1[..]), (1, &b"abc"[..]), "{fields}");
        assert!(!asked[0].0.headers.contains_key("cookie"), "{fields}");
    }
}

/// Closing a connection with unread bytes resets it, and with it the response (RFC 9112 section 9.6).
#[tokio::test(flavor = "multi_thread")]
async fn refused_upload_gets_its_response() {
    let application = Application::start(Options::default()).await;
    // More than the buffers of both sockets hold.
    let body = vec![b'x'; 20_000_000];
    for (line, expected) in [
        ("POST /__clerk/v1/me/profile_image", 413),
        ("POST /__clerk/../v1/me", 400),
        ("TRACE /__clerk/v1/me", 405),
        ("POST /private", 401),
    ] {
        let mut stream = connect(&application.host).await;
        let head = format!("{line} HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n", body.len());
        let sending = async {
            stream.write_all(head.as_bytes()).await.expect("it is sent");
            stream.write_all(&body).await.expect("it is sent");
            let mut status = [0; 12];
            stream.read_exact(&mut status).await.expect("a status line");
            status
        };
        let status = soon(sending).await;
        assert_eq!(status[9..], *expected.to_string().as_bytes(), "{line}");
    }
    assert!(application.upstream.take_asked().is_empty());
}

/// A connection is usable after a refused request whose body has arrived.
#[tokio::test]
async fn connection_is_usable_after_a_refused_body() {
    let application = Application::start(Options::default()).await;
    let refused = "POST /private HTTP/1.1\r\nHost: HOST\r\nContent-Length: 3\r\n\r\nabc";
    let path = "POST /__clerk/../x HTTP/1.1\r\nHost: HOST\r\nContent-Length: 3\r\n\r\nabc";
    let next = "GET /who HTTP/1.1\r\nHost: HOST\r\n\r\n";
    let found = statuses(&application.host, &format!("{refused}{path}{next}")).await;
    assert_eq!(found, [401, 400, 200]);
}

/// A client that leaves ends its request to Clerk too.
#[tokio::test]
async fn clients_that_leave_free_the_connection_to_clerk() {
    let application = Application::start(Options {
        half_close: false,
        ..Options::default()
    })
    .await;
    let waiting = format!("GET /__clerk{SILENT} HTTP/1.1\r\nHost: HOST\r\n\r\n");
    for sent in [
        waiting.as_str(),
        "POST /__clerk/v1/client HTTP/1.1\r\nHost: HOST\r\nContent-Length: 9\r\n\r\nhalf",
        "POST /__clerk/v1/client HTTP/1.1\r\nHost: HOST\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n",
    ] {
        let mut stream = connect(&application.host).await;
        stream.write_all(sent.as_bytes()).await.expect("it is sent");
        soon(application.upstream.in_progress(1)).await;
        drop(stream);
        soon(application.upstream.in_progress(0)).await;
    }
}
