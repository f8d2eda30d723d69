//! Bodies on their way, and bodies that are too large.

use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::{Request, Response};
use http_body::Frame;
use http_body_util::{BodyExt as _, Full, StreamBody};
use hyper::body::Incoming;
use tokio::sync::mpsc;
use tower::ServiceExt as _;

use super::{Upstream, refusal, send, text};
use crate::support::request;

type Chunks = mpsc::UnboundedReceiver<Result<Frame<Bytes>, Infallible>>;

#[tokio::test]
async fn bodies_are_streamed() {
    // Up: the server sees the first piece before the second is sent. Down: the same.
    let (seen, mut sees) = mpsc::unbounded_channel();
    let (down, pieces) = mpsc::unbounded_channel();
    let pieces: Arc<Mutex<Option<Chunks>>> = Arc::new(Mutex::new(Some(pieces)));
    let upstream = Upstream::start(move |request: Request<Incoming>| {
        let (seen, pieces) = (seen.clone(), pieces.clone());
        async move {
            let mut body = request.into_body();
            while let Some(frame) = body.frame().await {
                seen.send(frame.unwrap().into_data().unwrap()).unwrap();
            }
            let mut pieces = pieces.lock().unwrap().take().unwrap();
            let frames = futures_util::stream::poll_fn(move |cx| pieces.poll_recv(cx));
            Response::new(StreamBody::new(frames).boxed_unsync())
        }
    })
    .await;
    let (up, mut sent) = mpsc::unbounded_channel::<Result<Frame<Bytes>, Infallible>>();
    let body = StreamBody::new(futures_util::stream::poll_fn(move |cx| sent.poll_recv(cx)));
    let request = Request::post("/__clerk/v1/upload")
        .header("host", "app.example.com")
        .body(body)
        .unwrap();
    let answering = tokio::spawn(upstream.proxy().oneshot(request));
    for piece in ["one", "two"] {
        up.send(Ok(Frame::data(Bytes::from(piece)))).unwrap();
        assert_eq!(sees.recv().await.unwrap(), piece);
    }
    drop(up);
    let mut response = answering.await.unwrap().unwrap();
    for piece in ["three", "four"] {
        down.send(Ok(Frame::data(Bytes::from(piece)))).unwrap();
        let frame = response.frame().await.unwrap().unwrap();
        assert_eq!(frame.into_data().unwrap(), piece);
    }
    drop(down);
    assert!(response.frame().await.is_none());
}

#[tokio::test]
async fn oversized_body_is_refused() {
    let upstream = Upstream::echoing().await;
    let proxy = || upstream.proxy().with_max_request_bytes(10);
    let declared = request(
        "POST /__clerk/v1/x",
        &[("host", "app.example.com"), ("content-length", "11")],
    );
    assert_eq!(
        refusal(send(proxy(), declared).await).await,
        (413, "proxy_request_too_large".to_owned())
    );
    assert!(upstream.asked().is_empty());

    let pieces = ["1234567", "890x"].map(|piece| Ok::<_, Infallible>(Frame::data(Bytes::from(piece))));
    let mut pieces = pieces.into_iter();
    let body = StreamBody::new(futures_util::stream::poll_fn(move |_| {
        std::task::Poll::Ready(pieces.next())
    }));
    let streamed = Request::post("/__clerk/v1/x")
        .header("host", "app.example.com")
        .body(body)
        .unwrap();
    let refused = refusal(proxy().oneshot(streamed).await.unwrap()).await;
    assert_eq!(refused, (413, "proxy_request_too_large".to_owned()));

    let mut right = request("POST /__clerk/v1/x", &[("host", "app.example.com")]);
    *right.body_mut() = Full::from("1234567890");
    assert_eq!(text(send(proxy(), right).await).await, "1234567890");
}
