//! `/sign-in/tasks/reset-password`: a new password after a sign-in without the compromised one.

use axum::response::Response;

use super::destination::Flow;
use super::errors::PageResult;
use super::fields::PasswordChange;
use super::path;
use super::person::{Newcomer, NewcomerSubmission, Person};
use super::reset_password::NewPasswordPage;
use crate::flow::FlowError;
use crate::store::Task;

pub(super) async fn show(Newcomer(person): Newcomer) -> PageResult {
    person.only_for_task(Task::ResetPassword)?;
    Ok(render(&person, true, &[]))
}

pub(super) async fn submit(NewcomerSubmission { person, form }: NewcomerSubmission<PasswordChange>) -> PageResult {
    person.only_for_task(Task::ResetPassword)?;
    let (visit, new) = (&person.visit, form.new_password());
    let (others, flows) = (new.sign_out_others, visit.flows());
    let reset = flows.reset_compromised_password(&person.session, &person.user, new);
    Ok(match reset.await {
        Ok(session) => visit.finish(Flow::SignIn, &session),
        Err(failure) => render(&person, others, &[visit.refusal(Flow::SignIn, failure).await?]),
    })
}

fn render(person: &Person, others: bool, found: &[FlowError]) -> Response {
    let page = person.form_page("Set a new password", path::TASK_RESET_PASSWORD, found);
    page.render(|frame| NewPasswordPage {
        frame,
        identifier: person.identifier().to_owned(),
        sign_out_others: others,
        sign_out: Some(person.way_out()),
    })
}
