//! [`Drain`]: reads the rest of a refused request's body.
//!
//! A server that responds during an upload closes the connection, and bytes that arrive later reset it (RFC 9112
//! section 9.6). The browser then shows an error instead of the response. The body is therefore read and dropped
//! before the response, up to a limit.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use http::header::EXPECT;
use http::{Request, Version};
use http_body::Body;
use pin_project_lite::pin_project;
use tokio::time::Sleep;

/// The most bytes of a refused request's body that are read: 64 MiB.
const MAX_BYTES: u64 = 64 * 1024 * 1024;
/// The longest time that a refused request's body is read.
const MAX_TIME: Duration = Duration::from_secs(60);

pin_project! {
    /// The rest of a body that is read and dropped.
    #[derive(Debug)]
    pub(crate) struct Drain<B> {
        #[pin]
        body: B,
        left: u64,
        // Boxed, because few requests have one. `None` outside a tokio runtime; the bytes stay bounded.
        deadline: Option<Pin<Box<Sleep>>>,
    }
}

impl<B: Body> Drain<B> {
    /// Returns the body of `request` if a response before its end could be lost.
    ///
    /// Streams never end. HTTP/2 resets a single stream only. A client that waits for `100 Continue` (RFC 9110 section
    /// 10.1.1) has sent no body. A body above the limit is reset anyway.
    pub(crate) fn of(request: Request<B>, is_stream: bool) -> Option<Self> {
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

    /// Completes at the end of the body, at its first error, or at a limit.
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
