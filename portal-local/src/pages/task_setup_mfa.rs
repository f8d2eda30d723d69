//! `/sign-in/tasks/setup-mfa`: the application requires two-step verification, and the person has none yet.

use axum::body::Body;
use axum::http::Response;

use super::destination::Flow;
use super::errors::PageResult;
use super::fields::Proof;
use super::path;
use super::person::{Newcomer, NewcomerSubmission, Person};
use super::totp::{self, Place};
use crate::flow::FlowError;
use crate::store::Task;

const PAGE: &str = "setup-mfa";

pub(super) async fn show(Newcomer(person): Newcomer) -> PageResult {
    match elsewhere(&person) {
        Some(away) => Ok(away),
        None => render(&person, &[]).await,
    }
}

pub(super) async fn submit(NewcomerSubmission { person, form }: NewcomerSubmission<Proof>) -> PageResult {
    if let Some(away) = elsewhere(&person) {
        return Ok(away);
    }
    match totp::prove(&person, form.code).await {
        Ok(codes) => {
            // What follows, another task or the application, is decided there.
            let onward = person.visit.params.link(path::TASKS, &[]);
            let done = "Two-step verification is on.";
            Ok(totp::show_backup_codes(&person, PAGE, done, &codes, onward))
        }
        Err(failure) => match failure.refusal()? {
            FlowError::AttemptLost => Ok(person.visit.see_other(&person.visit.params.link(path::SETUP_MFA, &[]))),
            error => render(&person, &[error]).await,
        },
    }
}

/// The session waits for something else, or for nothing.
fn elsewhere(person: &Person) -> Option<Response<Body>> {
    let is_here = person.session.task() == Some(Task::SetupMfa);
    (!is_here).then(|| person.visit.finish(Flow::SignIn, &person.session))
}

async fn render(person: &Person, found: &[FlowError]) -> PageResult {
    let place = Place {
        page: PAGE,
        path: path::SETUP_MFA,
        reason: Some("This application requires two-step verification. It takes a minute to set up."),
        cancel: None,
        sign_out: Some(person.way_out()),
    };
    let shown = totp::show(person, place, found).await?;
    // It was set up on another device a moment ago.
    Ok(shown.unwrap_or_else(|| person.visit.see_other(&person.visit.params.link(path::TASKS, &[]))))
}
