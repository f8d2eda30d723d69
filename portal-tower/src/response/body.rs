//! [`ResponseBody`], an inner service's body or a response made here, and [`BytesBody`], a response made here.

use std::convert::Infallible;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;

pin_project! {
    /// The body of a response, from the inner service or a layer.
    ///
    /// Data and errors have the inner body's types, so that a layer changes neither. The default is empty, for layers
    /// that create responses themselves (tower-http's `CorsLayer` and `TimeoutLayer`).
    ///
    /// ```
    /// use bytes::Bytes;
    /// use http_body::Body as _;
    /// use portal_tower::{BytesBody, ResponseBody};
    ///
    /// let body: ResponseBody<BytesBody> = ResponseBody::from(Bytes::from("Signed out."));
    /// assert_eq!(body.size_hint().exact(), Some(11));
    /// ```
    pub struct ResponseBody<B: Body> {
        #[pin]
        kind: Kind<B>,
    }
}

pin_project! {
    #[project = KindProj]
    enum Kind<B: Body> {
        Inner { #[pin] body: B },
        Own { data: Option<B::Data>, length: u64 },
    }
}

impl<B: Body> ResponseBody<B> {
    pub(crate) fn inner(body: B) -> Self {
        Self {
            kind: Kind::Inner { body },
        }
    }
}

impl<B: Body<Data: From<Bytes>>> From<Bytes> for ResponseBody<B> {
    fn from(bytes: Bytes) -> Self {
        let length = bytes.len() as u64;
        let data = (!bytes.is_empty()).then(|| bytes.into());
        Self {
            kind: Kind::Own { data, length },
        }
    }
}

impl<B: Body> Default for ResponseBody<B> {
    fn default() -> Self {
        Self {
            kind: Kind::Own { data: None, length: 0 },
        }
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
            Kind::Own { data: Some(_), length } => SizeHint::with_exact(*length),
            Kind::Own { data: None, .. } => SizeHint::with_exact(0),
        }
    }
}

/// The body of a response made here, complete in memory. The default is empty.
///
/// ```
/// use bytes::Bytes;
/// use http_body::Body as _;
/// use portal_tower::BytesBody;
///
/// let body = BytesBody::from(Bytes::from("Signed out."));
/// assert_eq!(body.size_hint().exact(), Some(11));
/// assert!(BytesBody::default().is_end_stream());
/// ```
#[derive(Clone, Default)]
pub struct BytesBody {
    /// The unread bytes; empty at the end.
    bytes: Bytes,
}

impl From<Bytes> for BytesBody {
    fn from(bytes: Bytes) -> Self {
        Self { bytes }
    }
}

impl Body for BytesBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let bytes = std::mem::take(&mut self.bytes);
        Poll::Ready((!bytes.is_empty()).then(|| Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        self.bytes.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.bytes.len() as u64)
    }
}

/// Shows only the length, because a page may hold private data.
impl fmt::Debug for BytesBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BytesBody")
            .field("length", &self.bytes.len())
            .finish_non_exhaustive()
    }
}
