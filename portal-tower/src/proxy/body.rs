//! [`ProxyBody`], the body on its way back to the client, and the limit on pauses of both bodies.

use std::fmt;
use std::future::Future as _;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Full};
use pin_project_lite::pin_project;
use tokio::time::{Instant, Sleep};

pub(super) type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// No piece of a body came for too long.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("nothing came for {}s", .0.as_secs())]
pub(super) struct IdleTooLong(Duration);

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

/// An empty body, for layers that make responses themselves.
impl Default for ProxyBody {
    fn default() -> Self {
        Self::own(Bytes::new())
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
    /// A body that fails when nothing of it comes for too long while it is waited for. Time in which the reader does not
    /// ask for more does not count.
    pub(super) struct IdleLimited<B> {
        #[pin]
        body: B,
        #[pin]
        timer: Sleep,
        idle: Duration,
        is_waiting: bool,
    }
}

impl<B> IdleLimited<B> {
    pub(super) fn new(body: B, idle: Duration) -> Self {
        Self {
            body,
            timer: tokio::time::sleep(idle),
            idle,
            is_waiting: false,
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
            *this.is_waiting = false;
            return Poll::Ready(frame.map(|frame| frame.map_err(Into::into)));
        }
        if !std::mem::replace(this.is_waiting, true) {
            this.timer.as_mut().reset(Instant::now() + *this.idle);
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
