use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use portal_sdk::portal::PortalPage;
use tower_service::Service;

use super::{Refusal, ResponseFuture};
use crate::auth::Auth;
use crate::body::ResponseBody;

/// The service of [`RequireAuthLayer`](super::RequireAuthLayer).
#[derive(Clone, Copy, Debug)]
pub struct RequireAuth<S> {
    inner: S,
    page: PortalPage,
}

impl<S> RequireAuth<S> {
    pub(super) fn new(inner: S, page: PortalPage) -> Self {
        Self { inner, page }
    }
}

impl<S, ReqBody, ResBody> Service<Request<ReqBody>> for RequireAuth<S>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>>,
    ResBody: Body<Data: From<Bytes>>,
{
    type Response = Response<ResponseBody<ResBody>>;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<ReqBody>) -> Self::Future {
        let refusal = match request.extensions().get::<Auth>() {
            Some(auth) if auth.signed_in().is_some() => return ResponseFuture::forward(self.inner.call(request)),
            Some(auth) => Refusal::of(auth, self.page),
            None => Refusal::missing_layer(),
        };
        ResponseFuture::refuse(refusal)
    }
}
