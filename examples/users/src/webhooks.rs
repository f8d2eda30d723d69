//! [`Receiver`]: updates the table by Clerk's events.

use portal_axum::portal_sdk::clock::{Clock as _, SystemClock};
use portal_axum::{User, WebhookDelivery, WebhookEvent, WebhookHandler};

use crate::database::{Database, DatabaseError};
use crate::profile::{Profile, Source};

/// The handler of Clerk's webhooks. Deliveries may arrive twice and in any order.
#[derive(Debug)]
pub(crate) struct Receiver {
    pub(crate) database: Database,
}

/// The reason why Clerk must send the event again.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReceiveError {
    #[error(transparent)]
    Database(#[from] DatabaseError),
    #[error("expected a user with an ID and the time of the last change")]
    Unreadable,
}

impl WebhookHandler for Receiver {
    type Error = ReceiveError;

    async fn handle(&self, delivery: WebhookDelivery) -> Result<(), ReceiveError> {
        match delivery.event {
            WebhookEvent::UserCreated(user) | WebhookEvent::UserUpdated(user) => self.save(&user).await,
            WebhookEvent::UserDeleted(user) => {
                let deleted_at = delivery.occurred_at.unwrap_or(delivery.sent_at);
                Ok(self.database.delete(&user.id, deleted_at, SystemClock.now()).await?)
            }
            WebhookEvent::Unreadable if delivery.event_type.starts_with("user.") => Err(ReceiveError::Unreadable),
            _ => Ok(()),
        }
    }
}

impl Receiver {
    async fn save(&self, user: &User) -> Result<(), ReceiveError> {
        let profile = Profile::from_user(user).ok_or(ReceiveError::Unreadable)?;
        self.database.save(&profile, Source::Webhook).await?;
        Ok(())
    }
}
