use axum_core::extract::{FromRef, FromRequest, Request};
use portal_sdk::webhook::WebhookDelivery;
use portal_tower::{WebhookReceiver, WebhookRefusal};

/// A verified delivery of one of Clerk's webhooks (feature `webhooks`).
///
/// Reads and verifies the body with the [`WebhookReceiver`] in the router's state, and rejects everything else by the table of
/// [`portal_tower::webhook`]. The handler's response goes to Clerk: each status but 2xx makes it send the delivery again.
///
/// This extractor remembers no deliveries. [`WebhookReceiver::into_service`] makes a handler that handles each of them once.
///
/// ```
/// use axum::Router;
/// use axum::http::StatusCode;
/// use axum::routing::post;
/// use portal_axum::{Webhook, WebhookEvent, WebhookReceiver};
///
/// async fn receive(Webhook(delivery): Webhook) -> StatusCode {
///     match delivery.event {
///         WebhookEvent::UserDeleted(user) => println!("{} is gone", user.id),
///         other => println!("{} needs no work: {other:?}", delivery.event_type),
///     }
///     StatusCode::NO_CONTENT
/// }
///
/// fn routes(receiver: WebhookReceiver) -> Router {
///     Router::new().route("/webhooks/clerk", post(receive)).with_state(receiver)
/// }
/// ```
///
/// A state with further fields names the receiver with `FromRef`.
#[derive(Clone, Debug)]
pub struct Webhook(pub WebhookDelivery);

impl<S> FromRequest<S> for Webhook
where
    S: Send + Sync,
    WebhookReceiver: FromRef<S>,
{
    type Rejection = WebhookRefusal;

    async fn from_request(request: Request, state: &S) -> Result<Self, WebhookRefusal> {
        WebhookReceiver::from_ref(state).receive(request).await.map(Self)
    }
}
