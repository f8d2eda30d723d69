//! [`ProxyBody`], the response body, and [`TimeLimited`], the time limits of both bodies.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Buf as _, Bytes};
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt as _;
use http_body_util::combinators::UnsyncBoxBody;
use pin_project_lite::pin_project;
use tokio::time::Instant;
use tower_http::timeout::TimeoutBody;

use crate::response::BytesBody;

pub(super) type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// The longest time for a whole body.
///
/// Without this limit, a body that arrives byte by byte would keep both connections for years.
const MAX_BODY_TIME: Duration = Duration::from_secs(10 * 60);

/// The error of a body that takes longer than [`MAX_BODY_TIME`].
#[derive(Debug, thiserror::Error)]
#[error("the whole body did not arrive in time")]
pub(super) struct TooLong;

/// The body of the proxy's responses: streamed from Clerk, or an error's.
///
/// The default is empty, for layers that create responses themselves.
pub struct ProxyBody(UnsyncBoxBody<Bytes, BoxError>);

impl ProxyBody {
    pub(super) fn streamed<B>(body: B, idle: Duration) -> Self
    where
        B: Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
    {
        Self(TimeLimited::new(body, idle).boxed_unsync())
    }
}

impl From<Bytes> for ProxyBody {
    fn from(bytes: Bytes) -> Self {
        let body = BytesBody::from(bytes);
        Self(body.map_err(|never| match never {}).boxed_unsync())
    }
}

impl Default for ProxyBody {
    fn default() -> Self {
        Bytes::new().into()
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
    /// A body with time limits. It fails with [`TimeoutError`](tower_http::timeout::TimeoutError) if a polled frame takes
    /// too long to arrive; the reader's pauses do not count. It fails with [`TooLong`] if the whole body takes too long.
    ///
    /// Keeps the length, which `TimeoutBody` hides: without it, hyper sends even an empty body in chunks.
    ///
    /// Ends at trailers. They are dropped, because the proxy's rules for fields cover heads only (RFC 9110 section 6.5.1
    /// allows that).
    pub(super) struct TimeLimited<B> {
        #[pin]
        body: TimeoutBody<B>,
        end: Instant,
        is_end: bool,
        exact: Option<u64>,
    }
}

impl<B: Body> TimeLimited<B> {
    pub(super) fn new(body: B, idle: Duration) -> Self {
        Self {
            is_end: body.is_end_stream(),
            exact: body.size_hint().exact(),
            body: TimeoutBody::new(idle, body),
            end: Instant::now() + MAX_BODY_TIME,
        }
    }
}

impl<B> Body for TimeLimited<B>
where
    B: Body<Error: Into<BoxError>>,
{
    type Data = B::Data;
    type Error = BoxError;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<B::Data>, BoxError>>> {
        let this = self.project();
        // A body without frames reaches the idle timeout first, so this needs no timer.
        if Instant::now() > *this.end {
            return Poll::Ready(Some(Err(TooLong.into())));
        }
        let frame = ready!(this.body.poll_frame(cx));
        let frame = frame.filter(|frame| !frame.as_ref().is_ok_and(Frame::is_trailers));
        match &frame {
            None => *this.is_end = true,
            Some(Ok(frame)) => {
                let length = frame.data_ref().map_or(0, |data| data.remaining() as u64);
                *this.exact = this.exact.map(|left| left.saturating_sub(length));
            }
            Some(Err(_)) => {}
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.is_end
    }

    fn size_hint(&self) -> SizeHint {
        self.exact.map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::StreamBody;
    use tokio::time::sleep;

    use super::*;

    /// The clock moves as soon as every task waits.
    #[tokio::test(start_paused = true)]
    async fn endless_trickle_is_an_error() {
        const PAUSE: Duration = Duration::from_secs(21);
        let frames = futures_util::stream::unfold((), |()| async {
            // A slow upstream, in paused time: the test takes no longer for it.
            sleep(PAUSE).await;
            Some((Ok::<_, BoxError>(Frame::data(Bytes::from("x"))), ()))
        });
        let body = StreamBody::new(Box::pin(frames));
        let mut body = ProxyBody::streamed(body, Duration::from_secs(30));
        let frames = MAX_BODY_TIME.as_secs() / PAUSE.as_secs();
        for _ in 0..frames {
            assert_eq!(body.frame().await.unwrap().unwrap().into_data().unwrap(), "x");
        }
        let error = body.frame().await.unwrap().unwrap_err();
        assert!(error.is::<TooLong>(), "{error}");
    }

    #[tokio::test]
    async fn length_and_end_of_a_streamed_body_are_kept() {
        let streamed = |bytes: &'static str| {
            let body = BytesBody::from(Bytes::from(bytes));
            ProxyBody::streamed(body, Duration::from_secs(30))
        };
        assert!(streamed("").is_end_stream());
        let mut body = streamed("xyz");
        assert_eq!(body.size_hint().exact(), Some(3));
        body.frame().await.unwrap().unwrap();
        assert_eq!(body.size_hint().exact(), Some(0));
        assert!(body.frame().await.is_none() && body.is_end_stream());
    }
}
