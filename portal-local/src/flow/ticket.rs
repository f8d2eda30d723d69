//! Tickets: the links in mails.

use portal_sdk::clock::UnixTime;
use rusqlite::Connection;

use super::organization::activate;
use super::organization_invitation::accept_organization_invitation;
use super::session::{begin_session, impersonate};
use super::sign_in::{ATTEMPT_LIFETIME_MILLIS, SignInStep};
use super::{FlowError, Outcome};
use crate::clock::Millis as _;
use crate::store::{
    ActorToken, ApplicationInvitation, DevBrowser, OrganizationInvitation, Session, SignInToken, StoreError, Task,
    TicketStatus, User, WaitlistStatus,
};
use crate::store::{
    actor_tokens, application_invitations, clients, email_addresses, organization_invitations, second_factors,
    sessions, sign_in_tokens, sign_ins, users, waitlist,
};

/// The purpose of a ticket.
#[derive(Clone, Debug)]
pub(crate) enum Ticket {
    /// Joining an organization.
    OrganizationInvitation(OrganizationInvitation),
    /// Making an account.
    ApplicationInvitation(ApplicationInvitation),
    /// Signing one person in.
    SignInToken(SignInToken),
    /// Acting in one person's name.
    ActorToken(ActorToken),
}

impl Ticket {
    /// The address that the ticket was mailed to; `None` if it is for an account and not for an address.
    pub(crate) fn address(&self) -> Option<&str> {
        match self {
            Self::OrganizationInvitation(invitation) => Some(&invitation.address),
            Self::ApplicationInvitation(invitation) => Some(&invitation.address),
            Self::SignInToken(_) | Self::ActorToken(_) => None,
        }
    }

    /// The URL that its creator set for the redirect afterwards.
    pub(crate) fn redirect_url(&self) -> Option<&str> {
        match self {
            Self::OrganizationInvitation(invitation) => invitation.redirect_url.as_deref(),
            Self::ApplicationInvitation(invitation) => invitation.redirect_url.as_deref(),
            Self::SignInToken(_) | Self::ActorToken(_) => None,
        }
    }
}

/// Returns the ticket with this text, if it is still valid.
pub(crate) fn find_ticket(connection: &Connection, text: &str, now: UnixTime) -> Result<Option<Ticket>, StoreError> {
    if let Some(invitation) = organization_invitations::find_by_ticket(connection, text, now)? {
        let is_open = invitation.status == TicketStatus::Pending;
        return Ok(is_open.then_some(Ticket::OrganizationInvitation(invitation)));
    }
    if let Some(invitation) = application_invitations::find_by_ticket(connection, text, now)? {
        let is_open = invitation.status == TicketStatus::Pending;
        return Ok(is_open.then_some(Ticket::ApplicationInvitation(invitation)));
    }
    if let Some(token) = sign_in_tokens::find_open(connection, text, now)? {
        return Ok(Some(Ticket::SignInToken(token)));
    }
    Ok(actor_tokens::find_open(connection, text, now)?.map(Ticket::ActorToken))
}

/// The ID of the user whose account a ticket opens.
///
/// Returns `None` if its address has no account.
pub(crate) fn ticket_holder(connection: &Connection, ticket: &Ticket) -> Result<Option<String>, StoreError> {
    match ticket {
        Ticket::SignInToken(token) => Ok(Some(token.user_id.clone())),
        Ticket::ActorToken(token) => Ok(Some(token.user_id.clone())),
        Ticket::OrganizationInvitation(_) | Ticket::ApplicationInvitation(_) => {
            let address = email_addresses::find_verified(connection, ticket.address().unwrap_or_default())?;
            Ok(address.map(|address| address.user_id))
        }
    }
}

/// Signs the holder of a ticket in.
///
/// The link came by mail, so it verifies the address as a code does. A user with a second factor verifies that first
/// and then opens the link again; a sign-in token needs no second factor. A signed-in user keeps their session.
pub(crate) fn redeem_ticket(
    connection: &Connection,
    dev_browser: &DevBrowser,
    text: &str,
    user_id: &str,
    current: Option<&Session>,
    now: UnixTime,
) -> Outcome<SignInStep> {
    // A request beside this one may have used it since it was looked up.
    let Some(ticket) = find_ticket(connection, text, now)? else {
        return Ok(Err(FlowError::InvitationOver));
    };
    match users::find(connection, user_id)? {
        Some(User { banned: true, .. }) => return Ok(Err(FlowError::Banned)),
        Some(_) => {}
        None => return Ok(Err(FlowError::UserUnknown)),
    }
    if let Ticket::ActorToken(token) = &ticket {
        let client = clients::of_dev_browser(connection, dev_browser, now)?;
        let session = impersonate(connection, &client, token, now)?;
        actor_tokens::set_status(connection, &token.id, TicketStatus::Accepted, now)?;
        return Ok(Ok(SignInStep::Complete(Box::new(session))));
    }
    let session = match current.filter(|session| session.user_id == user_id) {
        Some(session) => match sessions::find(connection, &session.id, now)?.filter(Session::is_live) {
            // Its own task comes first; the ticket stays good.
            Some(session) if waits_for_another_task(&session) => {
                return Ok(Ok(SignInStep::Complete(Box::new(session))));
            }
            Some(session) => session,
            None => return Ok(Err(FlowError::AttemptLost)),
        },
        None => {
            let client = clients::of_dev_browser(connection, dev_browser, now)?;
            if let Some(address) = ticket.address()
                && second_factors::has_totp(connection, user_id)?
            {
                let abandon_at = now.plus_millis(ATTEMPT_LIFETIME_MILLIS);
                let attempt = sign_ins::insert(connection, &client, address, user_id, now, abandon_at)?;
                sign_ins::await_second_factor(connection, &attempt.id, now)?;
                return Ok(Ok(SignInStep::SecondFactor));
            }
            begin_session(connection, &client, user_id, now)?
        }
    };
    // Joining an organization is not the task that this session waits for; the invitation stays open.
    if matches!(ticket, Ticket::OrganizationInvitation(_)) && waits_for_another_task(&session) {
        return Ok(Ok(SignInStep::Complete(Box::new(session))));
    }
    let accepted = accept_ticket(connection, &ticket, session, now)?;
    Ok(accepted.map(|session| SignInStep::Complete(Box::new(session))))
}

/// Returns `true` if the session waits for something else than an organization.
fn waits_for_another_task(session: &Session) -> bool {
    session.task().is_some_and(|task| task != Task::ChooseOrganization)
}

/// Applies a ticket to a new or existing session.
pub(super) fn accept_ticket(
    connection: &Connection,
    ticket: &Ticket,
    session: Session,
    now: UnixTime,
) -> Outcome<Session> {
    let accepted = TicketStatus::Accepted;
    match ticket {
        Ticket::OrganizationInvitation(invitation) => {
            if let Err(error) = accept_organization_invitation(connection, invitation, &session.user_id, now)? {
                return Ok(Err(error));
            }
            let organization = Some(invitation.organization_id.as_str());
            return Ok(Ok(activate(connection, &session, organization, now)?.unwrap_or(session)));
        }
        Ticket::ApplicationInvitation(invitation) => {
            application_invitations::set_status(connection, &invitation.id, accepted, now)?;
            waitlist::set_status(connection, &invitation.address, WaitlistStatus::Completed, now)?;
            if let Some(mut user) = users::find(connection, &session.user_id)? {
                user.public_metadata.merge(&invitation.public_metadata);
                users::update(connection, &user, now)?;
            }
        }
        Ticket::SignInToken(token) => {
            sign_in_tokens::set_status(connection, &token.id, accepted, now)?;
            if let Some(organization) = token.organization_id.as_deref() {
                // A user who has left it since signs in without it.
                return Ok(Ok(
                    activate(connection, &session, Some(organization), now)?.unwrap_or(session)
                ));
            }
        }
        // `redeem_ticket` begins another kind of session with it.
        Ticket::ActorToken(_) => return Ok(Err(FlowError::InvitationOver)),
    }
    Ok(Ok(session))
}
