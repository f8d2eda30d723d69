//! The outbox of webhooks: one row for each event and URL, written in the transaction of the change itself.

use portal_sdk::clock::UnixTime;
use rusqlite::params;
use rusqlite::types::Null;

use super::record::record;
use super::{Db, Millis, Result, words};
use crate::redacted::debug_only;

/// The number of latest rows among which delivered and failed deliveries are kept.
const MOST_SETTLED: u32 = 1_000;
/// The number of latest rows that are kept, pending ones included.
const MOST: u32 = 10_000;

/// The state of a webhook's delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum WebhookStatus {
    /// Waits for an earlier delivery, for its next attempt, or for the response.
    Pending,
    /// The receiver answered with a status between 200 and 299.
    Delivered,
    /// All attempts failed.
    Failed,
}

words!(WebhookStatus {
    Pending = "pending",
    Delivered = "delivered",
    Failed = "failed",
});

record! {
    /// An event and its delivery to one URL.
    ///
    /// `Debug` omits the body, because it holds personal data and private metadata.
    #[derive(Clone)]
    #[non_exhaustive]
    pub struct WebhookDelivery in "webhook_deliveries" {
        pub(crate) seq: i64,
        /// The message's ID (`svix-id`), the same for all URLs and attempts.
        pub id: String as "message_id",
        /// The receiver's URL.
        pub url: String,
        /// The event's type, such as `user.created`.
        pub event_type: String,
        /// The ID of the event's user, or of an object without a user.
        pub subject_id: String,
        /// The JSON text that is sent.
        pub body: String,
        /// The state of the delivery.
        pub status: WebhookStatus,
        /// The number of attempts so far.
        pub attempts: u32,
        /// The status code of the last response; `None` without a response.
        pub response_status: Option<u16>,
        /// The reason why the last attempt failed.
        pub error: Option<String>,
        /// The time of the next attempt; `None` unless the delivery is pending.
        pub next_attempt_at: Option<UnixTime>,
        /// The time of the event.
        pub created_at: UnixTime,
        /// The time of the last attempt, or of the event.
        pub updated_at: UnixTime,
    }
}

debug_only!(WebhookDelivery {
    id,
    url,
    event_type,
    subject_id,
    status,
    attempts,
    response_status,
    error,
});

/// An event to deliver.
pub(crate) struct NewEvent<'a> {
    pub(crate) message_id: &'a str,
    pub(crate) event_type: &'a str,
    pub(crate) subject_id: &'a str,
    pub(crate) body: &'a str,
}

/// The result of an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) response_status: Option<u16>,
    /// `None` if the event is delivered.
    pub(crate) error: Option<String>,
    /// `None` after the last attempt.
    pub(crate) next_attempt_at: Option<UnixTime>,
}

/// Adds an event for each URL, and deletes the oldest rows beyond the limits.
pub(crate) fn insert(db: Db<'_>, new: &NewEvent<'_>, urls: impl Iterator<Item = impl AsRef<str>>) -> Result<()> {
    for url in urls {
        db.run(
            "INSERT INTO webhook_deliveries (message_id, url, event_type, subject_id, body, status, attempts,
                 next_attempt_at, created_at, updated_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, 0, ?7, ?7, ?7)",
            params![
                new.message_id,
                url.as_ref(),
                new.event_type,
                new.subject_id,
                new.body,
                WebhookStatus::Pending,
                Millis(db.now)
            ],
        )?;
    }
    // Two statements, so that each has its index: a receiver that is down leaves thousands of pending rows.
    db.run(
        "DELETE FROM webhook_deliveries
         WHERE status <> 'pending' AND seq <= (SELECT max(seq) FROM webhook_deliveries) - ?",
        [MOST_SETTLED],
    )?;
    db.run(
        "DELETE FROM webhook_deliveries WHERE seq <= (SELECT max(seq) FROM webhook_deliveries) - ?",
        [MOST],
    )
}

/// The deliveries, the latest first.
pub(crate) fn list(db: Db<'_>, limit: u32) -> Result<Vec<WebhookDelivery>> {
    db.list("TRUE ORDER BY seq DESC LIMIT ?", [limit])
}

pub(crate) fn find(db: Db<'_>, seq: i64) -> Result<Option<WebhookDelivery>> {
    db.find("seq = ?", [seq])
}

/// The deliveries of an event type, the latest first.
pub(crate) fn of_type(db: Db<'_>, event_type: &str) -> Result<Vec<WebhookDelivery>> {
    db.list("event_type = ? ORDER BY seq DESC", [event_type])
}

/// The first pending delivery of each subject to a URL, in the order of their next attempts.
pub(crate) fn heads(db: Db<'_>, url: &str, limit: usize) -> Result<Vec<WebhookDelivery>> {
    let is_head = "status = 'pending' AND url = ?1 AND NOT EXISTS (SELECT 1 FROM webhook_deliveries AS earlier
            WHERE earlier.status = 'pending' AND earlier.url = webhook_deliveries.url
            AND earlier.subject_id = webhook_deliveries.subject_id AND earlier.seq < webhook_deliveries.seq)
        ORDER BY next_attempt_at, seq LIMIT ?2";
    db.list(is_head, params![url, i64::try_from(limit).unwrap_or(i64::MAX)])
}

/// Records an attempt. A row that was deleted meanwhile stays deleted.
pub(crate) fn record(db: Db<'_>, delivery: &WebhookDelivery, outcome: &Outcome) -> Result<()> {
    let status = match outcome {
        Outcome { error: None, .. } => WebhookStatus::Delivered,
        Outcome {
            next_attempt_at: None, ..
        } => WebhookStatus::Failed,
        _ => WebhookStatus::Pending,
    };
    // Selected by the message too, because after a reset another event may have the number.
    db.run(
        "UPDATE webhook_deliveries SET status = ?, attempts = ?, response_status = ?, error = ?, next_attempt_at = ?,
             updated_at = ? WHERE seq = ? AND message_id = ?",
        params![
            status,
            delivery.attempts.saturating_add(1),
            outcome.response_status,
            outcome.error,
            outcome.next_attempt_at.map(Millis),
            Millis(db.now),
            delivery.seq,
            delivery.id
        ],
    )
}

/// Makes a delivery due at once, even a delivered or failed one.
pub(crate) fn send_again(db: Db<'_>, seq: i64) -> Result<()> {
    db.run(
        "UPDATE webhook_deliveries SET status = ?, next_attempt_at = ? WHERE seq = ?",
        params![WebhookStatus::Pending, Millis(db.now), seq],
    )
}

/// Marks the pending deliveries to other URLs than these as failed, with `reason` as the error.
pub(crate) fn give_up_others(db: Db<'_>, urls: &[&str], reason: &str) -> Result<()> {
    let pending: Vec<String> = db.values(
        "SELECT DISTINCT url FROM webhook_deliveries WHERE status = 'pending'",
        [],
    )?;
    for url in pending.iter().filter(|url| !urls.contains(&url.as_str())) {
        db.run(
            "UPDATE webhook_deliveries SET status = ?, next_attempt_at = ?, error = ?, updated_at = ?
             WHERE status = 'pending' AND url = ?",
            params![WebhookStatus::Failed, Null, reason, Millis(db.now), url],
        )?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use portal_sdk::clock::UnixTime;

    use super::*;
    use crate::store::{Location, Store, StoreError};

    const NOW: UnixTime = UnixTime::from_secs(1_800_000_000);

    fn add(db: Db<'_>, n: u32, urls: &[&str]) -> Result<()> {
        let (message_id, subject_id) = (format!("msg_{n}"), format!("user_{}", n % 3));
        let new = NewEvent {
            message_id: &message_id,
            event_type: "user.updated",
            subject_id: &subject_id,
            body: "{}",
        };
        insert(db, &new, urls.iter())
    }

    fn delivered() -> Outcome {
        Outcome {
            response_status: Some(200),
            error: None,
            next_attempt_at: None,
        }
    }

    #[tokio::test]
    async fn only_the_first_event_of_each_user_is_due() {
        let (store, _) = Store::open(&Location::Memory, NOW).unwrap();
        let work = |db: Db<'_>| {
            for n in 0..7 {
                add(db, n, &["a", "b"])?;
            }
            let due = |url, limit| -> Result<Vec<String>> {
                Ok(heads(db, url, limit)?.into_iter().map(|one| one.id).collect())
            };
            assert_eq!(due("a", 8)?, ["msg_0", "msg_1", "msg_2"]);
            assert_eq!(due("a", 2)?, ["msg_0", "msg_1"]);
            record(db, &heads(db, "a", 1)?[0], &delivered())?;
            assert_eq!(due("a", 8)?, ["msg_1", "msg_2", "msg_3"]);
            assert_eq!(due("b", 8)?, ["msg_0", "msg_1", "msg_2"]);
            assert!(due("c", 8)?.is_empty());
            Ok::<_, StoreError>(())
        };
        store.transaction(NOW, work).await.unwrap();
    }

    #[tokio::test]
    async fn settled_deliveries_are_deleted_before_pending_ones() {
        let (store, _) = Store::open(&Location::Memory, NOW).unwrap();
        let work = |db: Db<'_>| {
            let count = || db.value::<u32>("SELECT count(*) FROM webhook_deliveries", []);
            for n in 0..MOST_SETTLED + 10 {
                add(db, n, &["a"])?;
            }
            assert_eq!(count()?, Some(MOST_SETTLED + 10), "all wait");
            db.run("UPDATE webhook_deliveries SET status = 'delivered' WHERE seq <= 5", [])?;
            add(db, 0, &["a"])?;
            assert_eq!(count()?, Some(MOST_SETTLED + 6));
            for n in 0..MOST {
                add(db, n, &["a"])?;
            }
            assert_eq!(count()?, Some(MOST));
            Ok::<_, StoreError>(())
        };
        store.transaction(NOW, work).await.unwrap();
    }

    #[tokio::test]
    async fn attempt_of_a_deleted_row_changes_no_other() {
        let (store, _) = Store::open(&Location::Memory, NOW).unwrap();
        let work = |db: Db<'_>| {
            add(db, 1, &["a"])?;
            let old = heads(db, "a", 1)?.remove(0);
            db.run("DELETE FROM webhook_deliveries", [])?;
            add(db, 2, &["a"])?;
            record(db, &old, &delivered())?;
            let new = list(db, 1)?.remove(0);
            assert_eq!((new.seq, new.status), (old.seq, WebhookStatus::Pending));
            Ok::<_, StoreError>(())
        };
        store.transaction(NOW, work).await.unwrap();
    }
}
