//! Clerk's webhooks: a verified delivery and its event.
//!
//! [`WebhookVerifier::verify`] needs the request's headers, its whole body as it was sent, and the time. `portal-tower` (feature
//! `webhooks`) has the service around it, which limits the body, handles repeated deliveries once, and responds.
//!
//! ```
//! use portal_sdk::testing::TestWebhook;
//! use portal_sdk::webhook::{WebhookEvent, WebhookVerifier};
//! use serde_json::json;
//!
//! // In an application: `WebhookVerifier::from_env()?` and the request of the framework.
//! let verifier = WebhookVerifier::new(TestWebhook::secret().expose())?;
//! let webhook = TestWebhook::new("user.deleted", json!({ "id": "user_1", "deleted": true }));
//! let request = webhook.request("/webhooks/clerk");
//!
//! let now = webhook.sent_at();
//! let delivery = verifier.verify(request.headers(), request.body().as_bytes(), now)?;
//! match &delivery.event {
//!     WebhookEvent::UserDeleted(user) => assert_eq!(user.id, "user_1"),
//!     other => println!("{} needs no work: {other:?}", delivery.event_type),
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Verification
//!
//! Clerk signs by [Standard Webhooks](https://www.standardwebhooks.com): HMAC-SHA256 over ID, time and body.
//!
//! | Field | Must be |
//! |---|---|
//! | `svix-id` | one field of at most 256 visible ASCII characters without a full stop, which separates the signed parts |
//! | `svix-timestamp` | one field with Unix seconds, at most five minutes before or after the current time |
//! | `svix-signature` | signatures separated by spaces. One must be `v1,` and the base64 of the signature by one of the verifier's secrets. Those of other versions (`v1a`) are ignored |
//!
//! A request without any `svix-…` field may have `webhook-id`, `webhook-timestamp` and `webhook-signature` instead.
//! `docs/differences.md` of the repository lists the differences from Clerk's package as W1 to W5.
//!
//! # Rotation of the secret
//!
//! While a secret is replaced, a delivery can have two signatures, one by each secret. One that matches is enough. If a
//! delivery can have either signature alone, set both secrets with a comma between:
//! `CLERK_WEBHOOK_SIGNING_SECRET=whsec_…,whsec_…`.
//!
//! # Order
//!
//! Deliveries are retried, so they can arrive more than once and in any order. Compare
//! [`updated_at`](crate::backend::User::updated_at) with the stored row before you overwrite it, and keep deleted IDs for as long
//! as an older event may arrive.
//!
//! # Security
//!
//! - Verify the body as it was sent. A body that was parsed and serialized again has another signature.
//! - A recorded request can be replayed for five minutes. Remember the IDs of handled deliveries, or make the handler
//!   idempotent.
//! - Signatures are compared in constant time.

mod delivery;
mod error;
mod event;
mod fields;
pub(crate) mod signature;
mod verifier;

pub use delivery::WebhookDelivery;
pub use error::WebhookError;
pub use event::{DeletedOrganization, DeletedUser, WebhookEvent, WebhookMembership, WebhookSession};
pub use verifier::WebhookVerifier;
