use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use pin_project_lite::pin_project;

use super::Refusal;
use crate::caching::{keep_nowhere, keep_to_one_user};
use crate::drain::Drain;
use crate::response::ResponseBody;

pin_project! {
    /// The future of [`RequireAuth`](super::RequireAuth).
    #[derive(Debug)]
    #[must_use = "futures do nothing unless polled"]
    pub struct ResponseFuture<F, ReqBody> {
        #[pin]
        kind: Kind<F, ReqBody>,
    }
}

pin_project! {
    #[project = KindProj]
    #[derive(Debug)]
    enum Kind<F, ReqBody> {
        Forward { #[pin] future: F, no_store: bool },
        /// The rest of the request's body is read before the refusal is sent.
        Drain { #[pin] drain: Drain<ReqBody>, refusal: Option<Refusal> },
        Refuse { refusal: Option<Refusal> },
    }
}

impl<F, ReqBody: Body> ResponseFuture<F, ReqBody> {
    pub(super) fn forward(future: F, no_store: bool) -> Self {
        Self {
            kind: Kind::Forward { future, no_store },
        }
    }

    pub(super) fn refuse(refusal: Refusal, request: Request<ReqBody>) -> Self {
        let drain = Drain::of(request, refusal.caller().keeps_sending());
        let refusal = Some(refusal);
        Self {
            kind: match drain {
                Some(drain) => Kind::Drain { drain, refusal },
                None => Kind::Refuse { refusal },
            },
        }
    }
}

impl<F, ReqBody, B, E> Future for ResponseFuture<F, ReqBody>
where
    ReqBody: Body,
    F: Future<Output = Result<Response<B>, E>>,
    B: Body<Data: From<Bytes>>,
{
    type Output = Result<Response<ResponseBody<B>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project().kind.project() {
            KindProj::Forward { future, no_store } => {
                let mut response = ready!(future.poll(cx))?;
                // Also here, because a cache may stand between this layer and `AuthenticateLayer`.
                keep_to_one_user(response.headers_mut());
                if *no_store {
                    keep_nowhere(response.headers_mut());
                }
                Poll::Ready(Ok(response.map(ResponseBody::inner)))
            }
            KindProj::Drain { drain, refusal } => {
                ready!(drain.poll(cx));
                Poll::Ready(Ok(answer(refusal)))
            }
            KindProj::Refuse { refusal } => Poll::Ready(Ok(answer(refusal))),
        }
    }
}

fn answer<B: Body<Data: From<Bytes>>>(refusal: &mut Option<Refusal>) -> Response<ResponseBody<B>> {
    let refusal = refusal.take().expect("a future is not polled after it is done");
    refusal.into_response().map(ResponseBody::from)
}
