//! Heads and bodies whose end is ambiguous, malformed or missing.
//!
//! Two servers that disagree about an end see different requests (request smuggling, RFC 9112 section 11.2).

use portal_tests::programs::Demo;

use super::application::{Application, Options};
use super::{exchange, statuses};

/// A request that a test hides inside another one.
const INNER: &str = "GET PATH HTTP/1.1\r\nHost: HOST\r\nX-Inner: 1\r\n\r\n";

/// A server with a path for GET and POST.
struct Server {
    host: String,
    path: &'static str,
}

/// Starts the demo and the application, and returns them with all servers that they run.
async fn servers() -> (Demo, Application, Vec<Server>) {
    let demo = Demo::start(&[]).await;
    let application = Application::start(Options::default()).await;
    let host = |origin: &str| origin.strip_prefix("http://").expect("a local origin").to_owned();
    let servers = vec![
        Server {
            host: host(&demo.app),
            path: "/dashboard",
        },
        Server {
            host: host(&demo.portal),
            path: "/sign-in",
        },
        Server {
            host: application.host.clone(),
            path: "/who",
        },
        Server {
            host: application.host.clone(),
            path: "/__clerk/v1/client",
        },
    ];
    (demo, application, servers)
}

impl Server {
    fn request(&self, bytes: &str) -> String {
        bytes.replace("INNER", INNER).replace("PATH", self.path)
    }
}

#[tokio::test]
async fn malformed_request_gets_one_client_error() {
    let (_demo, application, servers) = servers().await;
    let many = format!("GET PATH HTTP/1.1\r\nHost: HOST\r\n{}\r\n", "X: a\r\n".repeat(101));
    let large = format!(
        "GET PATH HTTP/1.1\r\nHost: HOST\r\nX: {}\r\n\r\n",
        "a".repeat(1_000_000)
    );
    let long = format!("GET PATH?{} HTTP/1.1\r\nHost: HOST\r\n\r\n", "a".repeat(70_000));
    let endless = format!("GET PATH HTTP/1.1\r\nHost: HOST\r\nX: {}", "a".repeat(1_000_000));
    for request in [
        "POST PATH HTTP/1.1\r\nHost: HOST\r\nContent-Length: 0\r\nContent-Length: 3\r\n\r\nabcINNER",
        "POST PATH HTTP/1.1\r\nHost: HOST\r\nContent-Length: 3, 4\r\n\r\nabcINNER",
        "POST PATH HTTP/1.1\r\nHost: HOST\r\nContent-Length: +3\r\n\r\nabcINNER",
        "POST PATH HTTP/1.1\r\nHost: HOST\r\nContent-Length: -1\r\n\r\nINNER",
        "POST PATH HTTP/1.1\r\nHost: HOST\r\nContent-Length: 0x3\r\n\r\nabcINNER",
        "POST PATH HTTP/1.1\r\nHost: HOST\r\nContent-Length: 3 4\r\n\r\nabcINNER",
        "POST PATH HTTP/1.1\r\nHost: HOST\r\nContent-Length:\r\n\r\nINNER",
        "POST PATH HTTP/1.1\r\nHost: HOST\r\nContent-Length: 18446744073709551616\r\n\r\nINNER",
        "POST PATH HTTP/1.1\r\nHost: HOST\r\nContent-Length : 3\r\n\r\nabcINNER",
        "POST PATH HTTP/1.1\r\nHost: HOST\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\nINNER",
        "POST PATH HTTP/1.1\r\nHost: HOST\r\nTransfer-Encoding: identity\r\n\r\nINNER",
        "POST PATH HTTP/1.1\r\nHost: HOST\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\nINNER",
        "POST PATH HTTP/1.1\r\nHost: HOST\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\nINNER",
        "POST PATH HTTP/1.1\r\nHost: HOST\r\nTransfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\nINNER",
        "POST PATH HTTP/1.1\r\nHost: HOST\r\nTransfer-Encoding:\r\n\r\n0\r\n\r\nINNER",
        "POST PATH HTTP/1.0\r\nHost: HOST\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nINNER",
        "GET PATH HTTP/1.1\r\nHost: HOST\r\nX: a\r\n folded\r\n\r\nINNER",
        "GET PATH HTTP/1.1\r\n Host: HOST\r\n\r\nINNER",
        "GET PATH HTTP/1.1\r\nHost: HOST\r\nX : a\r\n\r\nINNER",
        "GET PATH HTTP/1.1\r\nHost: HOST\r\nX\0: a\r\n\r\nINNER",
        "GET PATH HTTP/1.1\r\nHost: HOST\r\nX: a\0b\r\n\r\nINNER",
        "GET PATH HTTP/1.1\r\nHost: HOST\r\nX: a\rb: c\r\n\r\nINNER",
        "GET PATH HTTP/1.1\r\nHost: HOST\r\nX\r\n\r\nINNER",
        "GET PATH HTTP/1.1\r\nHost: HOST\r\n: a\r\n\r\nINNER",
        "GET PATH HTTP/1.1\r\nHost: HOST\r\nCöökie: a\r\n\r\nINNER",
        "GET PATH\r\nHost: HOST\r\n\r\nINNER",
        "GET PATH HTTP/1.2\r\nHost: HOST\r\n\r\nINNER",
        "GET PATH HTTP/2.0\r\nHost: HOST\r\n\r\nINNER",
        "GET PATH http/1.1\r\nHost: HOST\r\n\r\nINNER",
        "GET PATH x HTTP/1.1\r\nHost: HOST\r\n\r\nINNER",
        "GET\0 PATH HTTP/1.1\r\nHost: HOST\r\n\r\nINNER",
        " GET PATH HTTP/1.1\r\nHost: HOST\r\n\r\nINNER",
        "GET PATH\0 HTTP/1.1\r\nHost: HOST\r\n\r\nINNER",
        "GET http:// HTTP/1.1\r\nHost: HOST\r\n\r\nINNER",
        "\0\u{1}garbage\r\n\r\nINNER",
        "\u{16}\u{3}\u{1}\u{2}\0\u{1}\0\u{1}INNER",
        &many,
        &large,
        &long,
        &endless,
    ] {
        for server in &servers {
            let sent = server.request(request);
            let found = statuses(&server.host, &sent).await;
            let shown: String = sent.chars().take(200).collect();
            assert!(
                matches!(found[..], [400..=499]),
                "{}: {found:?} to {shown:?}",
                server.host
            );
        }
    }
    assert_eq!(application.inner.get(), 0);
    assert!(application.upstream.take_asked().is_empty());
}

/// A body that can be read in two ways is read in one, and no further request is read from the connection.
#[tokio::test]
async fn ambiguous_body_hides_no_request() {
    let (_demo, application, servers) = servers().await;
    for fields_and_body in [
        "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nINNER",
        "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\nINNER",
        "Content-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\nff\r\nINNER",
        "Transfer-Encoding: chunked\r\n\r\n-1\r\nINNER",
        "Transfer-Encoding: chunked\r\n\r\n0x0\r\n\r\nINNER",
        "Transfer-Encoding: chunked\r\n\r\n+0\r\n\r\nINNER",
        "Transfer-Encoding: chunked\r\n\r\n\r\nINNER",
        "Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\nINNER",
        "Transfer-Encoding: chunked\r\n\r\nfffffffffffffffe\r\nINNER",
        "Transfer-Encoding: chunked\r\n\r\n3\r\nabcXX0\r\n\r\nINNER",
        "Transfer-Encoding: chunked\r\n\r\n3\nabc\n0\n\nINNER",
        "Transfer-Encoding: chunked\r\n\r\n3;a=\nb\r\nabc\r\n0\r\n\r\nINNER",
        "Transfer-Encoding: chunked\r\n\r\n0\r\nbroken trailer\r\n\r\nINNER",
        "Content-Length: 9223372036854775807\r\n\r\nINNER",
        "Content-Length: 1000\r\n\r\nINNER",
    ] {
        for server in &servers {
            let sent = server.request(&format!("POST PATH HTTP/1.1\r\nHost: HOST\r\n{fields_and_body}"));
            let found = statuses(&server.host, &sent).await;
            assert!(
                matches!(found[..], [200..=499]),
                "{}: {found:?} to {sent:?}",
                server.host
            );
        }
    }
    assert_eq!(application.inner.get(), 0);
    let asked = application.upstream.take_asked();
    assert!(
        asked.iter().all(|(parts, _)| !parts.headers.contains_key("x-inner")),
        "{asked:?}"
    );
}

/// Forms that HTTP allows and few clients send.
#[tokio::test]
async fn unusual_request_gets_one_response() {
    let (_demo, _application, servers) = servers().await;
    for request in [
        "GET PATH HTTP/1.0\r\nHost: HOST\r\n\r\n",
        "GET PATH HTTP/1.0\r\nHost: HOST\r\nConnection: keep-alive\r\n\r\n",
        "GET PATH HTTP/1.0\r\n\r\n",
        "GET PATH HTTP/1.1\r\n\r\n",
        "\r\n\r\nGET PATH HTTP/1.1\r\nHost: HOST\r\n\r\n",
        "GET PATH HTTP/1.1\nHost: HOST\n\n",
        "HEAD PATH HTTP/1.1\r\nHost: HOST\r\n\r\n",
        "OPTIONS PATH HTTP/1.1\r\nHost: HOST\r\n\r\n",
        "OPTIONS * HTTP/1.1\r\nHost: HOST\r\n\r\n",
        "CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example\r\n\r\n",
        "CONNECT PATH HTTP/1.1\r\nHost: HOST\r\n\r\n",
        "UNKNOWN PATH HTTP/1.1\r\nHost: HOST\r\n\r\n",
        "GET http://evil.example/ HTTP/1.1\r\nHost: HOST\r\n\r\n",
        "GET PATH HTTP/1.1\r\nHost: HOST\r\nContent-Length: 3\r\n\r\nabc",
        "POST PATH HTTP/1.1\r\nHost: HOST\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\nabc",
        "POST PATH HTTP/1.1\r\nHost: HOST\r\nTransfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
        "POST PATH HTTP/1.1\r\nHost: HOST\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nCookie: a=b\r\nHost: evil.example\r\n\r\n",
        "POST PATH HTTP/1.1\r\nHost: HOST\r\nTransfer-Encoding: CHUNKED\r\n\r\n003;a=b\r\nabc\r\n000\r\n\r\n",
        "POST PATH HTTP/1.1\r\nHost: HOST\r\nExpect: 200-ok\r\nContent-Length: 3\r\n\r\nabc",
        "POST PATH HTTP/1.0\r\nHost: HOST\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\nabc",
        "GET PATH HTTP/1.1\r\nHost: HOST\r\nExpect: 100-continue\r\n\r\n",
        "GET PATH HTTP/1.1\r\nHost: HOST\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        "GET PATH HTTP/1.1\r\nHost: HOST\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n\
         HTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n",
    ] {
        for server in &servers {
            let sent = server.request(request);
            let found = exchange(&server.host, &sent).await;
            let is_one = matches!(&found[..], [answer] if (200..500).contains(&answer.status));
            assert!(is_one, "{}: {found:?} to {sent:?}", server.host);
            // HTTP/1.0 clients cannot read a coding (RFC 9112 section 6.1).
            let is_coded = found[0].field("transfer-encoding").is_some();
            assert!(
                !is_coded || sent.contains("HTTP/1.1"),
                "{}: {found:?} to {sent:?}",
                server.host
            );
        }
    }
}

#[tokio::test]
async fn trace_repeats_nothing() {
    let (_demo, application, servers) = servers().await;
    for server in &servers {
        let sent = server.request("TRACE PATH HTTP/1.1\r\nHost: HOST\r\nCookie: __session=secret\r\n\r\n");
        for answer in exchange(&server.host, &sent).await {
            assert!(
                !answer.head.contains("secret") && !answer.body.contains("secret"),
                "{answer:?}"
            );
        }
    }
    assert!(application.upstream.take_asked().is_empty());
}

#[tokio::test]
async fn pipelined_requests_are_answered_in_order() {
    let (_demo, application, servers) = servers().await;
    let three = "GET PATH HTTP/1.1\r\nHost: HOST\r\n\r\n\
        POST PATH HTTP/1.1\r\nHost: HOST\r\nContent-Length: 3\r\n\r\nabc\
        GET /nothing HTTP/1.1\r\nHost: HOST\r\n\r\n";
    for server in &servers {
        let found = statuses(&server.host, &server.request(three)).await;
        assert!(
            matches!(found[..], [200..=499, 200..=499, 401 | 404]),
            "{}: {found:?}",
            server.host
        );
    }
    let bodies: Vec<_> = application
        .upstream
        .take_asked()
        .into_iter()
        .map(|(_, body)| body)
        .collect();
    assert_eq!(bodies, ["", "abc"]);
}
