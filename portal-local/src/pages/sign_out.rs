//! `/sign-out` and `/sign-in/choose`: who is signed in here, and the ways on from there.

use askama::Template;
use axum::body::Body;
use axum::http::Response;

use super::destination::Flow;
use super::errors::PageResult;
use super::form::{FormFrame, Submission, form_page};
use super::html::Frame;
use super::path;
use super::person::{Newcomer, NewcomerSubmission};
use super::visit::Visit;
use crate::flow::end_session;
use crate::store::{Session, SessionStatus, StoreError, sessions};

#[derive(Template)]
#[template(path = "sign_out.html")]
struct SignOutPage {
    frame: Frame,
    form: FormFrame,
    is_signed_in: bool,
    sign_in: String,
}

#[derive(Template)]
#[template(path = "choose.html")]
struct ChoosePage {
    frame: Frame,
    form: FormFrame,
    name: String,
    /// Empty if the name is the address.
    address: String,
}

pub(super) async fn show(visit: Visit) -> Response<Body> {
    let destination = visit.destination(Flow::SignIn);
    let template = SignOutPage {
        frame: Frame::new(&visit.app, "Sign out"),
        form: FormFrame {
            action: visit.params.link(path::SIGN_OUT, &[]),
            token: visit.form_token(),
            errors: Vec::new(),
            notices: destination.notices.clone(),
            return_host: destination.foreign_host(&visit.app.redirects),
        },
        is_signed_in: visit.session.is_some(),
        sign_in: visit.params.link(path::SIGN_IN, &[]),
    };
    form_page(&visit, &template, &[], destination.url.as_ref())
}

/// Ends this browser's session, and tells the application the person came from by sending them back there.
pub(super) async fn submit(Submission { visit, .. }: Submission) -> PageResult {
    end_here(&visit).await?;
    let destination = visit.destination(Flow::SignIn).url;
    Ok(match destination.filter(|url| !visit.app.redirects.is_own(url)) {
        Some(url) => visit.send_to(url),
        None => visit.see_other(path::SIGN_IN),
    })
}

pub(super) async fn show_choice(Newcomer(person): Newcomer) -> Response<Body> {
    let visit = &person.visit;
    let (name, identifier) = (person.name(), person.identifier());
    let address = if name == identifier { "" } else { identifier };
    let template = ChoosePage {
        frame: Frame::new(&visit.app, "Choose an account"),
        form: person.form_frame(path::CHOOSE, &[]),
        address: address.to_owned(),
        name,
    };
    form_page(visit, &template, &[], visit.destination(Flow::SignIn).url.as_ref())
}

pub(super) async fn submit_choice(NewcomerSubmission { person, form }: NewcomerSubmission) -> PageResult {
    let visit = &person.visit;
    if form.value("intent") == "add" {
        // One session per browser: whoever signs in next takes the place of this one.
        end_here(visit).await?;
        return Ok(visit.see_other(&visit.params.link(path::SIGN_IN, &[])));
    }
    Ok(visit.finish(Flow::SignIn, &person.session))
}

async fn end_here(visit: &Visit) -> Result<(), StoreError> {
    let Some(session) = visit.session.clone() else {
        return Ok(());
    };
    let now = visit.app.now();
    visit
        .app
        .store
        .transaction(move |connection| {
            // Somebody may have ended it since this request began.
            match sessions::find(connection, &session.id, now)?.filter(Session::is_live) {
                Some(session) => end_session(connection, &session, SessionStatus::Removed, now),
                None => Ok(()),
            }
        })
        .await
}
