//! Response heads that are malformed, endless, or for another request.

use std::time::Duration;

use tokio::io::AsyncWriteExt as _;
use tokio::sync::mpsc;

use super::raw_upstream::{answering, get, read_head, served_by, soon, stalling_after};
use super::{refusal, send, text};
use crate::support::request;

const FAILED: &str = "proxy_request_failed";

#[tokio::test]
async fn malformed_response_head_returns_502() {
    for head in [
        &b""[..],
        b"\r\n\r\n",
        b"garbage\r\n\r\n",
        b"220 mail.example ESMTP\r\n",
        b"\x15\x03\x01\x00\x02\x02\x46",
        b"\0\0\x06\x04\0\0\0\0\0\0\x05\0\0\x40\0",
        b"<html></html>",
        b"HTTP/1.1\r\n\r\n",
        b"HTTP/1.1 OK 200\r\n\r\n",
        b"HTTP/1.1 99 Low\r\n\r\n",
        b"HTTP/1.1 099 Low\r\n\r\n",
        b"HTTP/1.1 1000 High\r\n\r\n",
        b"HTTP/1.1 -200 OK\r\n\r\n",
        b"HTTP/2.0 200 OK\r\n\r\n",
        b"HTTP/9.9 200 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: un",
        b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX : a\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX\0: a\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: a\0b\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: a\rb\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: a\r\n folded\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1, 2\r\n\r\nab",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: +1\r\n\r\na",
        b"HTTP/1.1 200 OK\r\nContent-Length: 0x1\r\n\r\na",
        b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\na",
        b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n",
    ] {
        let answer = get(&answering(head).await).await;
        let shown = head.escape_ascii();
        assert_eq!(refusal(answer).await, (502, FAILED.to_owned()), "{shown}");
    }
}

/// The proxy ends these connections instead of keeping everything that arrives.
#[tokio::test]
async fn endless_response_head_returns_502() {
    for piece in ["X: a\r\n".to_owned(), "a".repeat(8_192)] {
        let (ended, mut ends) = mpsc::unbounded_channel();
        let proxy = served_by(move |mut connection| {
            let (ended, piece) = (ended.clone(), piece.clone());
            async move {
                read_head(&mut connection).await;
                connection.write_all(b"HTTP/1.1 200 OK\r\nX: ").await.unwrap();
                while connection.write_all(piece.as_bytes()).await.is_ok() {}
                ended.send(()).unwrap();
            }
        })
        .await;
        assert_eq!(refusal(get(&proxy).await).await, (502, FAILED.to_owned()));
        soon(ends.recv()).await.unwrap();
    }
}

#[tokio::test]
async fn response_with_more_than_100_fields_returns_502() {
    for (fields, expected) in [(100, 200), (101, 502)] {
        let fields = "X: a\r\n".repeat(fields - 1);
        let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n{fields}\r\n");
        assert_eq!(get(&answering(answer.as_bytes()).await).await.status(), expected);
    }
}

#[tokio::test]
async fn unfinished_response_head_times_out() {
    for begun in [
        &b""[..],
        b"H",
        b"HTTP/1.1 200 OK\r\nX: ",
        b"HTTP/1.1 200 OK\r\nX: a\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n",
    ] {
        let answer = get(&stalling_after(begun).await).await;
        assert_eq!(
            refusal(answer).await,
            (504, FAILED.to_owned()),
            "{}",
            begun.escape_ascii()
        );
    }
}

/// Interim responses are not progress.
#[tokio::test]
async fn endless_interim_responses_time_out() {
    let (ended, mut ends) = mpsc::unbounded_channel();
    let proxy = served_by(move |mut connection| {
        let ended = ended.clone();
        async move {
            read_head(&mut connection).await;
            while connection
                .write_all(b"HTTP/1.1 103 Early Hints\r\nX: a\r\n\r\n")
                .await
                .is_ok()
            {}
            ended.send(()).unwrap();
        }
    })
    .await
    .with_timeout(Duration::from_millis(50));
    assert_eq!(refusal(get(&proxy).await).await, (504, FAILED.to_owned()));
    soon(ends.recv()).await.unwrap();
}

#[tokio::test]
async fn interim_responses_are_skipped() {
    let answer = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nSet-Cookie: early=1\r\n\r\n\
        HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nlast";
    let response = get(&answering(answer).await).await;
    assert_eq!(response.status(), 200);
    assert!(!response.headers().contains_key("set-cookie"));
    assert_eq!(text(response).await, "last");
}

/// Bytes after a response must not be the next request's response: it may be another user's.
#[tokio::test]
async fn bytes_after_a_response_do_not_answer_the_next_request() {
    const SECOND: &str = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged";
    for (method, first) in [
        ("GET", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
        ("GET", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        ("GET", "HTTP/1.1 204 No Content\r\nContent-Length: 9\r\n\r\n"),
        ("GET", "HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n"),
        ("HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n"),
    ] {
        let proxy = served_by(move |mut connection| async move {
            while !read_head(&mut connection).await.is_empty() {
                let both = format!("{first}{SECOND}");
                if connection.write_all(both.as_bytes()).await.is_err() {
                    return;
                }
            }
        })
        .await;
        for _ in 0..10 {
            let target = format!("{method} /__clerk/v1/client");
            let request = request(&target, &[("host", "app.example.com")]);
            let response = soon(send(proxy.clone(), request)).await;
            assert!(
                first.contains(response.status().as_str()),
                "{first}: {}",
                response.status()
            );
            assert_eq!(text(response).await, "", "{first}");
        }
    }
}

#[tokio::test]
async fn fields_for_one_hop_are_dropped_from_the_response() {
    let answer =
        b"HTTP/1.1 200 OK\r\nConnection: X-Once\r\nConnection: close\r\nX-Once: 1\r\nKeep-Alive: timeout=5\r\n\
        Upgrade: h2c\r\nTrailer: X-After\r\nTE: trailers\r\nProxy-Authenticate: Basic\r\nProxy-Connection: close\r\n\
        X-Kept: 1\r\nContent-Length: 0\r\n\r\n";
    let response = get(&answering(answer).await).await;
    let mut names: Vec<&str> = response.headers().keys().map(http::HeaderName::as_str).collect();
    names.sort_unstable();
    assert_eq!(names, ["content-length", "x-kept"]);
}

/// Clerk's CDN offers HTTP/3 on its own host, and the application's host has no such server.
#[tokio::test]
async fn alternative_service_of_the_upstream_is_dropped() {
    let answer = b"HTTP/1.1 200 OK\r\nAlt-Svc: h3=\":443\"; ma=86400\r\nContent-Length: 0\r\n\r\n";
    let response = get(&answering(answer).await).await;
    assert!(!response.headers().contains_key("alt-svc"));
}

/// Browsers ignore cookies for other sites, and applications' redirects lead there.
#[tokio::test]
async fn cookie_and_redirect_for_another_site_are_forwarded_unchanged() {
    let answer = b"HTTP/1.1 302 Found\r\nLocation: https://provider.example/a?next=%0d%0aX:%201\r\n\
        Set-Cookie: a=1; Domain=other.example; Path=/\r\nContent-Length: 0\r\n\r\n";
    let response = get(&answering(answer).await).await;
    assert_eq!(response.status(), 302);
    assert_eq!(
        response.headers()["location"],
        "https://provider.example/a?next=%0d%0aX:%201"
    );
    assert_eq!(response.headers()["set-cookie"], "a=1; Domain=other.example; Path=/");
}

/// A request target cannot write a field of the response or of the request to Clerk.
#[tokio::test]
async fn encoded_line_ends_stay_encoded() {
    const PATH: &str = "/v1/x%0d%0aX-Injected:%201?y=%0aX-Injected:%201";
    let (asked, mut heads) = mpsc::unbounded_channel();
    let proxy = served_by(move |mut connection| {
        let asked = asked.clone();
        async move {
            asked.send(read_head(&mut connection).await).unwrap();
            let answer = format!("HTTP/1.1 302 Found\r\nLocation: {PATH}\r\nContent-Length: 0\r\n\r\n");
            connection.write_all(answer.as_bytes()).await.unwrap();
        }
    })
    .await;
    let target = format!("/__clerk{PATH}");
    let response = soon(send(proxy, request(&target, &[("host", "app.example.com")]))).await;
    let expected = format!("http://app.example.com/__clerk{PATH}");
    assert_eq!(response.headers()["location"], expected.as_str());
    assert!(!response.headers().contains_key("x-injected"));
    let head = soon(heads.recv()).await.unwrap();
    assert!(head.starts_with(&format!("GET {PATH} HTTP/1.1\r\n")), "{head}");
}
