//! Invitations to organizations: sending, revoking, accepting.

use std::collections::HashSet;

use super::membership::check_quota;
use super::{Access, Field, Flow, FlowError, Outcome, check_email_address};
use crate::clock::Millis as _;
use crate::excerpt::excerpt;
use crate::ids;
use crate::secrets::random_token;
use crate::store::outbox::{Content, NewMail};
use crate::store::tickets::set_status;
use crate::store::{
    MailKind, Metadata, Organization, OrganizationInvitation, TicketStatus, changes, email_addresses, memberships,
    organization_invitations, roles,
};

const DAY_MILLIS: i64 = 24 * 60 * 60 * 1_000;
pub(crate) const INVITATION_DAYS: u32 = 30;
pub(crate) const MOST_INVITATION_DAYS: u32 = 365;
/// The limit of addresses in one form.
const MOST_INVITEES: usize = 100;

/// An invitation to be created.
#[derive(Clone, Debug)]
pub(crate) struct NewOrganizationInvitation {
    pub(crate) address: String,
    pub(crate) role_key: String,
    pub(crate) inviter_id: Option<String>,
    /// The destination after accepting; validated when the request was read.
    pub(crate) redirect_url: Option<String>,
    pub(crate) expires_in_days: u32,
    pub(crate) public_metadata: Metadata,
    pub(crate) private_metadata: Metadata,
    /// Sends a mail with the link.
    pub(crate) notify: bool,
}

impl NewOrganizationInvitation {
    pub(crate) fn new(address: &str, role_key: &str) -> Self {
        Self {
            address: address.to_owned(),
            role_key: role_key.to_owned(),
            inviter_id: None,
            redirect_url: None,
            expires_in_days: INVITATION_DAYS,
            public_metadata: Metadata::default(),
            private_metadata: Metadata::default(),
            notify: true,
        }
    }
}

/// A new invitation and the link that accepts it.
///
/// Only a hash is stored, so the link cannot be shown again.
#[derive(Clone)]
pub(crate) struct Invited {
    pub(crate) invitation: OrganizationInvitation,
    pub(crate) link: String,
}

impl Flow<'_> {
    /// Invites one address, with or without an account.
    pub(crate) fn invite_to_organization(
        &self,
        organization: &Organization,
        new: NewOrganizationInvitation,
    ) -> Outcome<Invited> {
        let Ok(address) = check_email_address(&new.address, Field::EmailAddress) else {
            return Err(FlowError::OneAddressInvalid {
                address: excerpt(&new.address),
            }
            .into());
        };
        if roles::find(self.db, &new.role_key)?.is_none() {
            return Err(FlowError::RoleUnknown.into());
        }
        if let Some(known) = email_addresses::find_verified(self.db, &address)?
            && memberships::find(self.db, &organization.id, &known.user_id)?.is_some()
        {
            return Err(FlowError::AlreadyMember { address }.into());
        }
        if organization_invitations::find_pending(self.db, &organization.id, &address)?.is_some() {
            return Err(FlowError::AlreadyInvited { address }.into());
        }
        check_quota(self, organization)?;
        let invitation = OrganizationInvitation {
            id: ids::new_id(ids::ORGANIZATION_INVITATION, self.now),
            organization_id: organization.id.clone(),
            address,
            role_key: new.role_key,
            inviter_id: new.inviter_id,
            status: TicketStatus::Pending,
            redirect_url: new.redirect_url,
            public_metadata: new.public_metadata,
            private_metadata: new.private_metadata,
            expires_at: self.now.plus_millis(i64::from(new.expires_in_days) * DAY_MILLIS),
            created_at: self.now,
            updated_at: self.now,
        };
        let ticket = random_token();
        organization_invitations::insert(self.db, &invitation, &ticket)?;
        let link = self.application.ticket_link(&ticket);
        changes::note_link(self.db, &invitation.id, &link)?;
        if new.notify {
            let (name, application) = (&organization.name, &self.application.name);
            let days = new.expires_in_days;
            self.send_mail(NewMail {
                to: &invitation.address,
                kind: MailKind::OrganizationInvitation,
                subject: format!("You're invited to join {name} on {application}"),
                body: format!("Open the link to join {name} on {application}. It expires in {days} days."),
                content: Content::Link(&link),
            })?;
        }
        Ok(Invited { invitation, link })
    }

    /// Revokes an open invitation.
    pub(crate) fn revoke_organization_invitation(
        &self,
        organization: &Organization,
        id: &str,
    ) -> Outcome<OrganizationInvitation> {
        let found = organization_invitations::find(self.db, id)?;
        let invitation = found.filter(|invitation| invitation.organization_id == organization.id);
        let mut invitation = invitation
            .filter(|invitation| invitation.status == TicketStatus::Pending)
            .ok_or(FlowError::InvitationOver)?;
        set_status::<OrganizationInvitation>(self.db, id, TicketStatus::Revoked)?;
        invitation.status = TicketStatus::Revoked;
        invitation.updated_at = self.now;
        Ok(invitation)
    }

    /// Makes `user_id` a member.
    ///
    /// The caller checks that the invitation is addressed to this user.
    pub(crate) fn accept_organization_invitation(
        &self,
        invitation: &OrganizationInvitation,
        user_id: &str,
    ) -> Outcome<()> {
        if invitation.status != TicketStatus::Pending {
            return Err(FlowError::InvitationOver.into());
        }
        let organization_id = &invitation.organization_id;
        if memberships::find(self.db, organization_id, user_id)?.is_none() {
            let metadata = (&invitation.public_metadata, &invitation.private_metadata);
            memberships::insert(self.db, organization_id, user_id, &invitation.role_key, metadata)?;
        }
        set_status::<OrganizationInvitation>(self.db, &invitation.id, TicketStatus::Accepted)?;
        Ok(())
    }

    /// Invites all of `invitees`, or none if one address is refused.
    pub(crate) fn invite_addresses_to_organization(
        &self,
        access: &Access,
        invitees: &Invitees,
        role_key: &str,
        redirect_url: Option<&str>,
    ) -> Outcome<()> {
        for address in &invitees.0 {
            let new = NewOrganizationInvitation {
                inviter_id: Some(access.membership.user_id.clone()),
                redirect_url: redirect_url.map(str::to_owned),
                ..NewOrganizationInvitation::new(address, role_key)
            };
            self.invite_to_organization(&access.organization, new)?;
        }
        Ok(())
    }
}

/// The addresses of one form, without duplicates.
// Parse before the transaction: it blocks every other request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Invitees(Vec<String>);

impl Invitees {
    /// Parses addresses separated by spaces, commas, semicolons or line breaks.
    pub(crate) fn parse(text: &str) -> Result<Self, FlowError> {
        let separates = |c: char| c.is_whitespace() || matches!(c, ',' | ';');
        let mut known = HashSet::new();
        let mut wanted = Vec::new();
        for address in text.split(separates).filter(|address| !address.is_empty()) {
            let Ok(address) = check_email_address(address, Field::EmailAddresses) else {
                let address = excerpt(address);
                return Err(FlowError::OneAddressInvalid { address });
            };
            if !known.insert(email_addresses::normalize(&address)) {
                continue;
            }
            if wanted.len() == MOST_INVITEES {
                return Err(FlowError::TooManyAddresses { most: MOST_INVITEES });
            }
            wanted.push(address);
        }
        if wanted.is_empty() {
            let field = Field::EmailAddresses;
            return Err(FlowError::Missing { field });
        }
        Ok(Self(wanted))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn duplicate_invitees_count_once_towards_the_limit() {
        let text = "a@example.com, A@example.com;b@example.com\n a@example.com";
        let wanted = ["a@example.com", "b@example.com"].map(str::to_owned);
        assert_eq!(Invitees::parse(text), Ok(Invitees(wanted.into())));
        let many = |number: usize| -> String { (0..number).map(|n| format!("a{n}@example.com ")).collect() };
        assert!(Invitees::parse(&many(MOST_INVITEES)).is_ok());
        let most = MOST_INVITEES;
        assert_eq!(
            Invitees::parse(&many(10_000)),
            Err(FlowError::TooManyAddresses { most })
        );
        assert!(Invitees::parse(&"a@example.com ".repeat(10_000)).is_ok());
        assert!(matches!(
            Invitees::parse("a@b"),
            Err(FlowError::OneAddressInvalid { .. })
        ));
        assert!(matches!(Invitees::parse(" ,;"), Err(FlowError::Missing { .. })));
    }
}
