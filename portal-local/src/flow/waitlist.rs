//! The waitlist: joining it, and the mail that confirms a place.

use portal_sdk::clock::UnixTime;
use rusqlite::Connection;

use super::{Field, Outcome, check_email_address};
use crate::state::App;
use crate::store::outbox::Content;
use crate::store::{MailKind, StoreError, WaitlistEntry};
use crate::store::{outbox, waitlist};

/// Writes the mail that confirms a place on the waitlist.
pub(crate) fn send_waitlist_confirmation(
    app: &App,
    connection: &Connection,
    entry: &WaitlistEntry,
    now: UnixTime,
) -> Result<(), StoreError> {
    let name = &app.application_name;
    outbox::insert(
        connection,
        &entry.address,
        MailKind::Waitlist,
        &format!("You are on the waitlist of {name}"),
        "You get an invitation when it is your turn.",
        Content::Nothing,
        now,
    )?;
    Ok(())
}

/// Puts an address on the waitlist, once.
pub(crate) fn join_waitlist(connection: &Connection, address: &str, now: UnixTime) -> Outcome<WaitlistEntry> {
    match check_email_address(address, Field::EmailAddress) {
        Ok(address) => Ok(Ok(waitlist::join(connection, &address, now)?)),
        Err(error) => Ok(Err(error)),
    }
}
