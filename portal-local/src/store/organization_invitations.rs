//! Invitations to organizations. The ticket in the link is kept as a hash.

use portal_sdk::clock::UnixTime;
use rusqlite::{Connection, Row, params};

use super::email_addresses::normalize;
use super::tickets::Tickets;
use super::{Metadata, Millis, TicketStatus};
use crate::ids;
use crate::secrets::hash;

#[derive(Clone, Debug)]
pub(crate) struct OrganizationInvitation {
    pub(crate) id: String,
    pub(crate) organization_id: String,
    pub(crate) address: String,
    pub(crate) role_key: String,
    pub(crate) inviter_id: Option<String>,
    pub(crate) status: TicketStatus,
    pub(crate) redirect_url: Option<String>,
    pub(crate) public_metadata: Metadata,
    pub(crate) private_metadata: Metadata,
    pub(crate) expires_at: UnixTime,
    pub(crate) created_at: UnixTime,
    pub(crate) updated_at: UnixTime,
}

const COLUMNS: &str = "id, organization_id, address, role_key, inviter_id, status, redirect_url, public_metadata, \
                       private_metadata, expires_at, created_at, updated_at";

const TABLE: Tickets<OrganizationInvitation> = Tickets {
    table: "organization_invitations",
    columns: COLUMNS,
    read,
};

fn read(row: &Row<'_>) -> rusqlite::Result<OrganizationInvitation> {
    Ok(OrganizationInvitation {
        id: row.get(0)?,
        organization_id: row.get(1)?,
        address: row.get(2)?,
        role_key: row.get(3)?,
        inviter_id: row.get(4)?,
        status: row.get(5)?,
        redirect_url: row.get(6)?,
        public_metadata: row.get(7)?,
        private_metadata: row.get(8)?,
        expires_at: row.get::<_, Millis>(9)?.0,
        created_at: row.get::<_, Millis>(10)?.0,
        updated_at: row.get::<_, Millis>(11)?.0,
    })
}

pub(crate) fn new_id(now: UnixTime) -> String {
    ids::new_id(ids::ORGANIZATION_INVITATION, now)
}

pub(crate) fn find(
    connection: &Connection,
    id: &str,
    now: UnixTime,
) -> rusqlite::Result<Option<OrganizationInvitation>> {
    TABLE.settled(connection, now)?.one(connection, "id = ?", [id])
}

pub(crate) fn find_by_ticket(
    connection: &Connection,
    ticket: &str,
    now: UnixTime,
) -> rusqlite::Result<Option<OrganizationInvitation>> {
    TABLE
        .settled(connection, now)?
        .one(connection, "ticket_hash = ?", [hash(ticket)])
}

/// The open invitation of an address to an organization.
pub(crate) fn find_pending(
    connection: &Connection,
    organization_id: &str,
    address: &str,
    now: UnixTime,
) -> rusqlite::Result<Option<OrganizationInvitation>> {
    TABLE.settled(connection, now)?.one(
        connection,
        "organization_id = ? AND address_norm = ? AND status = 'pending'",
        [organization_id, &normalize(address)],
    )
}

/// The invitations of an organization, the latest first; of one status, or all.
pub(crate) fn of_organization(
    connection: &Connection,
    organization_id: &str,
    status: Option<TicketStatus>,
    now: UnixTime,
) -> rusqlite::Result<Vec<OrganizationInvitation>> {
    TABLE.settled(connection, now)?.all(
        connection,
        "organization_id = ?1 AND (?2 IS NULL OR status = ?2)",
        params![organization_id, status],
    )
}

/// The invitations to the user's verified addresses, in any status, the latest first.
pub(crate) fn to_user(
    connection: &Connection,
    user_id: &str,
    now: UnixTime,
) -> rusqlite::Result<Vec<OrganizationInvitation>> {
    TABLE.settled(connection, now)?.all(
        connection,
        "address_norm IN (SELECT address_norm FROM email_addresses WHERE user_id = ? AND verified_at IS NOT NULL)",
        [user_id],
    )
}

/// The open invitations to one of the user's verified addresses, the latest first.
pub(crate) fn of_user(
    connection: &Connection,
    user_id: &str,
    now: UnixTime,
) -> rusqlite::Result<Vec<OrganizationInvitation>> {
    TABLE.settled(connection, now)?.all(
        connection,
        "status = 'pending' AND address_norm IN
             (SELECT address_norm FROM email_addresses WHERE user_id = ? AND verified_at IS NOT NULL)",
        [user_id],
    )
}

pub(crate) fn insert(
    connection: &Connection,
    invitation: &OrganizationInvitation,
    ticket: &str,
) -> rusqlite::Result<()> {
    connection.execute(
        &format!(
            "INSERT INTO organization_invitations ({COLUMNS}, address_norm, ticket_hash)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)"
        ),
        params![
            invitation.id,
            invitation.organization_id,
            invitation.address,
            invitation.role_key,
            invitation.inviter_id,
            invitation.status,
            invitation.redirect_url,
            invitation.public_metadata,
            invitation.private_metadata,
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
