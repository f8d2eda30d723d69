//! Deletes expired and unused rows, because a portal runs for weeks.

use rusqlite::params;

use super::{Db, Millis, Result};
use crate::clock::Millis as _;

const HOUR_MILLIS: i64 = 60 * 60 * 1_000;
const DAY_MILLIS: i64 = 24 * HOUR_MILLIS;
/// The age limit of browsers that never signed in; [`MOST_BROWSERS`] limits their number.
const BROWSER_MILLIS: i64 = 7 * DAY_MILLIS;
const MOST_BROWSERS: u32 = 10_000;
const MOST_VERIFICATIONS: u32 = 20_000;

/// Tables with a time column, and how long rows stay after that time.
const EXPIRING: [(&str, &str, i64); 9] = [
    ("sign_ins", "abandon_at", 0),
    ("sign_ups", "abandon_at", 0),
    ("handshake_nonces", "expire_at", 0),
    ("refresh_tokens", "expire_at", 0),
    ("oauth_attempts", "expire_at", 0),
    ("revocation_links", "expires_at", 0),
    // Kept for a day: the Backend API reports a token's status.
    ("sign_in_tokens", "expires_at", DAY_MILLIS),
    // Kept for an hour: the last code delays the next one.
    ("verifications", "expire_at", HOUR_MILLIS),
    ("totp_setups", "created_at", DAY_MILLIS),
];

/// Deletes the rows that are expired at `now`.
pub(crate) fn expired(db: Db<'_>) -> Result<()> {
    let before = |millis: i64| Millis(db.now.plus_millis(-millis));
    for (table, column, kept_millis) in EXPIRING {
        db.run(
            &format!("DELETE FROM {table} WHERE {column} <= ?"),
            [before(kept_millis)],
        )?;
    }
    db.run(
        "DELETE FROM verifications WHERE rowid <= (SELECT max(rowid) FROM verifications) - ?",
        [MOST_VERIFICATIONS],
    )?;
    db.run(
        "DELETE FROM code_limits WHERE updated_at <= ?1 AND coalesce(locked_until, 0) <= ?2",
        [before(DAY_MILLIS), before(0)],
    )?;
    db.run(
        "DELETE FROM clients WHERE created_at <= ?1 AND sign_in_id IS NULL AND sign_up_id IS NULL
         AND NOT EXISTS (SELECT 1 FROM sessions WHERE client_id = clients.id)",
        [before(DAY_MILLIS)],
    )?;
    db.run(
        "DELETE FROM dev_browsers WHERE client_id IS NULL AND (created_at <= ?1
            OR rowid <= (SELECT max(rowid) FROM dev_browsers) - ?2)",
        params![before(BROWSER_MILLIS), MOST_BROWSERS],
    )
}

#[cfg(test)]
mod tests {
    use portal_sdk::clock::UnixTime;

    use super::*;
    use crate::store::outbox::{self, Content, NewMail};
    use crate::store::verifications::{self, NewVerification};
    use crate::store::{
        Location, MailKind, Store, StoreError, Strategy, Subject, clients, dev_browsers, sign_ins, users,
    };

    const NOW: UnixTime = UnixTime::from_secs(1_800_000_000);

    fn at(db: Db<'_>, now: UnixTime) -> Db<'_> {
        Db { now, ..db }
    }

    fn count(db: Db<'_>, table: &str) -> u32 {
        let query = format!("SELECT count(*) FROM {table}");
        db.value(&query, []).unwrap().unwrap()
    }

    fn attempt(db: Db<'_>, n: u32) -> String {
        let browser = dev_browsers::insert(db, format!("dvb_{n}"), &format!("token {n}")).unwrap();
        let client = clients::of_dev_browser(db, &browser).unwrap();
        let user = crate::store::NewUser {
            id: None,
            email_address: format!("{n}@example.com"),
            strategy: Strategy::EmailCode,
            password_hash: None,
            first_name: None,
            last_name: None,
        };
        let user_id = users::insert(db, &user).unwrap();
        let abandon_at = NOW.plus_millis(DAY_MILLIS);
        for _ in 0..3 {
            sign_ins::insert(db, &client, "a", &user_id, abandon_at).unwrap();
        }
        let current = clients::find_of_dev_browser(db, &browser).unwrap().unwrap();
        current.sign_in_id.unwrap()
    }

    #[tokio::test]
    async fn expired_attempt_is_deleted_with_its_rows() {
        let (store, _) = Store::open(&Location::Memory, NOW).unwrap();
        let work = |db: Db<'_>| {
            let id = attempt(db, 1);
            assert_eq!(count(db, "sign_ins"), 1, "a client has one attempt");
            let later = NOW.plus_millis(600_000);
            let new = NewVerification {
                subject: Subject::SignIn(&id),
                strategy: Strategy::EmailCode,
                code: "1",
                address: "a@example.com",
                expire_at: later,
            };
            verifications::open(db, new)?;
            expired(at(db, NOW.plus_millis(HOUR_MILLIS)))?;
            assert_eq!((count(db, "sign_ins"), count(db, "verifications")), (1, 1));
            expired(at(db, NOW.plus_millis(2 * DAY_MILLIS)))?;
            for table in ["sign_ins", "verifications", "clients"] {
                assert_eq!(count(db, table), 0, "{table}");
            }
            expired(at(db, NOW.plus_millis(8 * DAY_MILLIS)))?;
            assert_eq!(count(db, "dev_browsers"), 0);
            assert_eq!(count(db, "users"), 1);
            Ok::<_, StoreError>(())
        };
        store.transaction(NOW, work).await.unwrap();
    }

    #[tokio::test]
    async fn clock_set_back_deletes_nothing() {
        let (store, _) = Store::open(&Location::Memory, NOW).unwrap();
        let work = |db: Db<'_>| {
            attempt(db, 1);
            expired(at(db, NOW.plus_millis(-30 * DAY_MILLIS)))?;
            for table in ["sign_ins", "clients", "dev_browsers"] {
                assert_eq!(count(db, table), 1, "{table}");
            }
            Ok::<_, StoreError>(())
        };
        store.transaction(NOW, work).await.unwrap();
    }

    #[tokio::test]
    async fn outbox_keeps_its_latest_mails() {
        let (store, _) = Store::open(&Location::Memory, NOW).unwrap();
        let work = |db: Db<'_>| {
            for n in 0..1_100 {
                let new = NewMail {
                    to: &n.to_string(),
                    kind: MailKind::NewDevice,
                    subject: String::new(),
                    body: String::new(),
                    content: Content::Code("1"),
                };
                outbox::insert(db, new)?;
            }
            assert_eq!(count(db, "outbox"), 1_000);
            assert_eq!(outbox::list(db, 1)?[0].to, "1099");
            Ok::<_, StoreError>(())
        };
        store.transaction(NOW, work).await.unwrap();
    }
}
