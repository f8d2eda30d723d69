//! [`ResponseBody`]: an inner service's body, or an answer of ours.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;

pin_project! {
    /// The body of a response that may come from the inner service or from a layer. Data and errors are the inner body's
    /// own types, so nothing around the layer notices it.
    pub struct ResponseBody<B: Body> {
        #[pin]
        kind: Kind<B>,
    }
}

pin_project! {
    #[project = KindProj]
    enum Kind<B: Body> {
        Inner { #[pin] body: B },
        Own { data: Option<B::Data>, size: u64 },
    }
}

impl<B: Body> ResponseBody<B> {
    pub(crate) fn inner(body: B) -> Self {
        Self {
            kind: Kind::Inner { body },
        }
    }

    pub(crate) fn empty() -> Self {
        Self {
            kind: Kind::Own { data: None, size: 0 },
        }
    }

    pub(crate) fn text(text: Bytes) -> Self
    where
        B::Data: From<Bytes>,
    {
        let size = u64::try_from(text.len()).unwrap_or(u64::MAX);
        let data = (!text.is_empty()).then(|| text.into());
        Self {
            kind: Kind::Own { data, size },
        }
    }
}

/// An empty body, as layers answer with that make responses themselves (tower-http's `CorsLayer` and `TimeoutLayer`).
impl<B: Body> Default for ResponseBody<B> {
    fn default() -> Self {
        Self::empty()
    }
}

impl<B: Body> fmt::Debug for ResponseBody<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.kind {
            Kind::Inner { .. } => "ResponseBody(inner)",
            Kind::Own { .. } => "ResponseBody(own)",
        })
    }
}

impl<B: Body> Body for ResponseBody<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        match self.project().kind.project() {
            KindProj::Inner { body } => body.poll_frame(cx),
            KindProj::Own { data, .. } => Poll::Ready(data.take().map(|data| Ok(Frame::data(data)))),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.kind {
            Kind::Inner { body } => body.is_end_stream(),
            Kind::Own { data, .. } => data.is_none(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.kind {
            Kind::Inner { body } => body.size_hint(),
            Kind::Own { data: Some(_), size } => SizeHint::with_exact(*size),
            Kind::Own { data: None, .. } => SizeHint::with_exact(0),
        }
    }
}
