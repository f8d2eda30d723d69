//! [`WebhookService`] and its future.

use std::convert::Infallible;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use portal_sdk::excerpt::Excerpt;
use portal_sdk::webhook::WebhookDelivery;
use tower_service::Service;

use super::handler::WebhookHandler;
use super::memory::{Claim, Memory};
use super::receiver::WebhookReceiver;
use super::refusal;
use crate::response::BytesBody;

const DEFAULT_REMEMBERED_DELIVERIES: usize = 10_000;

/// A service that passes verified deliveries to the application's handler, repeated ones only once.
///
/// See the [module](super) for the rules.
///
///
/// Created by [`WebhookReceiver::into_service`]. Clones share the memory of handled deliveries.
#[must_use = "a service does nothing until it is mounted"]
pub struct WebhookService<H> {
    receiver: WebhookReceiver,
    handler: Arc<H>,
    memory: Arc<Memory>,
    remembered: usize,
}

impl<H: WebhookHandler> WebhookService<H> {
    pub(super) fn new(receiver: WebhookReceiver, handler: H) -> Self {
        Self {
            receiver,
            handler: Arc::new(handler),
            memory: Arc::default(),
            remembered: DEFAULT_REMEMBERED_DELIVERIES,
        }
    }

    /// Sets how many handled deliveries are remembered (default: 10,000).
    ///
    /// With 0, a repeated delivery is handled again, for handlers that keep the IDs in a database.
    pub fn with_remembered_deliveries(mut self, count: usize) -> Self {
        self.remembered = count;
        self
    }

    async fn answer<B: Body>(&self, request: Request<B>) -> Response<Bytes> {
        let delivery = match self.receiver.receive(request).await {
            Ok(delivery) => delivery,
            Err(refusal) => return refusal.into_response(),
        };
        let claimed = match self.memory.claim(&delivery.id) {
            Claim::New(claimed) => claimed,
            Claim::Handled => {
                tracing::debug!(id = %delivery.id, "a webhook delivery was handled before");
                return refusal::handled();
            }
            Claim::InProgress => return refusal::in_progress(),
        };
        let name = Name::of(&delivery);
        match self.handler.handle(delivery).await {
            Ok(()) => {
                claimed.handled(self.remembered);
                refusal::handled()
            }
            Err(error) => {
                self.log_failure(&name, &*error.into());
                refusal::handler_failed()
            }
        }
    }

    /// Logs at most one line a minute, because every delivery fails while a database is unreachable.
    fn log_failure(&self, name: &Name, error: &(dyn std::error::Error + 'static)) {
        if let Some(held_back) = self.receiver.admits_log_line("webhook-handler-failed") {
            let Name { id, event_type } = name;
            let event_type = tracing::field::debug(Excerpt(event_type));
            tracing::error!(
                id,
                event_type,
                error,
                held_back,
                "a webhook delivery could not be handled"
            );
        }
    }
}

/// The delivery in a log line.
struct Name {
    id: String,
    event_type: String,
}

impl Name {
    fn of(delivery: &WebhookDelivery) -> Self {
        Self {
            id: delivery.id.clone(),
            event_type: delivery.event_type.clone(),
        }
    }
}

impl<H, B> Service<Request<B>> for WebhookService<H>
where
    H: WebhookHandler,
    B: Body<Data: Send, Error: Send> + Send + 'static,
{
    type Response = Response<BytesBody>;
    type Error = Infallible;
    type Future = ResponseFuture;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> ResponseFuture {
        let service = self.clone();
        ResponseFuture {
            answering: Box::pin(async move { Ok(service.answer(request).await.map(BytesBody::from)) }),
        }
    }
}

// Not derived, because the handler is shared and need not be `Clone`.
impl<H> Clone for WebhookService<H> {
    fn clone(&self) -> Self {
        Self {
            receiver: self.receiver.clone(),
            handler: self.handler.clone(),
            memory: self.memory.clone(),
            remembered: self.remembered,
        }
    }
}

impl<H> fmt::Debug for WebhookService<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebhookService")
            .field("receiver", &self.receiver)
            .field("remembered", &self.remembered)
            .finish_non_exhaustive()
    }
}

/// The future of [`WebhookService`].
#[must_use = "futures do nothing unless polled"]
pub struct ResponseFuture {
    answering: Pin<Box<dyn Future<Output = Result<Response<BytesBody>, Infallible>> + Send>>,
}

impl Future for ResponseFuture {
    type Output = Result<Response<BytesBody>, Infallible>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.answering.as_mut().poll(cx)
    }
}

impl fmt::Debug for ResponseFuture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}
