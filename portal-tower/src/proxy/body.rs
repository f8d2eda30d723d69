//! Bodies on their way through: [`ProxyBody`] back to the client, and the limits on both.

use std::fmt;
use std::future::Future as _;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Buf as _, Bytes};
use http_body::{Body, Frame, SizeHint};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Full, Limited};
use pin_project_lite::pin_project;
use tokio::time::{Instant, Sleep};

pub(super) type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// A request's body as the client for Clerk takes it.
pub(super) type RequestBody = UnsyncBoxBody<Bytes, BoxError>;

/// No piece of a body came for too long.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("nothing came for {}s", .0.as_secs())]
pub(super) struct IdleTooLong(Duration);

/// A request's body, cut off where it is larger than `max_bytes` or stops for longer than `idle`.
pub(super) fn request_body<B>(body: B, max_bytes: usize, idle: Duration) -> RequestBody
where
    B: Body<Error: Into<BoxError>> + Send + 'static,
    B::Data: Send,
{
    let body = body.map_frame(|frame| frame.map_data(|mut data| data.copy_to_bytes(data.remaining())));
    IdleLimited::new(Limited::new(body, max_bytes), idle).boxed_unsync()
}

/// The body of the proxy's answers: Clerk's, piece by piece as it comes, or the proxy's own.
pub struct ProxyBody(UnsyncBoxBody<Bytes, BoxError>);

impl ProxyBody {
    pub(super) fn of<B>(body: B, idle: Duration) -> Self
    where
        B: Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
    {
        Self(IdleLimited::new(body, idle).boxed_unsync())
    }

    pub(super) fn own(text: Bytes) -> Self {
        Self(Full::new(text).map_err(|never| match never {}).boxed_unsync())
    }
}

impl Body for ProxyBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        Pin::new(&mut self.0).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.0.size_hint()
    }
}

impl fmt::Debug for ProxyBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProxyBody").finish_non_exhaustive()
    }
}

pin_project! {
    /// A body that fails when nothing of it comes for too long.
    struct IdleLimited<B> {
        #[pin]
        body: B,
        #[pin]
        timer: Sleep,
        idle: Duration,
    }
}

impl<B> IdleLimited<B> {
    fn new(body: B, idle: Duration) -> Self {
        Self {
            body,
            timer: tokio::time::sleep(idle),
            idle,
        }
    }
}

impl<B> Body for IdleLimited<B>
where
    B: Body<Error: Into<BoxError>>,
{
    type Data = B::Data;
    type Error = BoxError;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<B::Data>, BoxError>>> {
        let mut this = self.project();
        if let Poll::Ready(frame) = this.body.poll_frame(cx) {
            this.timer.as_mut().reset(Instant::now() + *this.idle);
            return Poll::Ready(frame.map(|frame| frame.map_err(Into::into)));
        }
        match this.timer.poll(cx) {
            Poll::Ready(()) => Poll::Ready(Some(Err(IdleTooLong(*this.idle).into()))),
            Poll::Pending => Poll::Pending,
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
