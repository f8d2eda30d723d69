//! [`Authenticator::webhook_received`]: the effect of a webhook's event on sessions and caches.

use super::Authenticator;
use crate::backend::Backend;
use crate::fleet::SessionEndReason;
use crate::webhook::WebhookEvent;

impl<B: Backend> Authenticator<B> {
    /// Applies the event of a webhook to ended sessions, leases and users in memory.
    ///
    /// | Event | Effect |
    /// |---|---|
    /// | `session.ended`, `session.removed`, `session.revoked` | as [`session_ended`](Self::session_ended) |
    /// | `user.deleted` | as [`user_deleted`](Self::user_deleted) |
    /// | `user.updated` | the user's data is dropped from this process's memory, as by `forget_user` |
    /// | others | none |
    ///
    /// An event that arrives late or twice does no harm, because an ended session never becomes active again.
    ///
    /// ```
    /// use portal_sdk::testing::{TestInstance, TestWebhook};
    /// use portal_sdk::webhook::WebhookVerifier;
    /// use serde_json::json;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let clerk = TestInstance::new();
    /// let request = clerk.signed_in("user_1").session_id("sess_1").get("/chat").body(())?;
    /// let state = clerk.authenticator().authenticate(&request.into_parts().0).await.state;
    /// let lease = clerk.authenticator().lease(state.claims().expect("signed in"));
    ///
    /// let verifier = WebhookVerifier::new(TestWebhook::secret().expose())?;
    /// let session = json!({ "id": "sess_1", "user_id": "user_1", "status": "revoked" });
    /// let webhook = TestWebhook::new("session.revoked", session);
    /// let request = webhook.request("/webhooks/clerk");
    ///
    /// let delivery = verifier.verify(request.headers(), request.body().as_bytes(), webhook.sent_at())?;
    /// clerk.authenticator().webhook_received(&delivery.event);
    /// assert!(lease.end().is_some());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Security
    ///
    /// It signs users out. Only a verified delivery has an event; do not build one from other input.
    pub fn webhook_received(&self, event: &WebhookEvent) {
        match event {
            WebhookEvent::SessionEnded(session) | WebhookEvent::SessionRemoved(session) => {
                // The event's type counts if the data has an earlier status, such as `active`.
                let reason = SessionEndReason::from_status(&session.status);
                self.session_ended(&session.id, reason.unwrap_or(SessionEndReason::SignedOut));
            }
            WebhookEvent::SessionRevoked(session) => self.session_ended(&session.id, SessionEndReason::Revoked),
            WebhookEvent::UserDeleted(user) => self.user_deleted(&user.id),
            WebhookEvent::UserUpdated(user) => self.shared.users.forget(&user.id),
            _ => {}
        }
    }
}
