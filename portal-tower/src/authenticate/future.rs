use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use http::request::Parts;
use http::{Request, Response, StatusCode};
use http_body::Body;
use pin_project_lite::pin_project;
use portal_sdk::authenticator::{Authenticated, Authenticator};
use portal_sdk::backend::BackendApi;
use tower_service::Service;

use crate::auth::{Accounts, AnswerSettings, Auth};
use crate::response::ResponseBody;

pin_project! {
    /// The future of [`Authenticate`](super::Authenticate).
    #[must_use = "futures do nothing unless polled"]
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
        /// The inner service runs; the outcome's headers are added to its response.
        Forward { #[pin] future: F, auth: Option<Auth> },
        /// This layer responds.
        Respond { response: Option<Box<Response<()>>> },
        /// The inner service runs after a fetch. The only boxed variant.
        Authenticate { call: Option<Box<Call<S, ReqBody>>>, _types: PhantomData<fn() -> (B, ResBody)> },
    }
}

/// The state of a request while it is authenticated.
struct Call<S, ReqBody> {
    authenticating: Pin<Box<dyn Future<Output = (Authenticated, Parts)> + Send>>,
    accounts: Arc<dyn Accounts>,
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
            auth.outcome().headers.apply(response.headers_mut());
        }
        Self {
            kind: Kind::Respond {
                response: Some(Box::new(response)),
            },
        }
    }

    pub(super) fn decided(auth: Auth, mut parts: Parts, body: ReqBody, inner: &mut S) -> Self {
        if auth.outcome().headers.location().is_some() {
            return Self::respond(StatusCode::TEMPORARY_REDIRECT, Some(&auth));
        }
        if let Some(user_id) = auth.user_id_for_logs() {
            tracing::Span::current().record("user_id", tracing::field::display(user_id));
        }
        parts.extensions.insert(auth.clone());
        Self {
            kind: Kind::Forward {
                future: inner.call(Request::from_parts(parts, body)),
                auth: Some(auth),
            },
        }
    }

    pub(super) fn authenticate(
        authenticator: Authenticator<B>,
        accounts: Arc<dyn Accounts>,
        settings: AnswerSettings,
        parts: Parts,
        body: ReqBody,
        ready: S,
    ) -> Self {
        let authenticating = Box::pin(async move {
            let authenticated = match parts.extensions.get::<Auth>() {
                Some(outer) => authenticator.authenticate_at(&parts, outer.public_url()).await,
                None => authenticator.authenticate(&parts).await,
            };
            (authenticated, parts)
        });
        let call = Call {
            authenticating,
            accounts,
            settings,
            body,
            ready,
        };
        Self {
            kind: Kind::Authenticate {
                call: Some(Box::new(call)),
                _types: PhantomData,
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
                    let response = ready!(future.poll(cx));
                    let auth = auth.take().expect("a future is not polled after it is done");
                    let mut response = response?;
                    auth.finish(response.headers_mut());
                    auth.end();
                    return Poll::Ready(Ok(response.map(ResponseBody::inner)));
                }
                KindProj::Respond { response } => {
                    let response = response.take().expect("a future is not polled after it is done");
                    return Poll::Ready(Ok(response.map(|()| ResponseBody::default())));
                }
                KindProj::Authenticate { call, .. } => {
                    let authenticating = &mut call.as_mut().expect("the call is taken once").authenticating;
                    let (authenticated, parts) = ready!(authenticating.as_mut().poll(cx));
                    let Call {
                        accounts,
                        settings,
                        body,
                        mut ready,
                        ..
                    } = *call.take().expect("it was there just now");
                    let outer = parts.extensions.get::<Auth>();
                    let auth = Auth::new(authenticated, &accounts, &parts, outer, settings);
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
