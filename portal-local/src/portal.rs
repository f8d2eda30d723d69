//! [`LocalPortal`]: a portal that runs.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use portal_sdk::instance::PublishableKey;
use portal_sdk::secret::Secret;
use tokio::sync::oneshot;
use tokio::task::{JoinHandle, JoinSet};

use crate::config::LocalPortalBuilder;
use crate::error::{SettingsError, WebhookError, check_settings};
use crate::faults::Fault;
use crate::mint::MintError;
use crate::request_log::RequestRecord;
use crate::state::App;
use crate::store::{Db, Mail, Settings, StoreError, WebhookDelivery, WebhookStatus};
use crate::store::{outbox, settings, webhook_deliveries};
use crate::{admin, env_file};

/// The number of latest deliveries that [`LocalPortal::webhooks`] returns.
const MOST_DELIVERIES: u32 = 1_000;
/// The time limit of [`LocalPortal::webhook_delivered`], in real time.
const DELIVERY_PATIENCE: Duration = Duration::from_secs(10);
/// The time for requests in progress to end during shutdown.
const SHUT_DOWN_PATIENCE: Duration = Duration::from_secs(3);

/// A portal that listens. It stops when it is dropped, and in order when [`shut_down`](Self::shut_down) is awaited.
#[must_use = "a dropped portal stops"]
pub struct LocalPortal {
    pub(crate) app: Arc<App>,
    pub(crate) server: JoinHandle<()>,
    /// Deliver webhooks until the set is dropped.
    pub(crate) couriers: JoinSet<()>,
    /// Dropping the sender stops the server too.
    pub(crate) stop: oneshot::Sender<()>,
}

impl LocalPortal {
    /// Starts to describe a portal.
    pub fn builder() -> LocalPortalBuilder {
        LocalPortalBuilder::new()
    }

    /// Scheme, host and port, such as `http://127.0.0.1:8787`.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.app.origin
    }

    /// The key with the portal's address inside.
    #[must_use]
    pub fn publishable_key(&self) -> &PublishableKey {
        &self.app.publishable_key
    }

    /// The Backend API key. It stays the same for as long as the database does.
    #[must_use]
    pub fn secret_key(&self) -> &Secret {
        &self.app.secret_key
    }

    /// The secret that signs webhooks, `whsec_…`.
    ///
    /// Applications read it from `CLERK_WEBHOOK_SIGNING_SECRET`. It is in the database, so it survives restarts with a
    /// [database file](LocalPortalBuilder::database_file).
    #[must_use]
    pub fn webhook_signing_secret(&self) -> &Secret {
        &self.app.webhook_secret
    }

    /// The environment variables for an application, secret key included, as names and values.
    #[must_use]
    pub fn environment(&self) -> Vec<(&'static str, String)> {
        env_file::variables(&self.app)
    }

    /// The public signing key in PEM, for applications that verify tokens without asking (`CLERK_JWT_KEY`).
    ///
    /// # Errors
    ///
    /// Returns [`StoreError`] if the key cannot be encoded.
    pub fn jwt_key(&self) -> Result<String, StoreError> {
        self.app.mint.public_key_pem().map_err(|error: MintError| error.into())
    }

    /// The mail that would have been sent, the latest first.
    ///
    /// # Errors
    ///
    /// Returns [`StoreError`] if the database fails.
    pub async fn outbox(&self) -> Result<Vec<Mail>, StoreError> {
        self.app
            .flows
            .transaction(|db| outbox::list(db, outbox::MOST_MAILS))
            .await
    }

    /// The latest 1,000 webhooks with their state, latest first.
    ///
    /// # Errors
    ///
    /// Returns [`StoreError`] if the database fails.
    pub async fn webhooks(&self) -> Result<Vec<WebhookDelivery>, StoreError> {
        let list = |db: Db<'_>| webhook_deliveries::list(db, MOST_DELIVERIES);
        self.app.flows.transaction(list).await
    }

    /// Waits until the events of this type are delivered, and returns the latest.
    ///
    /// Waits for every URL, ten seconds at most. The portal stores an event before it responds to the request that causes it.
    /// A call after this response therefore never returns an earlier event.
    ///
    /// ```no_run
    /// # use portal_local::LocalPortal;
    /// # async fn example(portal: LocalPortal) -> Result<(), Box<dyn std::error::Error>> {
    /// // … after a sign-up:
    /// let event = portal.webhook_delivered("user.created").await?;
    /// assert!(event.body.contains("ada@example.com"));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Returns [`WebhookError`] if the event did not happen, its delivery failed, or it was not delivered in time. The error
    /// has the state of the latest event of this type.
    pub async fn webhook_delivered(&self, event_type: &str) -> Result<WebhookDelivery, WebhookError> {
        let undelivered = |found| WebhookError::Undelivered {
            event_type: event_type.to_owned(),
            found,
        };
        if !self.app.webhooks.is_on() {
            let found = "a portal without a webhook URL; add `.webhook(url)` to its builder";
            return Err(undelivered(found.to_owned()));
        }
        let mut changes = self.app.webhooks.changes();
        let settled = async {
            loop {
                changes.borrow_and_update();
                let found = self.webhooks_of(event_type).await?;
                let is_pending = |delivery: &WebhookDelivery| delivery.status == WebhookStatus::Pending;
                if !found.is_empty() && !found.iter().any(is_pending) {
                    return Ok::<_, StoreError>(found);
                }
                // The sender lives in `self`, so this never fails.
                let _ = changes.changed().await;
            }
        };
        let found = match tokio::time::timeout(DELIVERY_PATIENCE, settled).await {
            Ok(found) => found?,
            Err(_) => self.webhooks_of(event_type).await?,
        };
        let Some(latest) = found.first() else {
            let secs = DELIVERY_PATIENCE.as_secs();
            let found = format!("no such event within {secs} seconds; check the type, and that the request succeeded");
            return Err(undelivered(found));
        };
        // One delivery for each URL.
        let mut of_latest = found.iter().filter(|delivery| delivery.id == latest.id);
        match of_latest.find(|delivery| delivery.status != WebhookStatus::Delivered) {
            Some(delivery) => Err(undelivered(described(delivery))),
            None => Ok(latest.clone()),
        }
    }

    async fn webhooks_of(&self, event_type: &str) -> Result<Vec<WebhookDelivery>, StoreError> {
        let event_type = event_type.to_owned();
        let find = move |db: Db<'_>| webhook_deliveries::of_type(db, &event_type);
        self.app.flows.transaction(find).await
    }

    /// A link that signs in the person with this address (or user id), once, within thirty days. Its page has one button
    /// (`data-testid="portal-ticket-submit"`) and needs neither password nor code; add `&redirect_url=…` to be sent on
    /// from there. `None` if there is no such person.
    ///
    /// # Errors
    ///
    /// Returns [`StoreError`] if the database fails.
    pub async fn sign_in_link_for(&self, address_or_id: &str) -> Result<Option<String>, StoreError> {
        admin::sign_in_link_for(&self.app, address_or_id.to_owned()).await
    }

    /// The code that the authenticator app of the person with this address (or user id) shows now. A code is good once:
    /// if this one was used, it is the next one, which is accepted early. `None` if there is no such person, or they have
    /// no authenticator.
    ///
    /// # Errors
    ///
    /// Returns [`StoreError`] if the database fails.
    pub async fn totp_code_for(&self, address_or_id: &str) -> Result<Option<String>, StoreError> {
        admin::totp_code_for(&self.app, address_or_id.to_owned()).await
    }

    /// Makes the next calls of an endpoint fail, or wait. Faults of one endpoint follow each other in order.
    pub fn fault(&self, fault: Fault) {
        self.app.faults.add(fault);
    }

    /// Takes back the faults that were not used up.
    pub fn clear_faults(&self) {
        self.app.faults.clear();
    }

    /// Makes the portal's clock wrong by this many seconds; 0 makes it right again.
    pub fn set_clock_skew_secs(&self, secs: i64) {
        self.app.clock.set_skew_secs(secs);
    }

    /// Signs with a new key from now on, under another key id. No token that was signed before is good any more.
    ///
    /// # Errors
    ///
    /// Returns [`StoreError`] if key generation or the database fails.
    pub async fn rotate_signing_key(&self) -> Result<(), StoreError> {
        admin::rotate_signing_key(&self.app).await
    }

    /// Deletes users, organizations, devices, mail, webhooks and settings. The keys are kept.
    ///
    /// # Errors
    ///
    /// Returns [`StoreError`] if the database fails.
    pub async fn reset(&self) -> Result<(), StoreError> {
        admin::reset(&self.app).await
    }

    /// The environment in the form of a `.env` file, with what only some clients need as comments.
    #[must_use]
    pub fn environment_block(&self) -> String {
        env_file::block(&self.app)
    }

    /// The key with the portal's address inside without scheme and path, for clients that refuse those. They need the
    /// portal's origin as their proxy URL too.
    #[must_use]
    pub fn plain_publishable_key(&self) -> &PublishableKey {
        &self.app.plain_publishable_key
    }

    /// The instance's settings.
    ///
    /// # Errors
    ///
    /// Returns [`StoreError`] if the database fails.
    pub async fn settings(&self) -> Result<Settings, StoreError> {
        self.app.flows.transaction(settings::read).await
    }

    /// Replaces the settings at once, and stores them in the database.
    ///
    /// # Errors
    ///
    /// Returns [`SettingsError`] if a setting is invalid or the database fails. The settings are then unchanged.
    pub async fn set_settings(&self, wanted: Settings) -> Result<(), SettingsError> {
        check_settings(&wanted, &self.app.redirects)?;
        let flows = &self.app.flows;
        flows
            .transaction(move |db| settings::write(db, &wanted))
            .await
            .map_err(SettingsError::Store)
    }

    /// The latest requests, the oldest first, without the secrets in their addresses.
    #[must_use]
    pub fn request_log(&self) -> Vec<RequestRecord> {
        self.app.log.records()
    }

    /// Stops listening, lets the requests under way end, and closes the database.
    pub async fn shut_down(mut self) {
        let _ = self.stop.send(());
        match tokio::time::timeout(SHUT_DOWN_PATIENCE, &mut self.server).await {
            Ok(ended) => {
                if let Err(error) = ended {
                    tracing::warn!(%error, "the server ended early");
                }
            }
            Err(_) => self.server.abort(),
        }
        // Messages without a recorded response are sent again after the next start.
        self.couriers.shutdown().await;
        self.app.store.close().await;
        tracing::info!(origin = self.app.origin, "local development portal has shut down");
    }
}

/// The state of a delivery that has not succeeded.
fn described(delivery: &WebhookDelivery) -> String {
    format!(
        "a {} delivery after {} attempts at {}: {}",
        delivery.status.as_str(),
        delivery.attempts,
        delivery.url,
        delivery
            .error
            .as_deref()
            .unwrap_or("it waits for the receiver, or for an earlier event of its user"),
    )
}

impl fmt::Debug for LocalPortal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalPortal")
            .field("origin", &self.app.origin)
            .finish_non_exhaustive()
    }
}
