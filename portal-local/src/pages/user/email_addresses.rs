//! `/user/email-addresses`: adding, proving, preferring and removing addresses.

use askama::Template;
use axum::response::Response;

use super::verify::{Deed, detour};
use super::{ADD, VERIFY, profile};
use crate::flow::FlowError;
use crate::pages::code_page::CodeStep;
use crate::pages::destination::Flow;
use crate::pages::errors::PageResult;
use crate::pages::fields::{Address, Entry, Proof};
use crate::pages::form_page::FormFrame;
use crate::pages::path;
use crate::pages::person::{Person, PersonSubmission};
use crate::store::EmailAddress;

#[derive(Template)]
#[template(path = "add_email_address.html")]
struct AddPage {
    frame: FormFrame,
    email_address: String,
}

pub(super) async fn show_add(person: Person) -> PageResult {
    detour(&person, ADD, Deed::Open)?;
    Ok(render_add(&person, String::new(), &[]))
}

pub(super) async fn add(PersonSubmission { person, form }: PersonSubmission<Address>) -> PageResult {
    detour(&person, ADD, Deed::Send)?;
    let typed = form.email_address;
    let asked = typed.clone();
    let added = person.flow(move |flow, session| flow.add_email_address(&session.user_id, &asked));
    Ok(match added.await {
        Ok(id) => person.visit.redirect(VERIFY, &[("id", &id)]),
        Err(failure) => render_add(&person, typed, &[failure.refusal()?]),
    })
}

fn render_add(person: &Person, email_address: String, found: &[FlowError]) -> Response {
    let page = person.form_page("Add an email address", ADD, found);
    page.render(|frame| AddPage { frame, email_address })
}

pub(super) async fn show_verify(person: Person) -> Response {
    match unproven(&person) {
        Some(address) => render_verify(&person, address, &[]),
        None => person.visit.redirect(path::USER, &[]),
    }
}

pub(super) async fn verify(PersonSubmission { person, form }: PersonSubmission<Proof>) -> PageResult {
    let Some(address) = unproven(&person).cloned() else {
        // It was proven or removed beside this request: the account shows how things are.
        return Ok(person.visit.redirect(path::USER, &[]));
    };
    let (is_resend, asked) = (form.is_resend(), address.clone());
    let done = person.flow(move |flow, _| match is_resend {
        true => flow.send_address_code(&asked),
        false => flow.verify_email_address(&asked, &form.code),
    });
    Ok(match done.await {
        Ok(()) if is_resend => {
            let own = [("id", address.id.as_str()), ("notice", "sent")];
            person.visit.redirect(VERIFY, &own)
        }
        Ok(()) => person.done(path::USER, "verified"),
        Err(failure) => render_verify(&person, &address, &[failure.refusal()?]),
    })
}

/// The address that this page's address names, if it waits for its proof.
fn unproven(person: &Person) -> Option<&EmailAddress> {
    let id = person.visit.own_parameter("id")?;
    let mut own = person.addresses.iter();
    own.find(|address| address.id == id && address.verified_at.is_none())
}

fn render_verify(person: &Person, address: &EmailAddress, found: &[FlowError]) -> Response {
    let params = &person.visit.params;
    let step = CodeStep {
        page: "user-verify-email-address",
        heading: "Verify your email address",
        action: params.link(VERIFY, &[("id", &address.id)]),
        address: &address.address,
        change: params.link(ADD, &[]),
        other: Some((params.link(path::USER, &[]), "Back to your account")),
        taken: None,
        flow: Flow::SignIn,
    };
    step.render(&person.visit, found)
}

pub(super) async fn make_primary(PersonSubmission { person, form }: PersonSubmission<Entry>) -> PageResult {
    detour(&person, path::USER, Deed::Send)?;
    let done = person.flow(move |flow, session| flow.make_primary(&session.user_id, &form.id));
    Ok(match done.await {
        Ok(()) => person.done(path::USER, "primary"),
        Err(failure) => profile::render(&person, &[failure.refusal()?]),
    })
}

pub(super) async fn remove(PersonSubmission { person, form }: PersonSubmission<Entry>) -> PageResult {
    detour(&person, path::USER, Deed::Send)?;
    let done = person.flow(move |flow, session| flow.remove_email_address(&session.user_id, &form.id));
    Ok(match done.await {
        Ok(()) => person.done(path::USER, "removed"),
        Err(failure) => profile::render(&person, &[failure.refusal()?]),
    })
}
