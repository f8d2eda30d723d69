//! The waitlist: joining it, and the mail that confirms a place.

use super::{Field, Flow, Outcome, check_email_address};
use crate::store::outbox::Content;
use crate::store::{MailKind, StoreError, WaitlistEntry, outbox, waitlist};

impl Flow<'_> {
    /// Writes the mail that confirms a place on the waitlist.
    pub(crate) fn send_waitlist_confirmation(&self, entry: &WaitlistEntry) -> Result<(), StoreError> {
        let name = &self.application.name;
        outbox::insert(
            self.connection,
            &entry.address,
            MailKind::Waitlist,
            &format!("You're on the waitlist for {name}"),
            "We'll email you an invitation when it's your turn.",
            Content::Nothing,
            self.now,
        )?;
        Ok(())
    }

    /// Puts an address on the waitlist, once.
    pub(crate) fn join_waitlist(&self, address: &str) -> Outcome<WaitlistEntry> {
        let address = check_email_address(address, Field::EmailAddress)?;
        Ok(waitlist::join(self.connection, &address, self.now)?)
    }
}
