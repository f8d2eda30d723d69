use std::borrow::Cow;
use std::mem;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::request::Parts;
use http::{Request, Response, StatusCode};
use http_body::Body;
use portal_sdk::authenticator::Authenticator;
use portal_sdk::backend::BackendApi;
#[cfg(feature = "http-client")]
use portal_sdk::backend::HttpBackend;
use tower_service::Service;

use super::ResponseFuture;
use super::layer::Choose;
use crate::auth::{Accounts, AnswerSettings, Auth};
use crate::response::ResponseBody;

/// The service of [`AuthenticateLayer`](crate::AuthenticateLayer).
#[derive(Debug)]
pub struct Authenticate<S, #[cfg(feature = "http-client")] B = HttpBackend, #[cfg(not(feature = "http-client"))] B> {
    inner: S,
    /// Shared, because routers clone the service for every request.
    shared: Arc<Shared<B>>,
}

#[derive(Debug)]
struct Shared<B> {
    choose: Choose<B>,
    settings: AnswerSettings,
}

impl<S, B> Authenticate<S, B> {
    pub(super) fn new(inner: S, choose: Choose<B>, settings: AnswerSettings) -> Self {
        Self {
            inner,
            shared: Arc::new(Shared { choose, settings }),
        }
    }
}

/// The authenticator of a request, with its type and with its type erased.
type Chosen<'c, B> = (Cow<'c, Authenticator<B>>, Cow<'c, Arc<dyn Accounts>>);

impl<B: BackendApi> Choose<B> {
    fn authenticator(&self, parts: &Parts) -> Option<Chosen<'_, B>> {
        match self {
            Self::Fixed {
                authenticator,
                accounts,
            } => Some((Cow::Borrowed(authenticator), Cow::Borrowed(accounts))),
            Self::PerRequest(choose) => {
                let authenticator = choose(parts)?;
                let accounts: Arc<dyn Accounts> = Arc::new(authenticator.clone());
                Some((Cow::Owned(authenticator), Cow::Owned(accounts)))
            }
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
        let (parts, body) = request.into_parts();
        let Shared { choose, settings } = &*self.shared;
        let Some((authenticator, accounts)) = choose.authenticator(&parts) else {
            return ResponseFuture::respond(StatusCode::MISDIRECTED_REQUEST, None);
        };
        let outer = parts.extensions.get::<Auth>();
        let authenticated = match outer {
            Some(outer) => authenticator.try_authenticate_at(&parts, outer.public_url()),
            None => authenticator.try_authenticate(&parts),
        };
        if let Some(authenticated) = authenticated {
            let auth = Auth::new(authenticated, &accounts, &parts, outer, settings.clone());
            return ResponseFuture::decided(auth, parts, body, &mut self.inner);
        }
        // Swap in the clone: only the original was polled ready (see tower's `Service` docs).
        let clone = self.inner.clone();
        let ready = mem::replace(&mut self.inner, clone);
        ResponseFuture::authenticate(
            authenticator.into_owned(),
            accounts.into_owned(),
            settings.clone(),
            parts,
            body,
            ready,
        )
    }
}

impl<S: Clone, B> Clone for Authenticate<S, B> {
    fn clone(&self) -> Self {
        Self {
            inner: self.inner.clone(),
            shared: Arc::clone(&self.shared),
        }
    }
}
