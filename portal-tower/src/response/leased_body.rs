//! [`LeasedBody`]: a streaming response that ends when the session does.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;
use portal_sdk::lease::{Lease, LeaseEnd};

type LastFrame<D> = Box<dyn FnOnce(LeaseEnd) -> D + Send>;

pin_project! {
    /// A body that ends when the session's lease ends.
    ///
    /// Use it for responses that stream for a long time. The response ends as if the inner body were complete, optionally
    /// after a last frame. The inner body is dropped at that moment. Frames are never cut, so a stream with one event in
    /// each frame, such as axum's `Sse`, ends between two events.
    ///
    /// The length of the body is not known in advance, so the response must not have the field `Content-Length`.
    ///
    /// ```
    /// use bytes::Bytes;
    /// use http::Response;
    /// use http_body::Body;
    /// use portal_tower::{LeasedBody, SignedInRef};
    ///
    /// /// Tells the client why its event stream ends.
    /// fn until_sign_out<B>(user: SignedInRef<'_>, events: Response<B>) -> Response<LeasedBody<B>>
    /// where
    ///     B: Body<Data = Bytes>,
    /// {
    ///     events.map(|body| LeasedBody::new(body, user.lease()).with_last_frame(|end| end.to_sse().into()))
    /// }
    /// ```
    pub struct LeasedBody<B: Body> {
        // `None` after the end.
        #[pin]
        body: Option<B>,
        ended: Pin<Box<dyn Future<Output = LeaseEnd> + Send>>,
        last: Option<LastFrame<B::Data>>,
    }
}

impl<B: Body> LeasedBody<B> {
    /// Creates a body that ends with `body` or with the lease, whichever comes first.
    pub fn new(body: B, lease: Lease) -> Self {
        Self {
            body: Some(body),
            // The future keeps the lease.
            ended: Box::pin(async move { lease.ended().await }),
            last: None,
        }
    }

    /// Sets the frame that is sent when the lease ends, such as [`LeaseEnd::to_sse`].
    ///
    /// It is not sent if the inner body ends first.
    #[must_use]
    pub fn with_last_frame(self, last: impl FnOnce(LeaseEnd) -> B::Data + Send + 'static) -> Self {
        Self {
            last: Some(Box::new(last)),
            ..self
        }
    }
}

impl<B: Body> Body for LeasedBody<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        let mut this = self.project();
        let Some(body) = this.body.as_mut().as_pin_mut() else {
            return Poll::Ready(None);
        };
        // Polled first, because an inner body that is always ready must not outlive the session.
        if let Poll::Ready(end) = this.ended.as_mut().poll(cx) {
            this.body.set(None);
            return Poll::Ready(this.last.take().map(|last| Ok(Frame::data(last(end)))));
        }
        let frame = body.poll_frame(cx);
        if let Poll::Ready(None) = frame {
            this.body.set(None);
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(Body::is_end_stream)
    }

    /// Unknown, because the lease may end the body at any time.
    fn size_hint(&self) -> SizeHint {
        match self.is_end_stream() {
            true => SizeHint::with_exact(0),
            false => SizeHint::default(),
        }
    }
}

impl<B: Body> fmt::Debug for LeasedBody<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LeasedBody")
            .field("is_end_stream", &self.is_end_stream())
            .finish_non_exhaustive()
    }
}
