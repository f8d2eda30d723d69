//! [`Courier`]: delivers to one URL. Events of one user are sent in order, events of several users at once.

use std::collections::HashMap;
use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::{self, JoinSet};

use super::attempt::{self, Message};
use super::signature::SigningKey;
use super::target::Target;
use super::{RETRY_AFTER_SECS, Webhooks};
use crate::clock::{Millis as _, SkewedClock};
use crate::store::webhook_deliveries::{self, Outcome};
use crate::store::{Result, Store, WebhookDelivery};

/// The longest wait before the database is read again, because the portal's clock can be set meanwhile.
const LONGEST_WAIT: Duration = Duration::from_millis(500);
/// The pause before the last attempt.
const LONGEST_RETRY_MILLIS: i64 = RETRY_AFTER_SECS[RETRY_AFTER_SECS.len() - 1] * 1_000;
/// The pause after an error of the database, which would recur at once.
const PAUSE: Duration = Duration::from_secs(1);

#[derive(Clone)]
pub(super) struct Courier {
    pub(super) webhooks: Arc<Webhooks>,
    pub(super) target: Target,
    pub(super) key: Arc<SigningKey>,
    pub(super) store: Store,
    pub(super) clock: Arc<SkewedClock>,
}

/// The deliveries in progress: their tasks and row numbers.
#[derive(Default)]
struct UnderWay {
    tasks: JoinSet<()>,
    rows: HashMap<task::Id, i64>,
}

impl Courier {
    /// Delivers until the task is aborted.
    pub(super) async fn run(self) {
        let mut changes = self.webhooks.changes();
        let mut under_way = UnderWay::default();
        loop {
            // Marked as seen before the database is read, so that a change during the read is noticed.
            changes.borrow_and_update();
            let wait = match self.start_due(&mut under_way).await {
                Ok(wait) => wait,
                Err(error) => {
                    warn(&error);
                    Some(PAUSE)
                }
            };
            // A timer, because nothing else announces that a retry is due.
            let due = async {
                match wait {
                    Some(wait) => tokio::time::sleep(wait).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                changed = changes.changed() => if changed.is_err() { return },
                Some(ended) = under_way.tasks.join_next_with_id() => {
                    let id = match ended {
                        Ok((id, ())) => id,
                        Err(error) => {
                            tracing::error!(%error, "the delivery of a webhook ended in a panic");
                            error.id()
                        }
                    };
                    under_way.rows.remove(&id);
                },
                () = due => {}
            }
        }
    }

    /// Starts the deliveries that are due. Returns the time until the next one is due, if one waits for its time.
    async fn start_due(&self, under_way: &mut UnderWay) -> Result<Option<Duration>> {
        let (url, limit) = (self.target.as_str().to_owned(), self.webhooks.limits.at_once);
        let now = self.clock.now();
        // Deliveries in progress have been due for longest, so they come first and count towards the limit.
        let heads = self
            .store
            .transaction(now, move |db| webhook_deliveries::heads(db, &url, limit));
        for delivery in heads.await? {
            if under_way.rows.values().any(|row| *row == delivery.seq) {
                continue;
            }
            let wait = delivery.next_attempt_at.map_or(0, |at| at.millis_since(now));
            // A longer wait than any pause means that the clock was set back.
            let is_due = !(1..=LONGEST_RETRY_MILLIS).contains(&wait);
            if !is_due {
                let wait = Duration::from_millis(wait.unsigned_abs());
                return Ok(Some(wait.min(LONGEST_WAIT)));
            }
            let row = delivery.seq;
            let task = under_way.tasks.spawn(self.clone().deliver(delivery));
            under_way.rows.insert(task.id(), row);
        }
        Ok(None)
    }

    /// Makes one attempt and records it.
    async fn deliver(self, delivery: WebhookDelivery) {
        let timestamp_secs = self.clock.now().as_secs();
        let message = Message {
            id: &delivery.id,
            timestamp_secs,
            signature: self.key.sign(&delivery.id, timestamp_secs, &delivery.body),
            body: &delivery.body,
        };
        let attempt = attempt::send(&self.target, &message, self.webhooks.limits.attempt).await;
        let now = self.clock.now();
        let retry_after_secs = usize::try_from(delivery.attempts)
            .ok()
            .and_then(|attempts| RETRY_AFTER_SECS.get(attempts));
        let outcome = Outcome {
            response_status: attempt.status,
            next_attempt_at: match (&attempt.error, retry_after_secs) {
                (Some(_), Some(&secs)) => Some(now.plus_millis(secs * 1_000)),
                _ => None,
            },
            error: attempt.error,
        };
        let status = outcome.response_status;
        tracing::debug!(
            id = delivery.id,
            event_type = delivery.event_type,
            status,
            "tried to deliver a webhook"
        );
        let recorded = self
            .store
            .transaction(now, move |db| webhook_deliveries::record(db, &delivery, &outcome));
        if let Err(error) = recorded.await {
            warn(&error);
            // A pause, because the row is still due and the same message would be sent in a loop.
            tokio::time::sleep(PAUSE).await;
        }
        self.webhooks.wake();
    }
}

fn warn(error: &crate::store::StoreError) {
    let error = error as &dyn Error;
    tracing::warn!(error, "webhooks cannot be read or recorded; retrying in a second");
}
