//! What a ticket in the address of `/sign-in` or `/sign-up` does: `?__clerk_ticket=…`.

use axum::body::Body;
use axum::http::Response;

use super::errors::{self, PageResult};
use super::params::TICKET;
use super::path;
use super::visit::Visit;
use crate::flow::{FlowError, Ticket, find_ticket, redeem_ticket, revoke_by_link, ticket_holder};
use crate::store::StoreError;

/// The ticket in the address, and whether an account with its address exists.
pub(super) async fn of(visit: &Visit) -> Result<Option<Held>, StoreError> {
    let Some(text) = visit.params.value(TICKET).map(str::to_owned) else {
        return Ok(None);
    };
    let now = visit.app.now();
    visit
        .app
        .store
        .transaction(move |connection| {
            let Some(ticket) = find_ticket(connection, &text, now)? else {
                return Ok(Some(Held::Over));
            };
            let holder = ticket_holder(connection, &ticket)?;
            Ok(Some(match holder {
                Some(user_id) => Held::Account { user_id },
                None => Held::Newcomer { ticket },
            }))
        })
        .await
}

/// The ticket's text in the address; empty if there is none.
pub(super) fn text(visit: &Visit) -> String {
    visit.params.value(TICKET).unwrap_or_default().to_owned()
}

/// What a ticket in an address turns out to be.
pub(super) enum Held {
    /// Used, withdrawn, too old, or never made here.
    Over,
    Account {
        user_id: String,
    },
    Newcomer {
        ticket: Ticket,
    },
}

/// Opening the link is all that somebody with an account has to do.
pub(super) async fn sign_in(visit: &Visit, held: Held) -> PageResult {
    let user_id = match held {
        Held::Over => return Ok(errors::ticket_over(&visit.app)),
        Held::Newcomer { .. } => return Ok(visit.see_other(&visit.params.link(path::SIGN_UP, &[]))),
        Held::Account { user_id } => user_id,
    };
    let text = text(visit);
    let (browser, session, now) = (visit.known.browser.clone(), visit.session.clone(), visit.app.now());
    let redeemed = visit
        .app
        .store
        .transaction(move |connection| redeem_ticket(connection, &browser, &text, &user_id, session.as_ref(), now))
        .await?;
    Ok(match redeemed {
        Ok(step) => visit.proceed(&step),
        Err(FlowError::InvitationOver) => errors::ticket_over(&visit.app),
        Err(error) => errors::not_allowed(&visit.app, &error),
    })
}

/// What the link in a mail turns out to be.
enum Accepted {
    /// It lets somebody in: the one who holds its address, or a newcomer.
    Ticket(Box<Ticket>, Option<String>),
    /// It was about a session that its owner did not know, which has ended now.
    Revoked,
    Over,
}

/// `/v1/tickets/accept?ticket=…`, the link in a mail: on to the page where it is redeemed.
pub(crate) async fn accept(visit: Visit) -> Result<Response<Body>, errors::PageError> {
    let text = visit.own_parameter("ticket").unwrap_or_default();
    let with_ticket = visit.params.with(TICKET, &text);
    let now = visit.app.now();
    let found = visit
        .app
        .store
        .transaction(move |connection| {
            if revoke_by_link(connection, &text, now)? {
                return Ok(Accepted::Revoked);
            }
            let ticket = find_ticket(connection, &text, now)?;
            let holder = match &ticket {
                Some(ticket) => ticket_holder(connection, ticket)?,
                None => None,
            };
            Ok(match ticket {
                Some(ticket) => Accepted::Ticket(Box::new(ticket), holder),
                None => Accepted::Over,
            })
        })
        .await?;
    let (ticket, holder) = match found {
        Accepted::Ticket(ticket, holder) => (ticket, holder),
        Accepted::Revoked => return Ok(visit.see_other(path::UNAUTHORIZED_SIGN_IN)),
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
