//! Upgrades and streams, which pass the layers untouched, over a real connection.

use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::routing::{get, post};
use bytes::Bytes;
use http::{Response, StatusCode};
use http_body::Frame;
use http_body_util::StreamBody;
use hyper_util::rt::TokioIo;
use portal_axum::RequireAuthLayer;
use portal_axum::portal_sdk::testing::FakeBackend;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

use crate::ask::{SIGNED_OUT, layer, session};

type Chunks = mpsc::UnboundedReceiver<Result<Frame<Bytes>, Infallible>>;

/// Answers what it is sent once the connection has become something else than HTTP.
async fn echo(mut request: Request) -> Response<Body> {
    let upgrade = hyper::upgrade::on(&mut request);
    tokio::spawn(async move {
        let mut connection = TokioIo::new(upgrade.await.unwrap());
        let mut bytes = [0; 5];
        connection.read_exact(&mut bytes).await.unwrap();
        connection.write_all(&bytes).await.unwrap();
    });
    let response = Response::builder().status(StatusCode::SWITCHING_PROTOCOLS);
    let response = response.header("connection", "upgrade").header("upgrade", "websocket");
    response.body(Body::empty()).unwrap()
}

/// An application with an upgrade and a stream behind a guard, and a connection to it.
async fn connect(chunks: Chunks) -> TcpStream {
    let chunks = Arc::new(Mutex::new(Some(chunks)));
    let stream = move || {
        let mut chunks = chunks.lock().unwrap().take().unwrap();
        async move {
            let frames = futures_util::stream::poll_fn(move |cx| chunks.poll_recv(cx));
            Response::new(Body::new(StreamBody::new(frames)))
        }
    };
    let router = Router::new()
        .route("/echo", get(echo))
        .route("/stream", get(stream))
        .route("/upload", post(async || "reached"))
        .route_layer(RequireAuthLayer::signed_in())
        .layer(layer(&FakeBackend::new()));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    TcpStream::connect(address).await.unwrap()
}

/// Reads until what has come ends with `end`.
async fn read_until(connection: &mut TcpStream, end: &str) -> String {
    let mut text = Vec::new();
    while !text.ends_with(end.as_bytes()) {
        let read = connection.read_buf(&mut text).await.unwrap();
        assert!(read > 0, "the connection ended: {}", String::from_utf8_lossy(&text));
    }
    String::from_utf8(text).unwrap()
}

fn head(path: &str, cookies: &str, more: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nhost: localhost:3000\r\ncookie: {cookies}\r\n{more}\r\n")
}

#[tokio::test]
async fn websocket_upgrade_reaches_the_handler() {
    let mut connection = connect(mpsc::unbounded_channel().1).await;
    let upgrade = "connection: Upgrade\r\nupgrade: websocket\r\norigin: http://localhost:3000\r\n";
    connection
        .write_all(head("/echo", SIGNED_OUT, upgrade).as_bytes())
        .await
        .unwrap();
    let refused = read_until(&mut connection, "}").await;
    assert!(refused.starts_with("HTTP/1.1 401"), "{refused}");

    let request = head("/echo", &session(&json!({})), upgrade);
    connection.write_all(request.as_bytes()).await.unwrap();
    let switched = read_until(&mut connection, "\r\n\r\n").await;
    assert!(switched.starts_with("HTTP/1.1 101"), "{switched}");
    connection.write_all(b"hello").await.unwrap();
    assert_eq!(read_until(&mut connection, "hello").await, "hello");
}

#[tokio::test]
async fn stream_arrives_in_chunks() {
    let (sender, chunks) = mpsc::unbounded_channel();
    let mut connection = connect(chunks).await;
    let accept = "accept: text/event-stream\r\n";
    let request = head("/stream", &session(&json!({})), accept);
    connection.write_all(request.as_bytes()).await.unwrap();
    // The second piece is only sent once the first has arrived.
    for piece in ["data: one\n\n", "data: two\n\n"] {
        sender.send(Ok(Frame::data(Bytes::from(piece)))).unwrap();
        let text = read_until(&mut connection, &format!("{piece}\r\n")).await;
        assert!(text.contains(piece), "{text}");
    }
    drop(sender);
    assert_eq!(read_until(&mut connection, "0\r\n\r\n").await, "0\r\n\r\n");
}

#[tokio::test]
async fn refused_upload_ends_at_sign_in_and_keeps_the_connection() {
    // More than the buffers of both ends of a connection hold.
    const LENGTH: usize = 24 * 1024 * 1024;
    let mut connection = connect(mpsc::unbounded_channel().1).await;
    let form = format!(
        "POST /upload HTTP/1.1\r\nhost: localhost:3000\r\ncookie: {SIGNED_OUT}\r\nsec-fetch-dest: document\r\n\
         content-type: multipart/form-data; boundary=x\r\ncontent-length: {LENGTH}\r\n\r\n"
    );
    connection.write_all(form.as_bytes()).await.unwrap();
    // As browsers do, all is sent before the answer is read.
    connection.write_all(&vec![b'x'; LENGTH]).await.unwrap();
    let refused = read_until(&mut connection, "\r\n\r\n").await;
    assert!(refused.starts_with("HTTP/1.1 303"), "{refused}");
    assert!(
        refused.contains("location: https://foo-bar-13.accounts.dev/sign-in"),
        "{refused}"
    );

    // The next request on the same connection is answered too.
    connection
        .write_all(form.replace(&LENGTH.to_string(), "0").as_bytes())
        .await
        .unwrap();
    let refused = read_until(&mut connection, "\r\n\r\n").await;
    assert!(refused.starts_with("HTTP/1.1 303"), "{refused}");
}

#[tokio::test]
async fn refused_endless_body_is_answered_and_dropped() {
    let mut connection = connect(mpsc::unbounded_channel().1).await;
    let form = format!(
        "POST /upload HTTP/1.1\r\nhost: localhost:3000\r\ncookie: {SIGNED_OUT}\r\nsec-fetch-dest: document\r\n\
         transfer-encoding: chunked\r\n\r\n"
    );
    connection.write_all(form.as_bytes()).await.unwrap();
    let chunk = [b"10000\r\n".as_slice(), &[b'x'; 0x10000], b"\r\n"].concat();
    // 64 MiB are read, and what the buffers hold is sent besides; after that the connection ends.
    let mut sent = 0;
    while connection.write_all(&chunk).await.is_ok() {
        sent += chunk.len();
        assert!(sent < 256 * 1024 * 1024, "the server reads on for ever");
    }
    assert!(sent >= 64 * 1024 * 1024, "{sent}");
}
