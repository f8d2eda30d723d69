//! Bodies of deliveries: in pieces, too large, slow, endless, broken.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use http::{HeaderMap, Request};
use http_body::{Body, Frame, SizeHint};
use http_body_util::StreamBody;

use super::{Notes, code, delivery, receiver};
use crate::support::{Answer, send};

type FrameResult = Result<Frame<Bytes>, Infallible>;

fn data(bytes: impl Into<Bytes>) -> FrameResult {
    Ok(Frame::data(bytes.into()))
}

/// A genuine delivery whose body arrives as these frames. `frames` get the genuine body.
fn with_frames<S>(frames: impl FnOnce(String) -> S) -> Request<StreamBody<S>> {
    delivery("msg_1").map(|body| StreamBody::new(frames(body)))
}

async fn refused_with(answer: Answer, notes: &Notes) -> (u16, String) {
    assert!(notes.ids().is_empty());
    (answer.status, code(&answer))
}

#[tokio::test]
async fn body_in_many_frames_is_joined() {
    let notes = Notes::default();
    let request = with_frames(|body| {
        let bytes: Vec<FrameResult> = body.bytes().map(|byte| data(vec![byte])).collect();
        let empty = [data(""), data("")];
        let mut trailers = HeaderMap::new();
        trailers.insert("svix-id", "msg_2".parse().unwrap());
        stream::iter(empty.into_iter().chain(bytes).chain([Ok(Frame::trailers(trailers))]))
    });
    assert_eq!(send(notes.service(receiver()), request).await.status, 200);
    assert_eq!(notes.ids(), ["msg_1"]);
}

#[tokio::test]
async fn body_of_the_largest_size_is_accepted_and_one_byte_more_is_413() {
    let length = delivery("msg_1").body().len();
    for (limit, status) in [(length, 200), (length - 1, 413), (0, 413)] {
        let receiver = receiver().with_max_body_bytes(limit);
        let notes = Notes::default();
        let answer = send(notes.service(receiver.clone()), delivery("msg_1")).await;
        assert_eq!(answer.status, status);
        // Without a declared length, the bytes count as they arrive.
        let in_pieces = with_frames(|body| stream::iter([data(body[..9].to_owned()), data(body[9..].to_owned())]));
        let answer = send(Notes::default().service(receiver), in_pieces).await;
        assert_eq!(answer.status, status);
        assert_eq!(notes.ids().len(), usize::from(status == 200));
    }
}

#[tokio::test]
async fn endless_body_is_read_up_to_the_limit() {
    const FRAME: usize = 16 * 1024;
    let (notes, polled) = (Notes::default(), Arc::new(AtomicUsize::new(0)));
    let count = polled.clone();
    let request = with_frames(|_| {
        stream::repeat_with(move || {
            count.fetch_add(FRAME, Ordering::SeqCst);
            data(vec![b' '; FRAME])
        })
    });
    let answer = send(notes.service(receiver()), request).await;
    assert_eq!(
        refused_with(answer, &notes).await,
        (413, "webhook-body-too-large".to_owned())
    );
    // 1 MiB, and the frame that exceeds it.
    assert_eq!(polled.load(Ordering::SeqCst), 1024 * 1024 + FRAME);
}

/// A body that must not be read.
struct Unread {
    length: u64,
}

impl Body for Unread {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<FrameResult>> {
        panic!("a refused body is read");
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.length)
    }
}

#[tokio::test]
async fn body_above_the_limit_by_its_declared_length_is_not_read() {
    let notes = Notes::default();
    let length = 1024 * 1024 + 1;
    let request = delivery("msg_1").map(|_| Unread { length });
    let answer = send(notes.service(receiver()), request).await;
    assert_eq!(
        refused_with(answer, &notes).await,
        (413, "webhook-body-too-large".to_owned())
    );
}

#[tokio::test(start_paused = true)]
async fn stalled_body_gets_408_after_ten_seconds() {
    let notes = Notes::default();
    let request = with_frames(|body| {
        let first = data(body[..9].to_owned());
        stream::iter([first]).chain(stream::pending())
    });
    let start = tokio::time::Instant::now();
    let answer = send(notes.service(receiver()), request).await;
    assert_eq!(
        refused_with(answer, &notes).await,
        (408, "webhook-body-too-slow".to_owned())
    );
    assert_eq!(start.elapsed().as_secs(), 10);
}

#[tokio::test(start_paused = true)]
async fn body_that_arrives_byte_by_byte_gets_408() {
    let notes = Notes::default();
    let request = with_frames(|body| {
        Box::pin(stream::iter(body.into_bytes()).then(async |byte| {
            // Plays a slow client, in paused time.
            tokio::time::sleep(Duration::from_millis(900)).await;
            data(vec![byte])
        }))
    });
    let receiver = receiver().with_body_timeout(Duration::from_secs(30));
    let start = tokio::time::Instant::now();
    let answer = send(notes.service(receiver), request).await;
    assert_eq!(
        refused_with(answer, &notes).await,
        (408, "webhook-body-too-slow".to_owned())
    );
    assert_eq!(start.elapsed().as_secs(), 30);
}

#[tokio::test]
async fn empty_frames_without_end_do_not_hold_off_the_time_limit() {
    let notes = Notes::default();
    let request = with_frames(|_| stream::repeat_with(|| data("")));
    let receiver = receiver().with_body_timeout(Duration::from_millis(20));
    let answer = send(notes.service(receiver), request).await;
    assert_eq!(
        refused_with(answer, &notes).await,
        (408, "webhook-body-too-slow".to_owned())
    );
}

#[tokio::test]
async fn body_that_breaks_off_gets_400() {
    let notes = Notes::default();
    let request = delivery("msg_1").map(|body| {
        let frames = [Ok(Frame::data(Bytes::from(body))), Err(std::io::Error::other("reset"))];
        StreamBody::new(stream::iter(frames))
    });
    let answer = send(notes.service(receiver()), request).await;
    assert_eq!(
        refused_with(answer, &notes).await,
        (400, "webhook-body-incomplete".to_owned())
    );
}
