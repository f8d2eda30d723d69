//! The body of a refused request is read and dropped before the answer, up to a limit.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Request, Version};
use http_body::{Body, Frame, SizeHint};
use portal_tower::RequireAuthLayer;
use tower::ServiceBuilder;

use crate::support::{AS_PAGE, AS_SCRIPT, App, SIGNED_OUT, layer, send, test};

const CHUNK: u64 = 64 * 1024;
const MIB: u64 = 1024 * 1024;

/// A body of `left` chunks that counts its read bytes. After the last chunk it ends, or stays pending.
struct Upload {
    left: u64,
    ends: bool,
    /// The size by `Content-Length`, or zero without it.
    announced: u64,
    read: Arc<AtomicU64>,
}

impl Body for Upload {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if self.left == 0 {
            return if self.ends { Poll::Ready(None) } else { Poll::Pending };
        }
        self.left -= 1;
        self.read.fetch_add(CHUNK, Ordering::SeqCst);
        let chunk = Bytes::from_static(&[0; 64 * 1024]);
        Poll::Ready(Some(Ok(Frame::data(chunk))))
    }

    fn size_hint(&self) -> SizeHint {
        let mut hint = SizeHint::new();
        hint.set_lower(self.announced);
        hint
    }
}

/// The status of an upload without a user, and how many bytes were read of it.
async fn upload(left: u64, ends: bool, version: Version, headers: &[(&str, &str)]) -> (u16, u64) {
    upload_of(0, left, ends, version, headers).await
}

async fn upload_of(announced: u64, left: u64, ends: bool, version: Version, headers: &[(&str, &str)]) -> (u16, u64) {
    let service = ServiceBuilder::new()
        .layer(layer(test()))
        .layer(RequireAuthLayer::signed_in())
        .service(App::default().service());
    let read = Arc::<AtomicU64>::default();
    let body = Upload {
        left,
        ends,
        announced,
        read: read.clone(),
    };
    let mut request = Request::post("http://localhost:3000/upload").version(version);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let answer = send(service, request.header("cookie", SIGNED_OUT).body(body).unwrap()).await;
    (answer.status, read.load(Ordering::SeqCst))
}

#[tokio::test]
async fn refused_upload_is_read_to_its_end() {
    for (kind, status) in [(AS_PAGE, 303), (AS_SCRIPT, 401), (("hx-request", "true"), 401)] {
        assert_eq!(
            upload(10 * MIB / CHUNK, true, Version::HTTP_11, &[kind]).await,
            (status, 10 * MIB)
        );
    }
}

#[tokio::test]
async fn body_without_end_is_read_up_to_the_limit() {
    assert_eq!(
        upload(u64::MAX, true, Version::HTTP_11, &[AS_PAGE]).await,
        (303, 64 * MIB)
    );
}

#[tokio::test]
async fn body_announced_above_the_limit_is_not_read() {
    for (announced, expected) in [(64 * MIB, MIB), (64 * MIB + 1, 0)] {
        let answered = upload_of(announced, MIB / CHUNK, true, Version::HTTP_11, &[AS_PAGE]).await;
        assert_eq!(answered, (303, expected), "{announced}");
    }
}

#[tokio::test(start_paused = true)]
async fn body_that_stalls_is_given_up() {
    // The clock is the runtime's own: it jumps ahead when nothing else can happen.
    assert_eq!(upload(1, false, Version::HTTP_11, &[AS_PAGE]).await, (303, CHUNK));
}

#[tokio::test]
async fn streams_and_waiting_clients_are_answered_at_once() {
    let grpc = ("content-type", "application/grpc");
    let waits = ("expect", "100-continue");
    for (version, headers) in [
        (Version::HTTP_11, vec![grpc]),
        (Version::HTTP_11, vec![AS_PAGE, waits]),
        (Version::HTTP_2, vec![AS_PAGE]),
    ] {
        let (_, read) = upload(1, false, version, &headers).await;
        assert_eq!(read, 0, "{version:?} {headers:?}");
    }
}
