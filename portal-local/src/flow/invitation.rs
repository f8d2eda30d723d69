//! Invitations to organizations: sending, withdrawing, accepting.

use portal_sdk::clock::UnixTime;
use rusqlite::Connection;

use super::membership::check_quota;
use super::{Access, Field, FlowError, Outcome, check_email_address};
use crate::app::App;
use crate::excerpt::excerpt;
use crate::secrets::random_token;
use crate::store::outbox::Content;
use crate::store::{InvitationStatus, MailKind, Metadata, Organization, OrganizationInvitation};
use crate::store::{email_addresses, memberships, organization_invitations, outbox, roles};

const DAY_MILLIS: i64 = 24 * 60 * 60 * 1_000;
pub(crate) const INVITATION_DAYS: u32 = 30;
pub(crate) const MOST_INVITATION_DAYS: u32 = 365;

/// An invitation that is not written yet.
#[derive(Clone, Debug)]
pub(crate) struct NewInvitation {
    pub(crate) address: String,
    pub(crate) role_key: String,
    pub(crate) inviter_id: Option<String>,
    /// Where accepting leads; was checked when it was read.
    pub(crate) redirect_url: Option<String>,
    pub(crate) expires_in_days: u32,
    pub(crate) public_metadata: Metadata,
    pub(crate) private_metadata: Metadata,
    /// Whether a mail is written.
    pub(crate) notify: bool,
}

impl NewInvitation {
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

/// An invitation and the link that accepts it, which nobody can be told a second time.
#[derive(Clone, Debug)]
pub(crate) struct Invited {
    pub(crate) invitation: OrganizationInvitation,
    pub(crate) link: String,
}

/// Invites one address, member or not of the application.
pub(crate) fn invite(
    app: &App,
    connection: &Connection,
    organization: &Organization,
    new: NewInvitation,
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
        status: InvitationStatus::Pending,
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

/// Withdraws an open invitation.
pub(crate) fn revoke_invitation(
    connection: &Connection,
    organization: &Organization,
    id: &str,
    now: UnixTime,
) -> Outcome<OrganizationInvitation> {
    let found = organization_invitations::find(connection, id, now)?;
    let invitation = found.filter(|invitation| invitation.organization_id == organization.id);
    let Some(mut invitation) = invitation.filter(|invitation| invitation.status == InvitationStatus::Pending) else {
        return Ok(Err(FlowError::InvitationOver));
    };
    organization_invitations::set_status(connection, id, InvitationStatus::Revoked, now)?;
    invitation.status = InvitationStatus::Revoked;
    invitation.updated_at = now;
    Ok(Ok(invitation))
}

/// Makes `user_id` a member. The caller has made sure that the invitation is theirs.
pub(crate) fn accept_invitation(
    connection: &Connection,
    invitation: &OrganizationInvitation,
    user_id: &str,
    now: UnixTime,
) -> Outcome<()> {
    if invitation.status != InvitationStatus::Pending {
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
    organization_invitations::set_status(connection, &invitation.id, InvitationStatus::Accepted, now)?;
    Ok(Ok(()))
}

/// Invites everybody in `addresses`, which spaces, commas or line breaks separate: all of them or nobody.
pub(crate) fn invite_addresses(
    app: &App,
    connection: &Connection,
    access: &Access,
    addresses: &str,
    role_key: &str,
    redirect_url: Option<&str>,
    now: UnixTime,
) -> Outcome<()> {
    let separates = |c: char| c.is_whitespace() || matches!(c, ',' | ';');
    let mut wanted: Vec<&str> = Vec::new();
    for address in addresses.split(separates).filter(|address| !address.is_empty()) {
        if !wanted.iter().any(|known| known.eq_ignore_ascii_case(address)) {
            wanted.push(address);
        }
    }
    if wanted.is_empty() {
        let field = Field::EmailAddresses;
        return Ok(Err(FlowError::Missing { field }));
    }
    for address in wanted {
        let new = NewInvitation {
            inviter_id: Some(access.membership.user_id.clone()),
            redirect_url: redirect_url.map(str::to_owned),
            ..NewInvitation::new(address, role_key)
        };
        if let Err(error) = invite(app, connection, &access.organization, new, now)? {
            return Ok(Err(error));
        }
    }
    Ok(Ok(()))
}
