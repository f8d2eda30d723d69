//! `/sign-in/tasks/setup-mfa`: the application requires two-step verification, and the person has none yet.

use super::errors::PageResult;
use super::fields::Proof;
use super::path;
use super::person::{Newcomer, NewcomerSubmission};
use super::totp::{self, Place};
use crate::store::Task;

const PLACE: Place = Place {
    page: "setup-mfa",
    codes_page: "setup-mfa",
    path: path::SETUP_MFA,
    // There another task follows, or the application.
    onward: path::TASKS,
    reason: Some("This application requires two-step verification. It takes a minute to set up."),
};

pub(super) async fn show(Newcomer(person): Newcomer) -> PageResult {
    person.only_for_task(Task::SetupMfa)?;
    totp::show(&person, &PLACE, &[]).await
}

pub(super) async fn submit(NewcomerSubmission { person, form }: NewcomerSubmission<Proof>) -> PageResult {
    person.only_for_task(Task::SetupMfa)?;
    totp::submit(&person, &PLACE, form.code).await
}
