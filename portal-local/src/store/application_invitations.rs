//! Invitations to the application itself. The ticket in the link is kept as a hash.

use portal_sdk::clock::UnixTime;

use super::email_addresses::normalize;
use super::record::record;
use super::tickets::settle;
use super::{Db, Metadata, Result, TicketStatus};
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

pub(crate) fn find(db: Db<'_>, id: &str) -> Found {
    settle::<ApplicationInvitation>(db)?;
    db.find("id = ?", [id])
}

pub(crate) fn find_by_ticket(db: Db<'_>, ticket: &str) -> Found {
    settle::<ApplicationInvitation>(db)?;
    db.find("ticket_hash = ?", [hash(ticket)])
}

pub(crate) fn find_pending(db: Db<'_>, address: &str) -> Found {
    settle::<ApplicationInvitation>(db)?;
    db.find("address_norm = ? AND status = 'pending'", [normalize(address)])
}

/// Every invitation, the latest first.
pub(crate) fn all(db: Db<'_>) -> Result<Vec<ApplicationInvitation>> {
    settle::<ApplicationInvitation>(db)?;
    db.latest_first("TRUE", [])
}

pub(crate) fn insert(db: Db<'_>, new: &ApplicationInvitation, ticket: &str) -> Result<()> {
    db.insert(
        new,
        &[
            ("address_norm", &normalize(&new.address)),
            ("ticket_hash", &hash(ticket)),
        ],
    )
}
