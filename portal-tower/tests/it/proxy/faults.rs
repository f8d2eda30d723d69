//! Exchanges that fail, and whose fault it is.

use std::convert::Infallible;
use std::io;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body::Frame;
use http_body_util::{BodyExt as _, StreamBody};
use hyper::body::Incoming;
use portal_tower::FrontendApiProxy;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::time::{Instant, timeout};
use tower::{Layer as _, ServiceExt as _};

use super::{Upstream, refusal, send};
use crate::log::Log;
use crate::support::{layer, live, request};

#[tokio::test]
async fn upstream_errors_have_distinct_statuses() {
    let get = || request("/__clerk/v1/client", &[("host", "app.example.com")]);
    // The port is closed again, so connections are refused.
    let gone = Upstream::echoing().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let nobody = listener.local_addr().unwrap();
    drop(listener);
    let instance = live()
        .proxy_url("/__clerk")
        .frontend_api_url(format!("http://{nobody}"))
        .build()
        .unwrap();
    let refused = refusal(send(FrontendApiProxy::new(&instance).unwrap(), get()).await).await;
    assert_eq!(refused, (502, "proxy_request_failed".to_owned()));

    let silent = Upstream::start(async |_: Request<Incoming>| std::future::pending().await).await;
    let refused = refusal(send(silent.proxy().with_timeout(Duration::from_millis(50)), get()).await).await;
    assert_eq!(refused, (504, "proxy_request_failed".to_owned()));

    // It begins to answer and stops.
    let stopping = Upstream::start(async |_: Request<Incoming>| {
        let first = std::iter::once(Ok::<_, Infallible>(Frame::data(Bytes::from("half"))));
        let mut first = first.into_iter();
        let frames = futures_util::stream::poll_fn(move |_| {
            first
                .next()
                .map_or(std::task::Poll::Pending, |frame| std::task::Poll::Ready(Some(frame)))
        });
        Response::new(StreamBody::new(frames).boxed_unsync())
    })
    .await;
    // Time for the head of the response on a busy machine too.
    let mut response = send(stopping.proxy().with_timeout(Duration::from_secs(1)), get()).await;
    assert_eq!(response.frame().await.unwrap().unwrap().into_data().unwrap(), "half");
    let error = response.frame().await.unwrap().unwrap_err();
    assert!(error.is::<tower_http::timeout::TimeoutError>(), "{error}");

    let inside = layer(live()).layer(gone.proxy());
    let misplaced = inside.oneshot(get()).await.unwrap().map(|body| body);
    assert_eq!(misplaced.status(), 500);
    assert!(gone.asked().is_empty());
}

/// The queue of its listener is full. The clock moves as soon as every task waits.
#[tokio::test(start_paused = true)]
async fn upstream_that_accepts_no_connection_returns_502() {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = socket.listen(1).unwrap();
    let address = listener.local_addr().unwrap();
    let mut queue = Vec::new();
    while let Ok(connected) = timeout(Duration::from_secs(1), TcpStream::connect(address)).await {
        queue.push(connected.unwrap());
    }
    let instance = live()
        .proxy_url("/__clerk")
        .frontend_api_url(format!("http://{address}"));
    let proxy = FrontendApiProxy::new(&instance.build().unwrap()).unwrap();
    let before = Instant::now();
    let get = request("/__clerk/v1/client", &[("host", "app.example.com")]);
    let refused = refusal(send(proxy, get).await).await;
    assert_eq!(refused, (502, "proxy_request_failed".to_owned()));
    assert_eq!(before.elapsed().as_secs(), 5);
}

/// A body of these pieces; without an end, nothing comes after them.
fn upload(
    pieces: Vec<Result<&'static str, io::Error>>,
    has_end: bool,
) -> Request<impl http_body::Body<Data = Bytes, Error = io::Error> + Send> {
    let mut pieces = pieces.into_iter();
    let frames = futures_util::stream::poll_fn(move |_| match pieces.next() {
        Some(piece) => std::task::Poll::Ready(Some(piece.map(|piece| Frame::data(Bytes::from(piece))))),
        None if has_end => std::task::Poll::Ready(None),
        None => std::task::Poll::Pending,
    });
    let request = Request::post("/__clerk/v1/x").header("host", "app.example.com");
    request.body(StreamBody::new(frames)).unwrap()
}

#[tokio::test]
async fn incomplete_client_body_is_a_client_error() {
    let upstream = Upstream::echoing().await;
    let broken = || io::Error::from(io::ErrorKind::UnexpectedEof);
    for pieces in [vec![Err(broken())], vec![Ok("half"), Err(broken())]] {
        let answer = upstream.proxy().oneshot(upload(pieces, true)).await.unwrap();
        assert_eq!(refusal(answer).await, (400, "proxy_request_incomplete".to_owned()));
    }
}

#[tokio::test]
async fn stalled_client_body_is_a_client_error() {
    let upstream = Upstream::echoing().await;
    let proxy = upstream.proxy().with_timeout(Duration::from_millis(50));
    let answer = proxy.oneshot(upload(vec![Ok("half")], false)).await.unwrap();
    assert_eq!(refusal(answer).await, (408, "proxy_request_incomplete".to_owned()));
}

/// Each byte arrives in time, but the whole body does not. The clock moves as soon as every task waits.
#[tokio::test(start_paused = true)]
async fn client_body_that_arrives_byte_by_byte_is_a_client_error() {
    let upstream = Upstream::echoing().await;
    let bytes = futures_util::stream::unfold((), |()| async {
        // A slow client, in paused time: the test takes no longer for it.
        tokio::time::sleep(Duration::from_secs(20)).await;
        Some((Ok::<_, Infallible>(Frame::data(Bytes::from("x"))), ()))
    });
    let request = Request::post("/__clerk/v1/x").header("host", "app.example.com");
    let request = request.body(StreamBody::new(Box::pin(bytes))).unwrap();
    let answering = timeout(Duration::from_secs(3_600), upstream.proxy().oneshot(request));
    let answer = answering.await.expect("a response within the hour").unwrap();
    assert_eq!(refusal(answer).await, (408, "proxy_request_incomplete".to_owned()));
}

/// Time that the client takes to send its body is not Clerk's.
#[tokio::test]
async fn silent_upstream_after_a_whole_body_times_out() {
    let silent = Upstream::start(async |request: Request<Incoming>| {
        request.into_body().collect().await.unwrap();
        std::future::pending().await
    })
    .await;
    let proxy = silent.proxy().with_timeout(Duration::from_millis(50));
    let answer = proxy.oneshot(upload(vec![Ok("whole")], true)).await.unwrap();
    assert_eq!(refusal(answer).await, (504, "proxy_request_failed".to_owned()));
}

/// Nothing could follow on the connection: no upgrade was requested and none is passed on.
#[tokio::test]
async fn switched_protocols_are_not_forwarded() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let upstream = tokio::spawn(async move {
        let (mut connection, _) = listener.accept().await.unwrap();
        let mut head = [0; 4096];
        let read = connection.read(&mut head).await.unwrap();
        let answer = b"HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n";
        connection.write_all(answer).await.unwrap();
        (connection, String::from_utf8(head[..read].to_vec()).unwrap())
    });
    let instance = live()
        .proxy_url("/__clerk")
        .frontend_api_url(format!("http://{address}"));
    let proxy = FrontendApiProxy::new(&instance.build().unwrap()).unwrap();
    let upgrade = [
        ("host", "app.example.com"),
        ("connection", "upgrade"),
        ("upgrade", "websocket"),
    ];
    let refused = refusal(send(proxy, request("/__clerk/v1/x", &upgrade)).await).await;
    assert_eq!(refused, (502, "proxy_request_failed".to_owned()));
    let (_connection, head) = upstream.await.unwrap();
    assert!(!head.to_ascii_lowercase().contains("upgrade"), "{head}");
}

#[tokio::test]
async fn unreachable_upstream_is_logged_once_a_minute() {
    let gone = {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        listener.local_addr().unwrap()
    };
    let instance = live().proxy_url("/__clerk").frontend_api_url(format!("http://{gone}"));
    let instance = instance.build().unwrap();
    let proxy = FrontendApiProxy::new(&instance).unwrap();
    let misplaced = layer(live()).layer(proxy.clone());
    let (log, _guard) = Log::keep();
    for _ in 0..3 {
        let get = || request("/__clerk/v1/client", &[("host", "app.example.com")]);
        assert_eq!(send(proxy.clone(), get()).await.status(), 502);
        assert_eq!(misplaced.clone().oneshot(get()).await.unwrap().status(), 500);
    }
    let lines = log.lines("a request for the Frontend API");
    let count = |level: &str| lines.iter().filter(|line| line.contains(level)).count();
    assert_eq!((count("WARN"), count("ERROR")), (1, 1), "{lines:?}");
}
