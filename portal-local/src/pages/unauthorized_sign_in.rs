//! `/unauthorized-sign-in`: where the "this was not me" link of a mail leads. Its button ends the session.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;

use super::ask::Question;
use super::errors::{self, PageResult};
use super::form::Submission;
use super::params::TICKET;
use super::path;
use super::visit::Visit;
use crate::device::Device;
use crate::html::{Frame, age};
use crate::store::Session;

#[derive(Template)]
#[template(path = "unauthorized_sign_in.html")]
struct UnauthorizedPage {
    frame: Frame,
}

/// Shows the sign-in of the ticket; without a ticket, that the sign-in was revoked.
pub(super) async fn show(visit: Visit) -> PageResult {
    let Some(ticket) = visit.params.value(TICKET).map(str::to_owned) else {
        return Ok(ended(&visit));
    };
    Ok(match visit.flow(move |flow| flow.session_of_link(&ticket)).await? {
        Some(session) => question(&visit, &session).render(&visit),
        None => errors::ticket_over(&visit.app),
    })
}

pub(super) async fn submit(Submission { visit, .. }: Submission) -> PageResult {
    let ticket = visit.params.value(TICKET).unwrap_or_default().to_owned();
    Ok(match visit.flow(move |flow| flow.end_session_by_link(&ticket)).await? {
        true => visit.see_other(path::UNAUTHORIZED_SIGN_IN),
        false => errors::ticket_over(&visit.app),
    })
}

fn question(visit: &Visit, session: &Session) -> Question {
    let device = Device::of(session.user_agent.as_deref().unwrap_or_default()).sentence();
    let age = age(session.created_at, visit.app.now());
    Question {
        page: "unauthorized-sign-in",
        heading: "Don't recognize this sign-in?".to_owned(),
        lead: format!("There was a sign-in to your account {age}: {device}. If it wasn't you, sign out that device."),
        button: "Sign out the device".to_owned(),
        action: visit.params.link(path::UNAUTHORIZED_SIGN_IN, &[]),
    }
}

fn ended(visit: &Visit) -> Response {
    let template = UnauthorizedPage {
        frame: Frame::new(&visit.app, "Signed out"),
    };
    visit.page(StatusCode::OK, &template, None)
}
