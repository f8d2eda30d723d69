//! `/user/delete`: deletion of an account, confirmed by typing a phrase.

use axum::response::Response;

use super::verify::{Deed, detour};
use super::{DELETE, SECURITY};
use crate::flow::{DELETE_PHRASE, FlowError};
use crate::pages::confirm::ConfirmPage;
use crate::pages::errors::PageResult;
use crate::pages::fields::Confirmation;
use crate::pages::person::{Person, PersonSubmission};
use crate::pages::sign_out;

pub(super) async fn show(person: Person) -> PageResult {
    detour(&person, DELETE, Deed::Open)?;
    let may = person.visit.settings.delete_self_enabled && person.user.delete_self_enabled;
    let found = if may { None } else { Some(FlowError::DeletionDisabled) };
    Ok(render(&person, String::new(), found.as_slice()))
}

pub(super) async fn submit(PersonSubmission { person, form }: PersonSubmission<Confirmation>) -> PageResult {
    detour(&person, DELETE, Deed::Send)?;
    let typed = form.confirmation;
    let phrase = typed.clone();
    let deleted = person.flow(move |flow, session| flow.delete_account(&session.user_id, &phrase));
    Ok(match deleted.await {
        Ok(()) => sign_out::onward(&person.visit),
        Err(failure) => render(&person, typed, &[failure.refusal()?]),
    })
}

fn render(person: &Person, typed: String, found: &[FlowError]) -> Response {
    let page = person.form_page("Delete your account", DELETE, found);
    page.render(|frame| ConfirmPage {
        frame,
        page: "user-delete",
        consequence: "Your account and everything in it is deleted for good, on every device.",
        expected: DELETE_PHRASE.to_owned(),
        typed,
        button: "Delete the account",
        cancel: SECURITY,
    })
}
