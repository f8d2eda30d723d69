//! The services of `portal-tower` as axum's handlers, for `get` and `post`.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;

use axum::handler::Handler;
use axum_core::extract::Request;
use axum_core::response::{IntoResponse, Response};
use portal_tower::{RedirectToPortal, SignOut};
#[cfg(feature = "webhooks")]
use portal_tower::{WebhookHandler, WebhookService};
use tower_service::Service;

/// Distinguishes these implementations from axum's own, which the compiler then chooses among. Never named.
#[derive(Debug)]
pub enum ServiceHandler {}

type HandlerFuture = Pin<Box<dyn Future<Output = Response> + Send>>;

// Otherwise the compiler lists this type when any handler of an application has an error.
#[diagnostic::do_not_recommend]
impl<S> Handler<ServiceHandler, S> for RedirectToPortal {
    type Future = HandlerFuture;

    fn call(self, request: Request, _: S) -> HandlerFuture {
        respond(self, request)
    }
}

// Otherwise the compiler lists this type when any handler of an application has an error.
#[diagnostic::do_not_recommend]
impl<S> Handler<ServiceHandler, S> for SignOut {
    type Future = HandlerFuture;

    fn call(self, request: Request, _: S) -> HandlerFuture {
        respond(self, request)
    }
}

// Otherwise the compiler lists this type when any handler of an application has an error.
#[cfg(feature = "webhooks")]
#[diagnostic::do_not_recommend]
impl<H: WebhookHandler, S> Handler<ServiceHandler, S> for WebhookService<H> {
    type Future = HandlerFuture;

    fn call(self, request: Request, _: S) -> HandlerFuture {
        respond(self, request)
    }
}

fn respond<T>(mut service: T, request: Request) -> HandlerFuture
where
    T: Service<Request, Error = Infallible, Response: IntoResponse, Future: Send + 'static>,
{
    // These services are always ready.
    let response = service.call(request);
    Box::pin(async move {
        match response.await {
            Ok(response) => response.into_response(),
            Err(never) => match never {},
        }
    })
}
