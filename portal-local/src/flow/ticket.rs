//! Tickets: what the links in mails stand for.

use portal_sdk::clock::UnixTime;
use rusqlite::Connection;

use super::invitation::accept_invitation;
use super::organization::activate;
use super::session::begin_session;
use super::{FlowError, Outcome};
use crate::store::{DevBrowser, InvitationStatus, OrganizationInvitation, Session, StoreError};
use crate::store::{clients, email_addresses, organization_invitations};

/// What a ticket is good for.
#[derive(Clone, Debug)]
pub(crate) enum Ticket {
    /// Joining an organization.
    OrganizationInvitation(OrganizationInvitation),
}

impl Ticket {
    /// The address that the ticket was mailed to.
    pub(crate) fn address(&self) -> &str {
        match self {
            Self::OrganizationInvitation(invitation) => &invitation.address,
        }
    }

    /// Where its owner wants people to go.
    pub(crate) fn redirect_url(&self) -> Option<&str> {
        match self {
            Self::OrganizationInvitation(invitation) => invitation.redirect_url.as_deref(),
        }
    }
}

/// What `text` is good for, if it still is.
pub(crate) fn find_ticket(connection: &Connection, text: &str, now: UnixTime) -> Result<Option<Ticket>, StoreError> {
    let invitation = organization_invitations::find_by_ticket(connection, text, now)?;
    let invitation = invitation.filter(|invitation| invitation.status == InvitationStatus::Pending);
    Ok(invitation.map(Ticket::OrganizationInvitation))
}

/// Who holds the address that a ticket was mailed to; `None` if nobody has an account with it.
pub(crate) fn ticket_holder(connection: &Connection, ticket: &Ticket) -> Result<Option<String>, StoreError> {
    let address = email_addresses::find_verified(connection, ticket.address())?;
    Ok(address.map(|address| address.user_id))
}

/// Lets the holder of a ticket in: the link came to their address, which proves as much as a code does. Somebody who is
/// signed in already keeps their session.
pub(crate) fn redeem_ticket(
    connection: &Connection,
    dev_browser: &DevBrowser,
    ticket: &Ticket,
    user_id: &str,
    current: Option<&Session>,
    now: UnixTime,
) -> Outcome<Session> {
    if let Err(error) = refuse_banned(connection, user_id)? {
        return Ok(Err(error));
    }
    let session = match current.filter(|session| session.user_id == user_id) {
        Some(session) => session.clone(),
        None => {
            let client = clients::of_dev_browser(connection, dev_browser, now)?;
            begin_session(connection, &client, user_id, now)?
        }
    };
    accept_ticket(connection, ticket, session, now)
}

/// What a ticket brings to somebody whose session has begun.
pub(super) fn accept_ticket(
    connection: &Connection,
    ticket: &Ticket,
    session: Session,
    now: UnixTime,
) -> Outcome<Session> {
    match ticket {
        Ticket::OrganizationInvitation(invitation) => {
            if let Err(error) = accept_invitation(connection, invitation, &session.user_id, now)? {
                return Ok(Err(error));
            }
            let organization = Some(invitation.organization_id.as_str());
            Ok(Ok(activate(connection, &session, organization, now)?.unwrap_or(session)))
        }
    }
}

fn refuse_banned(connection: &Connection, user_id: &str) -> Outcome<()> {
    let user = crate::store::users::find(connection, user_id)?;
    Ok(match user {
        Some(user) if user.banned => Err(FlowError::Banned),
        Some(_) => Ok(()),
        None => Err(FlowError::UserUnknown),
    })
}
