use axum_core::extract::{FromRef, FromRequest, Request};
use portal_sdk::webhook::WebhookDelivery;
use portal_tower::{WebhookReceiver, WebhookRefusal};

/// A verified delivery of one of Clerk's webhooks (feature `webhooks`).
///
/// Verifies the request with the [`WebhookReceiver`] in the router's state, and rejects it as in the table of
/// [`portal_tower::webhook`]. The handler's response goes to Clerk, which sends the delivery again after every status but 2xx.
///
/// The extractor does not remember deliveries. [`WebhookReceiver::into_service`] returns a handler that does, and handles
/// repeated ones only once.
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
/// A state with more fields implements `FromRef` for the receiver.
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
