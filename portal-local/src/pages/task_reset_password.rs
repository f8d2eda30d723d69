//! `/sign-in/tasks/reset-password`: a new password after a sign-in without the compromised one.

use axum::body::Body;
use axum::http::Response;

use super::destination::Flow;
use super::errors::PageResult;
use super::fields::PasswordChange;
use super::form::form_page;
use super::path;
use super::person::{Newcomer, NewcomerSubmission, Person};
use super::reset_password::NewPasswordPage;
use crate::flow::FlowError;
use crate::html::Frame;
use crate::store::Task;

pub(super) async fn show(Newcomer(person): Newcomer) -> Response<Body> {
    match elsewhere(&person) {
        Some(away) => away,
        None => render(&person, true, &[]),
    }
}

pub(super) async fn submit(NewcomerSubmission { person, form }: NewcomerSubmission<PasswordChange>) -> PageResult {
    if let Some(away) = elsewhere(&person) {
        return Ok(away);
    }
    let (visit, new) = (&person.visit, form.new_password());
    let others = new.sign_out_others;
    let flows = visit.flows();
    Ok(
        match flows
            .reset_compromised_password(&person.session, &person.user, new)
            .await
        {
            Ok(session) => visit.finish(Flow::SignIn, &session),
            Err(failure) => match failure.refusal()? {
                FlowError::AttemptLost => visit.lost(Flow::SignIn).await,
                error => render(&person, others, &[error]),
            },
        },
    )
}

/// Redirects a session whose current task is a different one or missing.
fn elsewhere(person: &Person) -> Option<Response<Body>> {
    let is_here = person.session.task() == Some(Task::ResetPassword);
    (!is_here).then(|| person.visit.finish(Flow::SignIn, &person.session))
}

fn render(person: &Person, others: bool, found: &[FlowError]) -> Response<Body> {
    let visit = &person.visit;
    let template = NewPasswordPage {
        frame: Frame::new(&visit.app, "Set a new password"),
        form: person.form_frame(path::TASK_RESET_PASSWORD, found),
        identifier: person.identifier().to_owned(),
        sign_out_others: others,
        sign_out: Some(person.way_out()),
    };
    form_page(visit, &template, found, visit.destination(Flow::SignIn).url.as_ref())
}
