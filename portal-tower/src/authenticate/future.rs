use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http::request::Parts;
use http::{Request, Response, StatusCode};
use http_body::Body;
use pin_project_lite::pin_project;
use portal_sdk::backend::BackendApi;
use portal_sdk::{Authenticated, Authenticator};
use tower_service::Service;

use crate::auth::{AnswerSettings, Auth};
use crate::response::ResponseBody;

type Settled = (Authenticated, Parts);

pin_project! {
    /// The future of [`Authenticate`](super::Authenticate).
    pub struct ResponseFuture<S, B, ReqBody, ResBody>
    where
        S: Service<Request<ReqBody>>,
    {
        #[pin]
        kind: Kind<S, B, ReqBody, S::Future, ResBody>,
    }
}

pin_project! {
    #[project = KindProj]
    enum Kind<S, B, ReqBody, F, ResBody> {
        /// The inner service is at work; the outcome's headers wait for its response.
        Forward { #[pin] future: F, auth: Auth },
        /// Answered here.
        Respond { response: Option<Box<Response<()>>> },
        /// Something must be fetched before the inner service can be called. The only boxed arm.
        Settle { call: Option<Box<Call<S, B, ReqBody>>>, _body: std::marker::PhantomData<fn() -> ResBody> },
    }
}

/// What is kept while the request is being authenticated.
struct Call<S, B, ReqBody> {
    settling: Pin<Box<dyn Future<Output = Settled> + Send>>,
    authenticator: Authenticator<B>,
    settings: AnswerSettings,
    body: ReqBody,
    ready: S,
}

impl<S, B, ReqBody, ResBody> ResponseFuture<S, B, ReqBody, ResBody>
where
    S: Service<Request<ReqBody>>,
    B: BackendApi,
{
    pub(super) fn respond(status: StatusCode, auth: Option<&Auth>) -> Self {
        let mut response = Response::new(());
        *response.status_mut() = status;
        if let Some(auth) = auth {
            auth.outcome().directives().apply(response.headers_mut());
        }
        Self {
            kind: Kind::Respond {
                response: Some(Box::new(response)),
            },
        }
    }

    pub(super) fn decided(auth: Auth, mut parts: Parts, body: ReqBody, inner: &mut S) -> Self {
        if auth.outcome().directives().location().is_some() {
            return Self::respond(StatusCode::TEMPORARY_REDIRECT, Some(&auth));
        }
        if let Some(user_id) = auth.user_id_for_logs() {
            tracing::Span::current().record("user_id", tracing::field::display(user_id));
        }
        parts.extensions.insert(auth.clone());
        Self {
            kind: Kind::Forward {
                future: inner.call(Request::from_parts(parts, body)),
                auth,
            },
        }
    }

    pub(super) fn settle(
        authenticator: Authenticator<B>,
        settings: AnswerSettings,
        parts: Parts,
        body: ReqBody,
        ready: S,
    ) -> Self {
        let driver = authenticator.clone();
        let settling = Box::pin(async move { (driver.authenticate(&parts).await, parts) });
        let call = Call {
            settling,
            authenticator,
            settings,
            body,
            ready,
        };
        Self {
            kind: Kind::Settle {
                call: Some(Box::new(call)),
                _body: std::marker::PhantomData,
            },
        }
    }
}

impl<S, B, ReqBody, ResBody> Future for ResponseFuture<S, B, ReqBody, ResBody>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>>,
    B: BackendApi,
    ResBody: Body,
{
    type Output = Result<Response<ResponseBody<ResBody>>, S::Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        loop {
            let next = match this.kind.as_mut().project() {
                KindProj::Forward { future, auth } => {
                    let mut response = ready!(future.poll(cx))?;
                    auth.finish(response.headers_mut());
                    return Poll::Ready(Ok(response.map(ResponseBody::inner)));
                }
                KindProj::Respond { response } => {
                    let response = response.take().expect("a future is not polled after it is done");
                    return Poll::Ready(Ok(response.map(|()| ResponseBody::empty())));
                }
                KindProj::Settle { call, .. } => {
                    let settling = &mut call.as_mut().expect("the call is taken once").settling;
                    let (authenticated, parts) = ready!(settling.as_mut().poll(cx));
                    let Call {
                        authenticator,
                        settings,
                        body,
                        mut ready,
                        ..
                    } = *call.take().expect("it was there just now");
                    let auth = Auth::new(authenticated, authenticator, &parts.headers, settings);
                    Self::decided(auth, parts, body, &mut ready)
                }
            };
            this.kind.set(next.kind);
        }
    }
}

impl<S, B, ReqBody, ResBody> fmt::Debug for ResponseFuture<S, B, ReqBody, ResBody>
where
    S: Service<Request<ReqBody>>,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}
