//! The waitlist: joining it, and the mail that confirms a place.

use super::{Field, Flow, Outcome, check_email_address};
use crate::store::outbox::{Content, NewMail};
use crate::store::{MailKind, Result, WaitlistEntry, waitlist};

impl Flow<'_> {
    /// Writes the mail that confirms a place on the waitlist.
    pub(crate) fn send_waitlist_confirmation(&self, entry: &WaitlistEntry) -> Result<()> {
        let name = &self.application.name;
        self.send_mail(NewMail {
            to: &entry.address,
            kind: MailKind::Waitlist,
            subject: format!("You're on the waitlist for {name}"),
            body: "We'll email you an invitation when it's your turn.".to_owned(),
            content: Content::Nothing,
        })
    }

    /// Puts an address on the waitlist, once.
    pub(crate) fn join_waitlist(&self, address: &str) -> Outcome<WaitlistEntry> {
        let address = check_email_address(address, Field::EmailAddress)?;
        Ok(waitlist::join(self.db, &address)?)
    }
}
