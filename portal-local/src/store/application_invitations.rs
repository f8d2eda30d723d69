//! Invitations to the application itself. The ticket in the link is kept as a hash.

use portal_sdk::clock::UnixTime;
use rusqlite::{Connection, Result};

use super::email_addresses::normalize;
use super::record::{Rows as _, record};
use super::tickets::settle;
use super::{Metadata, TicketStatus};
use crate::secrets::hash;

record! {
    #[derive(Clone, Debug)]
    pub(crate) struct ApplicationInvitation in "application_invitations" {
        pub(crate) id: String,
        pub(crate) address: String,
        pub(crate) redirect_url: Option<String>,
        /// The public metadata of the future account.
        pub(crate) public_metadata: Metadata,
        pub(crate) status: TicketStatus,
        pub(crate) expires_at: UnixTime,
        pub(crate) created_at: UnixTime,
        pub(crate) updated_at: UnixTime,
    }
}

type Found = Result<Option<ApplicationInvitation>>;

pub(crate) fn find(connection: &Connection, id: &str, now: UnixTime) -> Found {
    settle::<ApplicationInvitation>(connection, now)?;
    connection.find("id = ?", [id])
}

pub(crate) fn find_by_ticket(connection: &Connection, ticket: &str, now: UnixTime) -> Found {
    settle::<ApplicationInvitation>(connection, now)?;
    connection.find("ticket_hash = ?", [hash(ticket)])
}

pub(crate) fn find_pending(connection: &Connection, address: &str, now: UnixTime) -> Found {
    settle::<ApplicationInvitation>(connection, now)?;
    connection.find("address_norm = ? AND status = 'pending'", [normalize(address)])
}

/// Every invitation, the latest first.
pub(crate) fn all(connection: &Connection, now: UnixTime) -> Result<Vec<ApplicationInvitation>> {
    settle::<ApplicationInvitation>(connection, now)?;
    connection.latest_first("TRUE", [])
}

pub(crate) fn insert(connection: &Connection, new: &ApplicationInvitation, ticket: &str) -> Result<()> {
    connection.insert(
        new,
        &[
            ("address_norm", &normalize(&new.address)),
            ("ticket_hash", &hash(ticket)),
        ],
    )
}
