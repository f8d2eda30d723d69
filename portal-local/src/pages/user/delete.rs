//! `/user/delete`: deletion of an account, confirmed by typing a phrase.

use axum::body::Body;
use axum::http::Response;

use super::verify::{Deed, detour};
use super::{DELETE, SECURITY};
use crate::flow::{DELETE_PHRASE, FlowError};
use crate::html::Frame;
use crate::pages::confirm::ConfirmPage;
use crate::pages::destination::Flow;
use crate::pages::errors::PageResult;
use crate::pages::fields::Confirmation;
use crate::pages::form::form_page;
use crate::pages::path;
use crate::pages::person::{Person, PersonSubmission};

pub(super) async fn show(person: Person) -> Response<Body> {
    if let Some(detour) = detour(&person, DELETE, Deed::Open) {
        return detour;
    }
    let may = person.visit.settings.delete_self_enabled && person.user.delete_self_enabled;
    let found = if may { None } else { Some(FlowError::DeletionDisabled) };
    render(&person, String::new(), found.as_slice())
}

pub(super) async fn submit(PersonSubmission { person, form }: PersonSubmission<Confirmation>) -> PageResult {
    if let Some(detour) = detour(&person, DELETE, Deed::Send) {
        return Ok(detour);
    }
    let typed = form.confirmation;
    let phrase = typed.clone();
    let deleted = person.flow(move |flow, session| flow.delete_account(&session.user_id, &phrase));
    let visit = &person.visit;
    Ok(match deleted.await {
        Ok(()) => match visit
            .destination(Flow::SignIn)
            .url
            .filter(|url| !visit.app.redirects.is_own(url))
        {
            Some(url) => visit.send_to(url),
            None => visit.see_other(path::SIGN_IN),
        },
        Err(failure) => render(&person, typed, &[failure.refusal()?]),
    })
}

fn render(person: &Person, typed: String, found: &[FlowError]) -> Response<Body> {
    let visit = &person.visit;
    let template = ConfirmPage {
        frame: Frame::new(&visit.app, "Delete your account"),
        form: person.form_frame(DELETE, found),
        page: "user-delete",
        consequence: "Your account and everything in it is deleted for good, on every device.",
        expected: DELETE_PHRASE.to_owned(),
        typed,
        button: "Delete the account",
        cancel: visit.params.link(SECURITY, &[]),
    };
    form_page(visit, &template, found, visit.destination(Flow::SignIn).url.as_ref())
}
