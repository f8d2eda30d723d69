use std::sync::Arc;
use std::task::{Context, Poll};

use crate::caller::Caller;
use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use tower_service::Service;

use super::layer::Rule;
use super::{Refusal, ResponseFuture};
use crate::auth::Auth;
use crate::response::ResponseBody;

/// The service of [`RequireAuthLayer`](crate::RequireAuthLayer).
#[derive(Clone, Debug)]
pub struct RequireAuth<S> {
    inner: S,
    /// Shared, because routers clone the service for every request.
    rule: Arc<Rule>,
}

impl<S> RequireAuth<S> {
    pub(super) fn new(inner: S, rule: Rule) -> Self {
        Self {
            inner,
            rule: Arc::new(rule),
        }
    }
}

impl<S, ReqBody, ResBody> Service<Request<ReqBody>> for RequireAuth<S>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>>,
    ReqBody: Body,
    ResBody: Body<Data: From<Bytes>>,
{
    type Response = Response<ResponseBody<ResBody>>;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future, ReqBody>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<ReqBody>) -> Self::Future {
        let refusal = match request.extensions().get::<Auth>() {
            Some(auth) => self.rule.refusal(auth),
            None => Some(Refusal::missing_layer(Caller::Api)),
        };
        match refusal {
            Some(refusal) => ResponseFuture::refuse(refusal, request),
            None => ResponseFuture::forward(self.inner.call(request), self.rule.no_store),
        }
    }
}
