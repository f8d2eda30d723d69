//! Reading the rest of a refused request's body.
//!
//! A server that answers while a client still sends closes the connection, and the bytes on their way reset it
//! (RFC 9112 section 9.6): the browser shows an error instead of the way to sign-in. So the body is read and dropped
//! before the answer, up to a limit.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use crate::caller::Caller;
use http::header::EXPECT;
use http::{Request, Version};
use http_body::Body;
use pin_project_lite::pin_project;
use tokio::time::Sleep;

/// How many bytes of a refused request's body are read at most: 64 MiB.
const MAX_BYTES: u64 = 64 * 1024 * 1024;
/// How long a refused request's body is read at most.
const MAX_TIME: Duration = Duration::from_secs(60);

pin_project! {
    /// The rest of a body that is read and dropped.
    #[derive(Debug)]
    pub(super) struct Drain<B> {
        #[pin]
        body: B,
        left: u64,
        // Boxed, because few requests have one. `None` outside a tokio runtime: the bytes are bounded all the same.
        deadline: Option<Pin<Box<Sleep>>>,
    }
}

impl<B: Body> Drain<B> {
    /// The body of `request`, if answering without it would lose the answer.
    ///
    /// Streams never end, since HTTP/2 a stream ends alone, a client that waits for `100 Continue` (RFC 9110 section
    /// 10.1.1) has sent nothing, and a body that is longer than the limit is reset in any case.
    pub(super) fn of(request: Request<B>, caller: Caller) -> Option<Self> {
        let is_stream = matches!(caller, Caller::Stream | Caller::Grpc(_));
        let waits = request.headers().contains_key(EXPECT);
        let is_alone = request.version() >= Version::HTTP_2;
        let body = request.into_body();
        let is_short = !body.is_end_stream() && body.size_hint().lower() <= MAX_BYTES;
        let is_needed = is_short && !is_stream && !waits && !is_alone;
        is_needed.then(|| Self {
            body,
            left: MAX_BYTES,
            deadline: tokio::runtime::Handle::try_current()
                .is_ok()
                .then(|| Box::pin(tokio::time::sleep(MAX_TIME))),
        })
    }
}

impl<B: Body> Future for Drain<B> {
    type Output = ();

    /// Ready at the end of the body, at its first error, or at a limit.
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut this = self.project();
        if let Some(deadline) = this.deadline
            && deadline.as_mut().poll(cx).is_ready()
        {
            return Poll::Ready(());
        }
        while let Some(Ok(frame)) = ready!(this.body.as_mut().poll_frame(cx)) {
            let length = frame.data_ref().map_or(0, bytes::Buf::remaining);
            *this.left = this.left.saturating_sub(u64::try_from(length).unwrap_or(u64::MAX));
            if *this.left == 0 {
                break;
            }
        }
        Poll::Ready(())
    }
}
