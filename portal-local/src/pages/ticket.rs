//! Tickets in the query string of `/sign-in` and `/sign-up`: `?__clerk_ticket=…`.
//!
//! Opening the link shows a button; the button redeems the ticket.

use axum::response::Response;

use super::ask::Question;
use super::errors::{self, PageResult};
use super::params::TICKET;
use super::path;
use super::person::name_and_address;
use super::visit::Visit;
use crate::flow::{FlowError, Ticket};
use crate::store::{Db, Session, StoreError, User};
use crate::store::{organizations, users};

/// The ticket in the query string and the account that it belongs to.
pub(super) async fn of(visit: &Visit) -> Result<Option<Held>, StoreError> {
    let Some(text) = visit.params.value(TICKET).map(str::to_owned) else {
        return Ok(None);
    };
    visit
        .flow(move |flow| {
            let Some(ticket) = flow.find_ticket(&text)? else {
                return Ok(Some(Held::Over));
            };
            let holder = match flow.ticket_holder(&ticket)? {
                Some(user_id) => users::find(flow.db, &user_id)?,
                None => None,
            };
            Ok(Some(match holder {
                Some(user) => Held::account(flow.db, user, &ticket)?,
                None => Held::Newcomer { ticket },
            }))
        })
        .await
}

/// The ticket's text in the query string; empty if missing.
pub(super) fn text(visit: &Visit) -> String {
    visit.params.value(TICKET).unwrap_or_default().to_owned()
}

/// The state of a ticket in the query string.
pub(super) enum Held {
    /// The ticket is used, revoked, expired, or unknown here.
    Over,
    Account {
        user: Box<User>,
        /// The account's name; its address if it has no name.
        name: String,
        /// The organization that the ticket lets the user join.
        organization: Option<String>,
    },
    Newcomer {
        ticket: Ticket,
    },
}

impl Held {
    fn account(db: Db<'_>, user: User, ticket: &Ticket) -> Result<Self, StoreError> {
        let organization = match ticket {
            Ticket::OrganizationInvitation(invitation) => organizations::find(db, &invitation.organization_id)?,
            Ticket::ApplicationInvitation(_) | Ticket::SignInToken(_) | Ticket::ActorToken(_) => None,
        };
        Ok(Self::Account {
            name: name_and_address(db, &user)?.0,
            user: Box::new(user),
            organization: organization.map(|organization| organization.name),
        })
    }
}

/// The page whose button redeems a ticket.
///
/// Opening it changes nothing, because link scanners open the link too.
pub(super) fn ask(visit: &Visit, held: Held) -> Response {
    let (user, name, organization) = match held {
        Held::Over => return errors::ticket_over(&visit.app),
        Held::Newcomer { .. } => return visit.redirect(path::SIGN_UP, &[]),
        Held::Account {
            user,
            name,
            organization,
        } => (user, name, organization),
    };
    if user.banned {
        return errors::not_allowed(&visit.app, &FlowError::Banned);
    }
    let application = &visit.app.name;
    let (heading, lead, button) = match organization {
        Some(organization) => (
            format!("Join {organization}"),
            format!("You're invited to {organization} at {application}. You'll join as {name}."),
            "Join".to_owned(),
        ),
        None => (
            format!("Sign in to {application}"),
            format!("This link signs you in as {name}."),
            "Continue".to_owned(),
        ),
    };
    let question = Question {
        page: "ticket",
        heading,
        lead,
        button,
        action: visit.params.link(path::SIGN_IN, &[]),
    };
    question.render(visit)
}

/// Redeems the ticket after the button was pressed.
///
/// `current` is the session of this browser.
pub(super) async fn redeem(visit: &Visit, held: Held, current: Option<Session>) -> PageResult {
    let user = match held {
        Held::Over => return Ok(errors::ticket_over(&visit.app)),
        Held::Newcomer { .. } => return Ok(visit.redirect(path::SIGN_UP, &[])),
        Held::Account { user, .. } => user,
    };
    let text = text(visit);
    let redeemed = visit.flow(move |flow| flow.redeem_ticket(&text, &user.id, current.as_ref()));
    Ok(match redeemed.await {
        Ok(step) => visit.proceed(&step),
        Err(failure) => match failure.refusal()? {
            FlowError::InvitationOver => errors::ticket_over(&visit.app),
            error => errors::not_allowed(&visit.app, &error),
        },
    })
}

/// The kind of a link in a mail.
enum Accepted {
    /// A ticket, with the ID of the user that it belongs to; `None` for a sign-up.
    Ticket(Box<Ticket>, Option<String>),
    /// A link that revokes a session the user may not recognize.
    UnknownDevice,
    Over,
}

/// Redirects the link in a mail, `/v1/tickets/accept?ticket=…`, to its page.
pub(crate) async fn accept(visit: Visit) -> PageResult {
    let text = visit.own_parameter("ticket").unwrap_or_default();
    let with_ticket = visit.params.with(TICKET, &text);
    let found = visit.flow(move |flow| {
        if flow.session_of_link(&text)?.is_some() {
            return Ok(Accepted::UnknownDevice);
        }
        let Some(ticket) = flow.find_ticket(&text)? else {
            return Ok(Accepted::Over);
        };
        let holder = flow.ticket_holder(&ticket)?;
        Ok::<_, StoreError>(Accepted::Ticket(Box::new(ticket), holder))
    });
    let (ticket, holder) = match found.await? {
        Accepted::Ticket(ticket, holder) => (ticket, holder),
        Accepted::UnknownDevice => return Ok(visit.see_other(&with_ticket.link(path::UNAUTHORIZED_SIGN_IN, &[]))),
        Accepted::Over => return Ok(errors::ticket_over(&visit.app)),
    };
    let params = match ticket.redirect_url() {
        Some(url) => with_ticket.with(portal_sdk::names::query::REDIRECT_URL, url),
        None => with_ticket,
    };
    let (path, status) = match holder {
        Some(_) => (path::SIGN_IN, "sign_in"),
        None => (path::SIGN_UP, "sign_up"),
    };
    Ok(visit.see_other(&params.link(path, &[("__clerk_status", status)])))
}
