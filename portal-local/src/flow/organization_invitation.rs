//! Invitations to organizations: sending, revoking, accepting.

use std::collections::HashSet;

use portal_sdk::clock::UnixTime;
use rusqlite::Connection;

use super::membership::check_quota;
use super::{Access, Field, FlowError, Outcome, check_email_address};
use crate::clock::Millis as _;
use crate::excerpt::excerpt;
use crate::secrets::random_token;
use crate::state::App;
use crate::store::outbox::Content;
use crate::store::{MailKind, Metadata, Organization, OrganizationInvitation, TicketStatus};
use crate::store::{email_addresses, memberships, organization_invitations, outbox, roles};

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
#[derive(Clone, Debug)]
pub(crate) struct Invited {
    pub(crate) invitation: OrganizationInvitation,
    pub(crate) link: String,
}

/// Invites one address, with or without an account.
pub(crate) fn invite_to_organization(
    app: &App,
    connection: &Connection,
    organization: &Organization,
    new: NewOrganizationInvitation,
    now: UnixTime,
) -> Outcome<Invited> {
    let Ok(address) = check_email_address(&new.address, Field::EmailAddress) else {
        return Ok(Err(FlowError::OneAddressInvalid {
            address: excerpt(&new.address),
        }));
    };
    if roles::find(connection, &new.role_key)?.is_none() {
        return Ok(Err(FlowError::RoleUnknown));
    }
    if let Some(known) = email_addresses::find_verified(connection, &address)?
        && memberships::find(connection, &organization.id, &known.user_id)?.is_some()
    {
        return Ok(Err(FlowError::AlreadyMember { address }));
    }
    if organization_invitations::find_pending(connection, &organization.id, &address, now)?.is_some() {
        return Ok(Err(FlowError::AlreadyInvited { address }));
    }
    if let Err(error) = check_quota(connection, organization, now)? {
        return Ok(Err(error));
    }
    let invitation = OrganizationInvitation {
        id: organization_invitations::new_id(now),
        organization_id: organization.id.clone(),
        address,
        role_key: new.role_key,
        inviter_id: new.inviter_id,
        status: TicketStatus::Pending,
        redirect_url: new.redirect_url,
        public_metadata: new.public_metadata,
        private_metadata: new.private_metadata,
        expires_at: now.plus_millis(i64::from(new.expires_in_days) * DAY_MILLIS),
        created_at: now,
        updated_at: now,
    };
    let ticket = random_token();
    organization_invitations::insert(connection, &invitation, &ticket)?;
    let link = app.ticket_link(&ticket);
    if new.notify {
        let (name, application) = (&organization.name, &app.application_name);
        outbox::insert(
            connection,
            &invitation.address,
            MailKind::OrganizationInvitation,
            &format!("You are invited to join {name} on {application}"),
            &format!(
                "Open the link to join {name} on {application}. It is good for {} days.",
                new.expires_in_days
            ),
            Content::Link(&link),
            now,
        )?;
    }
    Ok(Ok(Invited { invitation, link }))
}

/// Revokes an open invitation.
pub(crate) fn revoke_organization_invitation(
    connection: &Connection,
    organization: &Organization,
    id: &str,
    now: UnixTime,
) -> Outcome<OrganizationInvitation> {
    let found = organization_invitations::find(connection, id, now)?;
    let invitation = found.filter(|invitation| invitation.organization_id == organization.id);
    let Some(mut invitation) = invitation.filter(|invitation| invitation.status == TicketStatus::Pending) else {
        return Ok(Err(FlowError::InvitationOver));
    };
    organization_invitations::set_status(connection, id, TicketStatus::Revoked, now)?;
    invitation.status = TicketStatus::Revoked;
    invitation.updated_at = now;
    Ok(Ok(invitation))
}

/// Makes `user_id` a member.
///
/// The caller checks that the invitation is addressed to this user.
pub(crate) fn accept_organization_invitation(
    connection: &Connection,
    invitation: &OrganizationInvitation,
    user_id: &str,
    now: UnixTime,
) -> Outcome<()> {
    if invitation.status != TicketStatus::Pending {
        return Ok(Err(FlowError::InvitationOver));
    }
    let organization_id = &invitation.organization_id;
    if memberships::find(connection, organization_id, user_id)?.is_none() {
        let metadata = (&invitation.public_metadata, &invitation.private_metadata);
        memberships::insert(
            connection,
            organization_id,
            user_id,
            &invitation.role_key,
            metadata,
            now,
        )?;
    }
    organization_invitations::set_status(connection, &invitation.id, TicketStatus::Accepted, now)?;
    Ok(Ok(()))
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

/// Invites all of `invitees`, or none if one address is refused.
pub(crate) fn invite_addresses_to_organization(
    app: &App,
    connection: &Connection,
    access: &Access,
    invitees: &Invitees,
    role_key: &str,
    redirect_url: Option<&str>,
    now: UnixTime,
) -> Outcome<()> {
    for address in &invitees.0 {
        let new = NewOrganizationInvitation {
            inviter_id: Some(access.membership.user_id.clone()),
            redirect_url: redirect_url.map(str::to_owned),
            ..NewOrganizationInvitation::new(address, role_key)
        };
        if let Err(error) = invite_to_organization(app, connection, &access.organization, new, now)? {
            return Ok(Err(error));
        }
    }
    Ok(Ok(()))
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
