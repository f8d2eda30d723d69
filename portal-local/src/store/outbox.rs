//! Mail that would have been sent.

use portal_sdk::clock::UnixTime;

use super::record::record;
use super::{Db, Result, words};
use crate::ids;
use crate::redacted::debug_only;

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

record! {
    /// A mail in the outbox. Nothing is ever sent.
    ///
    /// `Debug` shows neither code nor link, and therefore no text.
    #[derive(Clone)]
    #[non_exhaustive]
    pub struct Mail in "outbox" {
        /// The mail's id.
        pub id: String,
        /// The address it would have gone to.
        pub to: String as "recipient",
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
}

debug_only!(Mail {
    id,
    to,
    kind,
    created_at
});

/// A mail that is not written yet.
pub(crate) struct NewMail<'a> {
    pub(crate) to: &'a str,
    pub(crate) kind: MailKind,
    pub(crate) subject: String,
    pub(crate) body: String,
    pub(crate) content: Content<'a>,
}

/// The link or code in a mail.
#[derive(Clone, Copy)]
pub(crate) enum Content<'a> {
    Code(&'a str),
    Link(&'a str),
    /// Neither a link nor a code.
    Nothing,
}

pub(crate) fn insert(db: Db<'_>, new: NewMail<'_>) -> Result<()> {
    let (code, link) = match new.content {
        Content::Code(code) => (Some(code), None),
        Content::Link(link) => (None, Some(link)),
        Content::Nothing => (None, None),
    };
    let mail = Mail {
        id: ids::new_id(ids::MAIL, db.now),
        to: new.to.to_owned(),
        kind: new.kind,
        subject: new.subject,
        body: new.body,
        code: code.map(str::to_owned),
        link: link.map(str::to_owned),
        created_at: db.now,
    };
    db.insert(&mail, &[])?;
    db.run(
        "DELETE FROM outbox WHERE rowid <= (SELECT max(rowid) FROM outbox) - ?",
        [MOST_MAILS],
    )
}

/// The mails, the latest first.
pub(crate) fn list(db: Db<'_>, limit: u32) -> Result<Vec<Mail>> {
    db.list("TRUE ORDER BY rowid DESC LIMIT ?", [limit])
}
