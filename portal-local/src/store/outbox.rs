//! Mail that would have been sent.

use portal_sdk::clock::UnixTime;
use rusqlite::{Connection, params};

use super::{Millis, words};
use crate::ids;

/// Why a mail was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum MailKind {
    /// It carries the code that proves an address or signs somebody in.
    VerificationCode,
}

words!(MailKind {
    VerificationCode = "verification_code",
});

/// A mail in the outbox. Nothing is ever sent.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Mail {
    /// The mail's id.
    pub id: String,
    /// The address it would have gone to.
    pub to: String,
    /// Why it was written.
    pub kind: MailKind,
    /// The subject line.
    pub subject: String,
    /// The text.
    pub body: String,
    /// The code inside, if there is one.
    pub code: Option<String>,
    /// When it was written.
    pub created_at: UnixTime,
}

pub(crate) fn insert(
    connection: &Connection,
    to: &str,
    kind: MailKind,
    subject: &str,
    body: &str,
    code: Option<&str>,
    now: UnixTime,
) -> rusqlite::Result<()> {
    connection.execute(
        "INSERT INTO outbox (id, recipient, kind, subject, body, code, created_at) VALUES (?, ?, ?, ?, ?, ?, ?)",
        params![ids::new_id(ids::MAIL, now), to, kind, subject, body, code, Millis(now)],
    )?;
    Ok(())
}

/// The mails, the latest first.
pub(crate) fn list(connection: &Connection, limit: u32) -> rusqlite::Result<Vec<Mail>> {
    connection
        .prepare_cached(
            "SELECT id, recipient, kind, subject, body, code, created_at FROM outbox ORDER BY rowid DESC LIMIT ?",
        )?
        .query_map([limit], |row| {
            Ok(Mail {
                id: row.get(0)?,
                to: row.get(1)?,
                kind: row.get(2)?,
                subject: row.get(3)?,
                body: row.get(4)?,
                code: row.get(5)?,
                created_at: row.get::<_, Millis>(6)?.0,
            })
        })?
        .collect()
}
