//! Response bodies that end early, never, or in another form than announced, and clients that leave.

use std::convert::Infallible;
use std::time::Duration;

use bytes::Bytes;
use http::Request;
use http_body::Frame;
use http_body_util::{BodyExt as _, StreamBody};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::sync::mpsc;
use tokio::time::timeout;
use tower::ServiceExt as _;

use super::raw_upstream::{answering, get, read_head, served_by, soon};
use super::{Upstream, send, text};
use crate::support::request;

/// An incomplete body must not look complete, or a cache would keep it.
#[tokio::test]
async fn truncated_response_body_is_an_error() {
    for answer in [
        "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalfXX0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n-1\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\nfffffffffffffffff\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n0\r\nno colon\r\n\r\n",
    ] {
        let response = get(&answering(answer.as_bytes()).await).await;
        assert_eq!(response.status(), 200);
        let error = soon(response.into_body().collect()).await;
        assert!(error.is_err(), "{answer}");
    }
}

#[tokio::test]
async fn length_beside_a_transfer_coding_is_dropped() {
    for fields in [
        "Content-Length: 3\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked\r\nContent-Length: 30",
    ] {
        let answer = format!("HTTP/1.1 200 OK\r\n{fields}\r\n\r\n6\r\nlonger\r\n0\r\n\r\n");
        let response = get(&answering(answer.as_bytes()).await).await;
        assert!(!response.headers().contains_key("content-length"), "{fields}");
        assert!(!response.headers().contains_key("transfer-encoding"), "{fields}");
        assert_eq!(text(response).await, "longer");
    }
}

#[tokio::test]
async fn response_that_ends_with_its_connection_is_forwarded() {
    for head in [
        "HTTP/1.0 200 OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n",
    ] {
        let answer = format!("{head}until the end");
        let response = get(&answering(answer.as_bytes()).await).await;
        assert_eq!(response.status(), 200);
        assert_eq!(text(response).await, "until the end");
    }
}

/// A small body that grows when it is decoded is not decoded here.
#[tokio::test]
async fn compressed_response_body_is_forwarded_as_it_is() {
    let body = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 0xff];
    let mut answer = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 11\r\n\r\n".to_vec();
    answer.extend(body);
    let response = get(&answering(&answer).await).await;
    assert_eq!(response.headers()["content-encoding"], "gzip");
    assert_eq!(response.into_body().collect().await.unwrap().to_bytes(), body[..]);
}

#[tokio::test]
async fn trailers_of_a_response_are_dropped() {
    let answer = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: Set-Cookie\r\n\r\n\
        4\r\nbody\r\n0\r\nSet-Cookie: late=1\r\nConnection: close\r\n\r\n";
    let response = get(&answering(answer).await).await;
    let whole = response.into_body().collect().await.unwrap();
    assert!(whole.trailers().is_none(), "{:?}", whole.trailers());
    assert_eq!(whole.to_bytes(), "body");
}

/// No more is kept than the buffers hold. Without a client, the connection to Clerk ends.
#[tokio::test]
async fn endless_response_body_waits_for_its_reader() {
    const TOO_MUCH: usize = 256 * 1_024 * 1_024;
    let (told, mut tells) = mpsc::unbounded_channel();
    let proxy = served_by(move |mut connection| {
        let told = told.clone();
        async move {
            read_head(&mut connection).await;
            connection.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
            let chunk = vec![b'x'; 64 * 1_024];
            let mut written = 0;
            // A write that does not end soon: every buffer is full.
            while let Ok(write) = timeout(Duration::from_millis(200), connection.write(&chunk)).await {
                written += write.unwrap();
                assert!(written < TOO_MUCH, "the body is read without a reader");
            }
            told.send("waits").unwrap();
            while connection.write(&chunk).await.is_ok() {}
            told.send("ended").unwrap();
        }
    })
    .await;
    let mut response = get(&proxy).await;
    assert!(
        !soon(response.frame())
            .await
            .unwrap()
            .unwrap()
            .into_data()
            .unwrap()
            .is_empty()
    );
    assert_eq!(soon(tells.recv()).await, Some("waits"));
    drop(response);
    assert_eq!(soon(tells.recv()).await, Some("ended"));
}

/// An upload without an end.
fn endless() -> Request<impl http_body::Body<Data = Bytes, Error = Infallible> + Send> {
    let chunk = Bytes::from(vec![b'x'; 16 * 1_024]);
    let frames = futures_util::stream::poll_fn(move |_| {
        std::task::Poll::Ready(Some(Ok::<_, Infallible>(Frame::data(chunk.clone()))))
    });
    let request = Request::post("/__clerk/v1/me/profile_image").header("host", "app.example.com");
    request.body(StreamBody::new(frames)).unwrap()
}

#[tokio::test]
async fn response_before_the_end_of_an_upload_is_forwarded() {
    let proxy = served_by(|mut connection| async move {
        read_head(&mut connection).await;
        let answer = b"HTTP/1.1 422 Unprocessable Content\r\nConnection: close\r\nContent-Length: 5\r\n\r\nearly";
        connection.write_all(answer).await.unwrap();
        connection.shutdown().await.unwrap();
        // Unread bytes would reset the connection, and with it this response.
        let mut dropped = vec![0; 64 * 1_024];
        while matches!(connection.read(&mut dropped).await, Ok(1..)) {}
    })
    .await
    .with_max_request_bytes(usize::MAX);
    let response = soon(proxy.oneshot(endless())).await.unwrap();
    assert_eq!(response.status(), 422);
    assert_eq!(text(response).await, "early");
}

#[tokio::test]
async fn upstream_that_closes_during_an_upload_returns_502() {
    let proxy = served_by(|mut connection| async move {
        read_head(&mut connection).await;
    })
    .await
    .with_max_request_bytes(usize::MAX);
    let response = soon(proxy.oneshot(endless())).await.unwrap();
    assert_eq!(response.status(), 502);
}

/// HTTP/2 clients divide the field, and HTTP/1.1 allows one (RFC 9113 section 8.2.3).
#[tokio::test]
async fn divided_cookie_field_is_forwarded_as_one() {
    let upstream = Upstream::echoing().await;
    let fields = [
        ("host", "app.example.com"),
        ("cookie", "__client=a"),
        ("cookie", "__client_uat=1"),
        ("cookie", "name=José"),
    ];
    send(upstream.proxy(), request("/__clerk/v1/client", &fields)).await;
    let asked = upstream.asked().pop().unwrap();
    let cookies: Vec<&[u8]> = asked
        .headers
        .get_all("cookie")
        .iter()
        .map(http::HeaderValue::as_bytes)
        .collect();
    assert_eq!(cookies, ["__client=a; __client_uat=1; name=José".as_bytes()]);
}
