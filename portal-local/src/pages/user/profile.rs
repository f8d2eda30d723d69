//! `/user`: name and email addresses.

use askama::Template;
use axum::response::Response;

use super::{ADD, CONNECT, DISCONNECT, PRIMARY, REMOVE, Tabs, VERIFY};
use crate::flow::{FlowError, Names, PROVIDER_NAME};
use crate::pages::errors::PageResult;
use crate::pages::fields::FullName;
use crate::pages::form_page::FormFrame;
use crate::pages::path;
use crate::pages::person::{Person, PersonSubmission};
use crate::store::ExternalAccount;

#[derive(Template)]
#[template(path = "user.html")]
struct UserPage {
    frame: FormFrame,
    tabs: Tabs,
    addresses: Vec<AddressView>,
    first_name: String,
    last_name: String,
    connections: Vec<ConnectionView>,
    has_provider: bool,
}

struct ConnectionView {
    id: String,
    address: String,
}

struct AddressView {
    id: String,
    address: String,
    is_primary: bool,
    is_verified: bool,
    /// The URL for verifying the address.
    verify: String,
    is_removable: bool,
}

pub(super) async fn show(person: Person) -> Response {
    render(&person, &[])
}

pub(super) async fn submit(PersonSubmission { person, form }: PersonSubmission<FullName>) -> PageResult {
    let required = person.visit.settings.names_required;
    let names = match Names::parse(&form.first_name, &form.last_name).and_then(|names| names.complete(required)) {
        Ok(names) => names,
        Err(found) => return Ok(render_typed(&person, form.first_name, form.last_name, &found)),
    };
    person
        .read(move |flow, session| flow.change_names(&session.user_id, &names))
        .await?;
    Ok(person.done(path::USER, "saved"))
}

/// Renders the page, also after a refused change of an address.
pub(in super::super) fn render(person: &Person, found: &[FlowError]) -> Response {
    let first_name = person.user.first_name.clone().unwrap_or_default();
    let last_name = person.user.last_name.clone().unwrap_or_default();
    render_typed(person, first_name, last_name, found)
}

fn render_typed(person: &Person, first_name: String, last_name: String, found: &[FlowError]) -> Response {
    let visit = &person.visit;
    let primary = person.user.primary_email_address_id.as_deref();
    let verified = person.addresses.iter().filter(|one| one.verified_at.is_some()).count();
    let addresses = person.addresses.iter().map(|one| {
        let (is_primary, is_verified) = (primary == Some(one.id.as_str()), one.verified_at.is_some());
        AddressView {
            id: one.id.clone(),
            address: one.address.clone(),
            is_primary,
            is_verified,
            verify: visit.params.link(VERIFY, &[("id", &one.id)]),
            is_removable: !is_primary && (!is_verified || verified > 1),
        }
    });
    let page = person.form_page("Account", path::USER, found).told(&[
        ("saved", "Your changes are saved."),
        ("verified", "The email address is verified."),
        ("primary", "Your primary email address has changed."),
        ("removed", "The email address is removed."),
        ("connected", "The account is connected. You can now sign in with it."),
        ("disconnected", "The account is disconnected."),
    ]);
    page.render(|frame| UserPage {
        frame,
        tabs: Tabs::new(person, path::USER),
        addresses: addresses.collect(),
        first_name,
        last_name,
        connections: person.external_accounts.iter().map(connection).collect(),
        has_provider: visit.settings.example_provider_enabled,
    })
}

fn connection(account: &ExternalAccount) -> ConnectionView {
    ConnectionView {
        id: account.id.clone(),
        address: account.email_address.clone(),
    }
}
