//! Invitations to the application itself. The ticket in the link is kept as a hash.

use portal_sdk::clock::UnixTime;
use rusqlite::{Connection, Row, params};

use super::email_addresses::normalize;
use super::tickets::Tickets;
use super::{Metadata, Millis, TicketStatus};
use crate::ids;
use crate::secrets::hash;

#[derive(Clone, Debug)]
pub(crate) struct ApplicationInvitation {
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

const COLUMNS: &str = "id, address, redirect_url, public_metadata, status, expires_at, created_at, updated_at";

const TABLE: Tickets<ApplicationInvitation> = Tickets {
    table: "application_invitations",
    columns: COLUMNS,
    read,
};

fn read(row: &Row<'_>) -> rusqlite::Result<ApplicationInvitation> {
    Ok(ApplicationInvitation {
        id: row.get(0)?,
        address: row.get(1)?,
        redirect_url: row.get(2)?,
        public_metadata: row.get(3)?,
        status: row.get(4)?,
        expires_at: row.get::<_, Millis>(5)?.0,
        created_at: row.get::<_, Millis>(6)?.0,
        updated_at: row.get::<_, Millis>(7)?.0,
    })
}

pub(crate) fn new_id(now: UnixTime) -> String {
    ids::new_id(ids::INVITATION, now)
}

pub(crate) fn find(
    connection: &Connection,
    id: &str,
    now: UnixTime,
) -> rusqlite::Result<Option<ApplicationInvitation>> {
    TABLE.settled(connection, now)?.one(connection, "id = ?", [id])
}

pub(crate) fn find_by_ticket(
    connection: &Connection,
    ticket: &str,
    now: UnixTime,
) -> rusqlite::Result<Option<ApplicationInvitation>> {
    TABLE
        .settled(connection, now)?
        .one(connection, "ticket_hash = ?", [hash(ticket)])
}

pub(crate) fn find_pending(
    connection: &Connection,
    address: &str,
    now: UnixTime,
) -> rusqlite::Result<Option<ApplicationInvitation>> {
    let condition = "address_norm = ? AND status = 'pending'";
    TABLE
        .settled(connection, now)?
        .one(connection, condition, [normalize(address)])
}

/// Every invitation, the latest first.
pub(crate) fn all(connection: &Connection, now: UnixTime) -> rusqlite::Result<Vec<ApplicationInvitation>> {
    TABLE.settled(connection, now)?.all(connection, "TRUE", [])
}

pub(crate) fn insert(
    connection: &Connection,
    invitation: &ApplicationInvitation,
    ticket: &str,
) -> rusqlite::Result<()> {
    connection.execute(
        &format!(
            "INSERT INTO application_invitations ({COLUMNS}, address_norm, ticket_hash)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)"
        ),
        params![
            invitation.id,
            invitation.address,
            invitation.redirect_url,
            invitation.public_metadata,
            invitation.status,
            Millis(invitation.expires_at),
            Millis(invitation.created_at),
            Millis(invitation.updated_at),
            normalize(&invitation.address),
            hash(ticket)
        ],
    )?;
    Ok(())
}

pub(crate) fn set_status(
    connection: &Connection,
    id: &str,
    status: TicketStatus,
    now: UnixTime,
) -> rusqlite::Result<()> {
    TABLE.set_status(connection, id, status, now)
}
