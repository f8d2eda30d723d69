//! Members of an organization: adding, changing roles, removing, leaving.

use portal_sdk::clock::UnixTime;
use rusqlite::Connection;

use super::organization::forget;
use super::{FlowError, Outcome};
use crate::store::roles::{MANAGE_MEMBERSHIPS, READ_MEMBERSHIPS};
use crate::store::{Membership, Metadata, Organization, StoreError};
use crate::store::{TicketStatus, memberships, organization_invitations, roles, users};

/// Makes a user a member, as an administrator of the application does it.
pub(crate) fn add_member(
    connection: &Connection,
    organization: &Organization,
    user_id: &str,
    role_key: &str,
    metadata: (&Metadata, &Metadata),
    now: UnixTime,
) -> Outcome<Membership> {
    let Some(user) = users::find(connection, user_id)? else {
        return Ok(Err(FlowError::UserUnknown));
    };
    if roles::find(connection, role_key)?.is_none() {
        return Ok(Err(FlowError::RoleUnknown));
    }
    if memberships::find(connection, &organization.id, user_id)?.is_some() {
        return Ok(Err(FlowError::AlreadyMember { address: user.id }));
    }
    if let Err(error) = check_quota(connection, organization, now)? {
        return Ok(Err(error));
    }
    memberships::insert(connection, &organization.id, user_id, role_key, metadata, now)?;
    found(connection, organization, user_id)
}

/// Changes a member's role.
pub(crate) fn change_role(
    connection: &Connection,
    organization: &Organization,
    user_id: &str,
    role_key: &str,
    now: UnixTime,
) -> Outcome<Membership> {
    let Some(membership) = memberships::find(connection, &organization.id, user_id)? else {
        return Ok(Err(FlowError::MemberUnknown));
    };
    if roles::find(connection, role_key)?.is_none() {
        return Ok(Err(FlowError::RoleUnknown));
    }
    if !manages(connection, role_key)? && is_last_manager(connection, &membership)? {
        return Ok(Err(FlowError::LastManager));
    }
    memberships::set_role(connection, &membership.id, role_key, now)?;
    found(connection, organization, user_id)
}

/// Removes a member from the organization, by their own or another member's request.
pub(crate) fn remove_member(
    connection: &Connection,
    organization: &Organization,
    user_id: &str,
    now: UnixTime,
) -> Outcome<Membership> {
    let Some(membership) = memberships::find(connection, &organization.id, user_id)? else {
        return Ok(Err(FlowError::MemberUnknown));
    };
    if is_last_manager(connection, &membership)? {
        return Ok(Err(FlowError::LastManager));
    }
    memberships::delete(connection, &membership.id)?;
    forget(connection, user_id, &organization.id, now)?;
    Ok(Ok(membership))
}

/// Checks that the organization has room for another member.
pub(super) fn check_quota(connection: &Connection, organization: &Organization, now: UnixTime) -> Outcome<()> {
    let most = organization.max_allowed_memberships;
    let pending = Some(TicketStatus::Pending);
    let invited = organization_invitations::of_organization(connection, &organization.id, pending, now)?.len();
    let members = memberships::count(connection, &organization.id)? as usize;
    if most > 0 && members + invited >= most as usize {
        return Ok(Err(FlowError::QuotaExceeded { most }));
    }
    Ok(Ok(()))
}

fn found(connection: &Connection, organization: &Organization, user_id: &str) -> Outcome<Membership> {
    let membership = memberships::find(connection, &organization.id, user_id)?;
    Ok(membership.ok_or(FlowError::MemberUnknown))
}

fn manages(connection: &Connection, role_key: &str) -> Result<bool, StoreError> {
    let held = roles::permissions(connection, role_key)?;
    let holds = |wanted: &str| held.iter().any(|permission| permission == wanted);
    Ok(holds(MANAGE_MEMBERSHIPS) && holds(READ_MEMBERSHIPS))
}

/// Returns `true` if no other member can manage the members.
///
/// An organization without such a member could never get one again.
pub(crate) fn is_last_manager(connection: &Connection, membership: &Membership) -> Result<bool, StoreError> {
    let permissions = [MANAGE_MEMBERSHIPS, READ_MEMBERSHIPS];
    let (organization_id, user_id) = (&membership.organization_id, &membership.user_id);
    let others = memberships::others_with_permissions(connection, organization_id, user_id, permissions)?;
    Ok(others == 0 && manages(connection, &membership.role_key)?)
}
