//! Webhooks: delivers the events that the database holds to the application.
//!
//! Events are written in the transaction of their change (see `backend_api::events`) and delivered by other tasks,
//! one for each URL, so that no request waits for a receiver.

mod attempt;
mod courier;
mod signature;
mod target;

use std::sync::Arc;
use std::time::Duration;

use portal_sdk::secret::Secret;
use tokio::sync::watch;
use tokio::task::JoinSet;

use self::courier::Courier;
use self::signature::SigningKey;
pub(crate) use self::target::Target;
use crate::clock::SkewedClock;
use crate::store::Store;

/// The recorded error of deliveries to a URL of an earlier start.
pub(crate) const NOT_A_TARGET: &str = "this portal was started without the URL";

/// Limits of delivery.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// The time for connecting, sending and the whole response.
    attempt: Duration,
    /// The most deliveries in progress to one URL, each for another user.
    at_once: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            // As Svix, which sends Clerk's webhooks: <https://docs.svix.com/retries>.
            attempt: Duration::from_secs(15),
            at_once: 8,
        }
    }
}

/// The seconds from each failed attempt to the next one.
///
/// Svix's schedule for Clerk has as many attempts, but over 28 hours: after 5 seconds, 5 and 30 minutes, then 2, 5, 10 and
/// 10 hours (<https://docs.svix.com/retries>). These nine minutes outlast a rebuild of the application, and a developer can
/// wait for their end.
const RETRY_AFTER_SECS: [i64; 7] = [1, 5, 15, 30, 60, 120, 300];

/// The receivers, and the signal that a delivery has changed.
pub(crate) struct Webhooks {
    targets: Vec<Target>,
    limits: Limits,
    changed: watch::Sender<()>,
}

impl Webhooks {
    pub(crate) fn new(targets: Vec<Target>, limits: Limits) -> Self {
        Self {
            targets,
            limits,
            changed: watch::Sender::new(()),
        }
    }

    /// Returns `true` if the portal was started with a webhook URL.
    pub(crate) fn is_on(&self) -> bool {
        !self.targets.is_empty()
    }

    /// The receivers' URLs.
    pub(crate) fn urls(&self) -> impl Iterator<Item = &str> + Clone {
        self.targets.iter().map(Target::as_str)
    }

    /// Returns `true` if events are delivered to this URL.
    pub(crate) fn has(&self, url: &str) -> bool {
        self.urls().any(|known| known == url)
    }

    /// Announces that deliveries were added or changed.
    pub(crate) fn wake(&self) {
        self.changed.send_replace(());
    }

    /// Resolves with each later [`wake`](Self::wake).
    pub(crate) fn changes(&self) -> watch::Receiver<()> {
        self.changed.subscribe()
    }

    /// Starts the tasks that deliver. They end when the set is dropped.
    ///
    /// Returns `None` if the secret is malformed.
    pub(crate) fn start(
        self: &Arc<Self>,
        secret: &Secret,
        store: &Store,
        clock: &Arc<SkewedClock>,
    ) -> Option<JoinSet<()>> {
        let key = Arc::new(SigningKey::parse(secret)?);
        let mut couriers = JoinSet::new();
        for target in &self.targets {
            let courier = Courier {
                webhooks: Arc::clone(self),
                target: target.clone(),
                key: Arc::clone(&key),
                store: store.clone(),
                clock: Arc::clone(clock),
            };
            couriers.spawn(courier.run());
        }
        Some(couriers)
    }
}

#[cfg(test)]
mod tests;
