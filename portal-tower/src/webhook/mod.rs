//! Clerk's webhooks as a service.
//!
//! [`WebhookReceiver`](crate::WebhookReceiver) verifies each delivery, and passes it to the application's
//! [`WebhookHandler`](crate::WebhookHandler).
//!
//! ```
//! use portal_tower::WebhookReceiver;
//! use portal_tower::portal_sdk::instance::ConfigError;
//! use portal_tower::portal_sdk::webhook::{WebhookDelivery, WebhookEvent};
//!
//! async fn handle(delivery: WebhookDelivery) -> Result<(), std::io::Error> {
//!     match delivery.event {
//!         WebhookEvent::UserUpdated(user) => println!("{} has changed", user.id),
//!         WebhookEvent::UserDeleted(user) => println!("{} is gone", user.id),
//!         _ => {}
//!     }
//!     Ok(())
//! }
//!
//! fn service() -> Result<impl Clone, ConfigError> {
//!     // axum: Router::new().route_service("/webhooks/clerk", service)
//!     Ok(WebhookReceiver::from_env()?.into_service(handle))
//! }
//! ```
//!
//! `from_env` reads `CLERK_WEBHOOK_SIGNING_SECRET`. The secret is on the endpoint's page in the Clerk dashboard, *Webhooks*; the
//! endpoint's URL there is the public URL of this route. [`portal_sdk::webhook`] has the rules of verification, the events,
//! and the rotation of the secret.
//!
//! # Responses
//!
//! Clerk sends a delivery again, with the same ID, after every response but 2xx and after 15 seconds without one:
//! [after 5 seconds, 5 minutes, 30 minutes, 2, 5, 10 and 10 hours](https://docs.svix.com/retries).
//!
//! | Response | Cause |
//! |---|---|
//! | 200 | the handler returned `Ok`, now or for an earlier delivery with this ID |
//! | 400 `webhook-…` | a field is missing or malformed, the timestamp is more than five minutes away, no signature matches, or the body is not an event; see [`WebhookError`](portal_sdk::webhook::WebhookError) |
//! | 400 `webhook-body-incomplete` | the client ended its request before the body was complete |
//! | 405 `webhook-method-not-allowed` | the method is not `POST` |
//! | 408 `webhook-body-too-slow` | the body did not arrive in ten seconds ([`with_body_timeout`]) |
//! | 413 `webhook-body-too-large` | the body exceeds 1 MiB ([`with_max_body_bytes`]); it is not read further |
//! | 500 `webhook-handler-failed` | the handler returned an error, which is logged at most once a minute |
//! | 503 `webhook-in-progress` | another delivery with this ID is being handled |
//!
//! The bodies have Clerk's format: `{"errors": [{"code": "…", "message": "…"}]}`.
//!
//! # Repetition and order
//!
//! The service remembers the IDs of 10,000 handled deliveries ([`with_remembered_deliveries`]) and does not handle them again.
//! This includes a delivery that you resend from Clerk's dashboard to the same process. Each process has its own memory, so
//! after a restart or on another replica a delivery can be handled again. So can one whose handler was cancelled because
//! Clerk closed the connection. Write idempotent handlers, such as an `UPDATE … WHERE updated_at < $2`.
//!
//! Deliveries arrive in any order: an old `user.updated` after a newer one, or after `user.deleted`. Compare
//! [`updated_at`](portal_sdk::backend::User::updated_at) with the stored row.
//!
//! # Layers
//!
//! A delivery carries no session, so the route must be outside every guard. It may be inside or outside of
//! [`AuthenticateLayer`](crate::AuthenticateLayer), because deliveries have no cookies and pass the check of cross-site
//! requests. The service does not limit the handler's time. Clerk waits 15 seconds, so hand long work to a task or a queue.
//!
//! # Security
//!
//! - The route is public, and the signature is the only proof of the sender. An unverified body never reaches the handler.
//! - The responses and the log lines contain neither the secret nor a signature nor the payload. A refusal is logged at `warn`
//!   once a minute for each cause.
//! - A replayed delivery is refused after five minutes. Until then, only the process that handled it knows its ID, so with
//!   several replicas the handler must be idempotent.
//!
//! [`with_body_timeout`]: crate::WebhookReceiver::with_body_timeout
//! [`with_max_body_bytes`]: crate::WebhookReceiver::with_max_body_bytes
//! [`with_remembered_deliveries`]: service::WebhookService::with_remembered_deliveries

mod body;
pub(crate) mod handler;
mod memory;
pub(crate) mod receiver;
pub(crate) mod refusal;
pub(crate) mod service;

pub use service::ResponseFuture;
