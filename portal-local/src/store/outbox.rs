//! Mail that would have been sent.

use portal_sdk::clock::UnixTime;
use rusqlite::{Connection, params};

use super::{Millis, words};
use crate::ids;

/// The number of latest mails that are kept.
pub(crate) const MOST_MAILS: u32 = 1_000;

/// The reason for a mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum MailKind {
    /// A mail with a code that verifies an address or signs a user in.
    VerificationCode,
    /// A mail with a link to join an organization.
    OrganizationInvitation,
    /// A mail with a link to create an account.
    Invitation,
    /// A notice that an address is on the waitlist.
    Waitlist,
    /// A notice of a sign-in on a new device, with a link that ends its session.
    NewDevice,
    /// A notice of a new primary address, with a link to the account.
    PrimaryAddressChanged,
}

words!(MailKind {
    VerificationCode = "verification_code",
    OrganizationInvitation = "organization_invitation",
    Invitation = "invitation",
    Waitlist = "waitlist",
    NewDevice = "new_device",
    PrimaryAddressChanged = "primary_address_changed",
});

/// A mail in the outbox. Nothing is ever sent.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Mail {
    /// The mail's id.
    pub id: String,
    /// The address it would have gone to.
    pub to: String,
    /// The reason for the mail.
    pub kind: MailKind,
    /// The subject line.
    pub subject: String,
    /// The text.
    pub body: String,
    /// The code inside, if there is one.
    pub code: Option<String>,
    /// The link inside, if there is one.
    pub link: Option<String>,
    /// The time of writing.
    pub created_at: UnixTime,
}

/// The link or code in a mail.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Content<'a> {
    Code(&'a str),
    Link(&'a str),
    /// Neither a link nor a code.
    Nothing,
}

pub(crate) fn insert(
    connection: &Connection,
    to: &str,
    kind: MailKind,
    subject: &str,
    body: &str,
    content: Content<'_>,
    now: UnixTime,
) -> rusqlite::Result<()> {
    let (code, link) = match content {
        Content::Code(code) => (Some(code), None),
        Content::Link(link) => (None, Some(link)),
        Content::Nothing => (None, None),
    };
    connection.execute(
        "INSERT INTO outbox (id, recipient, kind, subject, body, code, link, created_at)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        params![
            ids::new_id(ids::MAIL, now),
            to,
            kind,
            subject,
            body,
            code,
            link,
            Millis(now)
        ],
    )?;
    connection.execute(
        "DELETE FROM outbox WHERE rowid <= (SELECT max(rowid) FROM outbox) - ?",
        [MOST_MAILS],
    )?;
    Ok(())
}

/// The mails, the latest first.
pub(crate) fn list(connection: &Connection, limit: u32) -> rusqlite::Result<Vec<Mail>> {
    connection
        .prepare_cached(
            "SELECT id, recipient, kind, subject, body, code, link, created_at FROM outbox
             ORDER BY rowid DESC LIMIT ?",
        )?
        .query_map([limit], |row| {
            Ok(Mail {
                id: row.get(0)?,
                to: row.get(1)?,
                kind: row.get(2)?,
                subject: row.get(3)?,
                body: row.get(4)?,
                code: row.get(5)?,
                link: row.get(6)?,
                created_at: row.get::<_, Millis>(7)?.0,
            })
        })?
        .collect()
}
