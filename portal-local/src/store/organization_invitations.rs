//! Invitations to organizations. The ticket in the link is kept as a hash.

use portal_sdk::clock::UnixTime;
use rusqlite::params;

use super::email_addresses::normalize;
use super::record::record;
use super::tickets::settle;
use super::{Db, Metadata, Result, TicketStatus};
use crate::secrets::hash;

record! {
    #[derive(Clone, Debug)]
    pub(crate) struct OrganizationInvitation in "organization_invitations" {
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
}

type Found = Result<Option<OrganizationInvitation>>;
type All = Result<Vec<OrganizationInvitation>>;

pub(crate) fn find(db: Db<'_>, id: &str) -> Found {
    settle::<OrganizationInvitation>(db)?;
    db.find("id = ?", [id])
}

pub(crate) fn find_by_ticket(db: Db<'_>, ticket: &str) -> Found {
    settle::<OrganizationInvitation>(db)?;
    db.find("ticket_hash = ?", [hash(ticket)])
}

/// The open invitation of an address to an organization.
pub(crate) fn find_pending(db: Db<'_>, organization_id: &str, address: &str) -> Found {
    settle::<OrganizationInvitation>(db)?;
    let is_pending = "organization_id = ? AND address_norm = ? AND status = 'pending'";
    db.find(is_pending, [organization_id, &normalize(address)])
}

/// The invitations of an organization, the latest first; of one status, or all.
pub(crate) fn of_organization(db: Db<'_>, organization_id: &str, status: Option<TicketStatus>) -> All {
    settle::<OrganizationInvitation>(db)?;
    let is_wanted = "organization_id = ?1 AND (?2 IS NULL OR status = ?2)";
    db.latest_first(is_wanted, params![organization_id, status])
}

const IS_TO_USER: &str =
    "address_norm IN (SELECT address_norm FROM email_addresses WHERE user_id = ? AND verified_at IS NOT NULL)";

/// The invitations to the user's verified addresses, in any status, the latest first.
pub(crate) fn to_user(db: Db<'_>, user_id: &str) -> All {
    settle::<OrganizationInvitation>(db)?;
    db.latest_first(IS_TO_USER, [user_id])
}

/// The open invitations to one of the user's verified addresses, the latest first.
pub(crate) fn of_user(db: Db<'_>, user_id: &str) -> All {
    settle::<OrganizationInvitation>(db)?;
    db.latest_first(&format!("status = 'pending' AND {IS_TO_USER}"), [user_id])
}

pub(crate) fn insert(db: Db<'_>, new: &OrganizationInvitation, ticket: &str) -> Result<()> {
    db.insert(
        new,
        &[
            ("address_norm", &normalize(&new.address)),
            ("ticket_hash", &hash(ticket)),
        ],
    )
}
