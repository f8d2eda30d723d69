//! Tickets: the links in mails.

use super::session::impersonate;
use super::sign_in::{ATTEMPT_LIFETIME_MILLIS, SignInStep};
use super::{BrowserFlow, Flow, FlowError, Outcome};
use crate::clock::Millis as _;
use crate::store::tickets::set_status;
use crate::store::{
    ActorToken, ApplicationInvitation, OrganizationInvitation, Result, Session, SignInToken, Task, TicketStatus, User,
    WaitlistStatus, actor_tokens, application_invitations, email_addresses, organization_invitations, sessions,
    sign_in_tokens, sign_ins, users, waitlist,
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

impl Flow<'_> {
    /// Returns the ticket with this text, if it is still valid.
    pub(crate) fn find_ticket(&self, text: &str) -> Result<Option<Ticket>> {
        if let Some(invitation) = organization_invitations::find_by_ticket(self.db, text)? {
            let is_open = invitation.status == TicketStatus::Pending;
            return Ok(is_open.then_some(Ticket::OrganizationInvitation(invitation)));
        }
        if let Some(invitation) = application_invitations::find_by_ticket(self.db, text)? {
            let is_open = invitation.status == TicketStatus::Pending;
            return Ok(is_open.then_some(Ticket::ApplicationInvitation(invitation)));
        }
        if let Some(token) = sign_in_tokens::find_open(self.db, text)? {
            return Ok(Some(Ticket::SignInToken(token)));
        }
        Ok(actor_tokens::find_open(self.db, text)?.map(Ticket::ActorToken))
    }

    /// The ID of the user whose account a ticket opens.
    ///
    /// Returns `None` if its address has no account.
    pub(crate) fn ticket_holder(&self, ticket: &Ticket) -> Result<Option<String>> {
        match ticket {
            Ticket::SignInToken(token) => Ok(Some(token.user_id.clone())),
            Ticket::ActorToken(token) => Ok(Some(token.user_id.clone())),
            Ticket::OrganizationInvitation(_) | Ticket::ApplicationInvitation(_) => {
                let address = email_addresses::find_verified(self.db, ticket.address().unwrap_or_default())?;
                Ok(address.map(|address| address.user_id))
            }
        }
    }
}

impl BrowserFlow<'_> {
    /// Signs the holder of a ticket in.
    ///
    /// The link came by mail, so it verifies the address as a code does. A user with a second factor verifies that first
    /// and then opens the link again; a sign-in token needs no second factor. A signed-in user keeps their session.
    pub(crate) fn redeem_ticket(&self, text: &str, user_id: &str, current: Option<&Session>) -> Outcome<SignInStep> {
        // A request beside this one may have used it since it was looked up.
        let ticket = self.find_ticket(text)?.ok_or(FlowError::InvitationOver)?;
        match users::find(self.db, user_id)? {
            Some(User { banned: true, .. }) => return Err(FlowError::Banned.into()),
            Some(_) => {}
            None => return Err(FlowError::UserUnknown.into()),
        }
        if let Ticket::ActorToken(token) = &ticket {
            let client = self.client()?;
            let session = impersonate(self, &client, token)?;
            set_status::<ActorToken>(self.db, &token.id, TicketStatus::Accepted)?;
            return Ok(SignInStep::Complete(Box::new(session)));
        }
        let session = match current.filter(|session| session.user_id == user_id) {
            Some(session) => match sessions::find(self.db, &session.id)?.filter(Session::is_live) {
                // Its own task comes first; the ticket stays good.
                Some(session) if waits_for_another_task(&session) => {
                    return Ok(SignInStep::Complete(Box::new(session)));
                }
                Some(session) => session,
                None => return Err(FlowError::AttemptLost.into()),
            },
            None => {
                let client = self.client()?;
                if let Some(address) = ticket.address()
                    && self.has_totp(user_id)?
                {
                    let abandon_at = self.now.plus_millis(ATTEMPT_LIFETIME_MILLIS);
                    let attempt = sign_ins::insert(self.db, &client, address, user_id, abandon_at)?;
                    sign_ins::await_second_factor(self.db, &attempt.id)?;
                    return Ok(SignInStep::SecondFactor);
                }
                self.begin_session(&client, user_id)?
            }
        };
        // Joining an organization is not the task that this session waits for; the invitation stays open.
        if matches!(ticket, Ticket::OrganizationInvitation(_)) && waits_for_another_task(&session) {
            return Ok(SignInStep::Complete(Box::new(session)));
        }
        let session = accept_ticket(self, &ticket, session)?;
        Ok(SignInStep::Complete(Box::new(session)))
    }
}

/// Returns `true` if the session waits for something else than an organization.
fn waits_for_another_task(session: &Session) -> bool {
    session.task().is_some_and(|task| task != Task::ChooseOrganization)
}

/// Applies a ticket to a new or existing session.
pub(super) fn accept_ticket(flow: &Flow<'_>, ticket: &Ticket, session: Session) -> Outcome<Session> {
    let accepted = TicketStatus::Accepted;
    match ticket {
        Ticket::OrganizationInvitation(invitation) => {
            flow.accept_organization_invitation(invitation, &session.user_id)?;
            let organization = Some(invitation.organization_id.as_str());
            return Ok(flow.activate(&session, organization)?.unwrap_or(session));
        }
        Ticket::ApplicationInvitation(invitation) => {
            set_status::<ApplicationInvitation>(flow.db, &invitation.id, accepted)?;
            waitlist::set_status(flow.db, &invitation.address, WaitlistStatus::Completed)?;
            if let Some(mut user) = users::find(flow.db, &session.user_id)? {
                user.public_metadata.merge(&invitation.public_metadata);
                users::update(flow.db, &user)?;
            }
        }
        Ticket::SignInToken(token) => {
            set_status::<SignInToken>(flow.db, &token.id, accepted)?;
            if let Some(organization) = token.organization_id.as_deref() {
                // A user who has left it since signs in without it.
                return Ok(flow.activate(&session, Some(organization))?.unwrap_or(session));
            }
        }
        // `redeem_ticket` begins another kind of session with it.
        Ticket::ActorToken(_) => return Err(FlowError::InvitationOver.into()),
    }
    Ok(session)
}
