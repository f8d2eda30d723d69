use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::Response;
use http_body::Body;
use pin_project_lite::pin_project;

use super::Refusal;
use crate::body::ResponseBody;
use crate::caching::{keep_nowhere, keep_to_one_user};

pin_project! {
    /// The future of [`RequireAuth`](super::RequireAuth).
    #[derive(Debug)]
    pub struct ResponseFuture<F> {
        #[pin]
        kind: Kind<F>,
    }
}

pin_project! {
    #[project = KindProj]
    #[derive(Debug)]
    enum Kind<F> {
        Forward { #[pin] future: F, no_store: bool },
        Refuse { refusal: Option<Refusal> },
    }
}

impl<F> ResponseFuture<F> {
    pub(super) fn forward(future: F, no_store: bool) -> Self {
        Self {
            kind: Kind::Forward { future, no_store },
        }
    }

    pub(super) fn refuse(refusal: Refusal) -> Self {
        Self {
            kind: Kind::Refuse { refusal: Some(refusal) },
        }
    }
}

impl<F, B, E> Future for ResponseFuture<F>
where
    F: Future<Output = Result<Response<B>, E>>,
    B: Body<Data: From<Bytes>>,
{
    type Output = Result<Response<ResponseBody<B>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project().kind.project() {
            KindProj::Forward { future, no_store } => {
                let mut response = ready!(future.poll(cx))?;
                // Here too, not only in `AuthenticateLayer`: a cache may stand between the two.
                keep_to_one_user(response.headers_mut());
                if *no_store {
                    keep_nowhere(response.headers_mut());
                }
                Poll::Ready(Ok(response.map(ResponseBody::inner)))
            }
            KindProj::Refuse { refusal } => {
                let refusal = refusal.take().expect("a future is not polled after it is done");
                Poll::Ready(Ok(refusal.into_response().map(ResponseBody::text)))
            }
        }
    }
}
