//! Members of an organization: adding, changing roles, removing, leaving.

use super::organization::forget;
use super::{Flow, FlowError, Outcome};
use crate::store::roles::{MANAGE_MEMBERSHIPS, READ_MEMBERSHIPS};
use crate::store::{
    Membership, Metadata, Organization, Result, TicketStatus, memberships, organization_invitations, roles, users,
};

impl Flow<'_> {
    /// Makes a user a member, as an administrator of the application does it.
    pub(crate) fn add_member(
        &self,
        organization: &Organization,
        user_id: &str,
        role_key: &str,
        metadata: (&Metadata, &Metadata),
    ) -> Outcome<Membership> {
        let user = users::find(self.db, user_id)?.ok_or(FlowError::UserUnknown)?;
        if roles::find(self.db, role_key)?.is_none() {
            return Err(FlowError::RoleUnknown.into());
        }
        if memberships::find(self.db, &organization.id, user_id)?.is_some() {
            return Err(FlowError::AlreadyMember { address: user.id }.into());
        }
        check_quota(self, organization)?;
        Ok(memberships::insert(
            self.db,
            &organization.id,
            user_id,
            role_key,
            metadata,
        )?)
    }

    /// Changes a member's role.
    pub(crate) fn change_role(
        &self,
        organization: &Organization,
        user_id: &str,
        role_key: &str,
    ) -> Outcome<Membership> {
        let membership = memberships::find(self.db, &organization.id, user_id)?.ok_or(FlowError::MemberUnknown)?;
        if roles::find(self.db, role_key)?.is_none() {
            return Err(FlowError::RoleUnknown.into());
        }
        if !manages(self, role_key)? && is_last_manager(self, &membership)? {
            return Err(FlowError::LastManager.into());
        }
        memberships::set_role(self.db, &membership.id, role_key)?;
        let changed = memberships::find(self.db, &organization.id, user_id)?;
        Ok(changed.ok_or(FlowError::MemberUnknown)?)
    }

    /// Removes a member from the organization, by their own or another member's request.
    pub(crate) fn remove_member(&self, organization: &Organization, user_id: &str) -> Outcome<Membership> {
        let membership = memberships::find(self.db, &organization.id, user_id)?.ok_or(FlowError::MemberUnknown)?;
        if is_last_manager(self, &membership)? {
            return Err(FlowError::LastManager.into());
        }
        memberships::delete(self.db, &membership.id)?;
        forget(self, user_id, &organization.id)?;
        Ok(membership)
    }
}

/// Checks that the organization has room for another member.
pub(super) fn check_quota(flow: &Flow<'_>, organization: &Organization) -> Outcome<()> {
    let most = organization.max_allowed_memberships;
    let pending = Some(TicketStatus::Pending);
    let invited = organization_invitations::of_organization(flow.db, &organization.id, pending)?.len();
    let members = memberships::count(flow.db, &organization.id)? as usize;
    if most > 0 && members + invited >= most as usize {
        return Err(FlowError::QuotaExceeded { most }.into());
    }
    Ok(())
}

fn manages(flow: &Flow<'_>, role_key: &str) -> Result<bool> {
    let held = roles::permissions(flow.db, role_key)?;
    let holds = |wanted: &str| held.iter().any(|permission| permission == wanted);
    Ok(holds(MANAGE_MEMBERSHIPS) && holds(READ_MEMBERSHIPS))
}

/// Returns `true` if no other member can manage the members.
///
/// An organization without such a member could never get one again.
pub(crate) fn is_last_manager(flow: &Flow<'_>, membership: &Membership) -> Result<bool> {
    let permissions = [MANAGE_MEMBERSHIPS, READ_MEMBERSHIPS];
    let (organization_id, user_id) = (&membership.organization_id, &membership.user_id);
    let others = memberships::others_with_permissions(flow.db, organization_id, user_id, permissions)?;
    Ok(others == 0 && manages(flow, &membership.role_key)?)
}
