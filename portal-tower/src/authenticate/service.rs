use std::mem;
use std::task::{Context, Poll};

use http::request::Parts;
use http::{Request, Response, StatusCode};
use http_body::Body;
use portal_sdk::Authenticator;
use portal_sdk::backend::{BackendApi, HttpBackend};
use tower_service::Service;

use super::ResponseFuture;
use super::layer::Choose;
use crate::auth::{AnswerSettings, Auth};
use crate::response::ResponseBody;

/// The service of [`AuthenticateLayer`](super::AuthenticateLayer).
#[derive(Debug)]
pub struct Authenticate<S, B = HttpBackend> {
    inner: S,
    choose: Choose<B>,
    settings: AnswerSettings,
}

impl<S, B> Authenticate<S, B> {
    pub(super) fn new(inner: S, choose: Choose<B>, settings: AnswerSettings) -> Self {
        Self {
            inner,
            choose,
            settings,
        }
    }
}

impl<B: BackendApi> Choose<B> {
    fn authenticator(&self, parts: &Parts) -> Option<Authenticator<B>> {
        match self {
            Self::Fixed(authenticator) => Some(authenticator.clone()),
            Self::PerRequest(choose) => choose(parts),
        }
    }
}

impl<S, B, ReqBody, ResBody> Service<Request<ReqBody>> for Authenticate<S, B>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>> + Clone,
    B: BackendApi,
    ResBody: Body,
{
    type Response = Response<ResponseBody<ResBody>>;
    type Error = S::Error;
    type Future = ResponseFuture<S, B, ReqBody, ResBody>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<ReqBody>) -> Self::Future {
        let (mut parts, body) = request.into_parts();
        // Another layer of this kind is outside: the address it saw is the browser's, whatever a router has taken off it
        // since.
        if let Some(outer) = parts.extensions.get::<Auth>() {
            let url = outer.public_url().clone();
            parts.extensions.insert(url);
        }
        let Some(authenticator) = self.choose.authenticator(&parts) else {
            return ResponseFuture::respond(StatusCode::MISDIRECTED_REQUEST, None);
        };
        if let Some(authenticated) = authenticator.settle(&parts) {
            let auth = Auth::new(authenticated, authenticator, &parts.headers, self.settings.clone());
            return ResponseFuture::decided(auth, parts, body, &mut self.inner);
        }
        // The service that was polled ready goes into the future and its clone stays behind, not the other way round:
        // a clone need not be ready.
        let clone = self.inner.clone();
        let ready = mem::replace(&mut self.inner, clone);
        ResponseFuture::settle(authenticator, self.settings.clone(), parts, body, ready)
    }
}

impl<S: Clone, B> Clone for Authenticate<S, B> {
    fn clone(&self) -> Self {
        Self {
            inner: self.inner.clone(),
            choose: self.choose.clone(),
            settings: self.settings.clone(),
        }
    }
}
