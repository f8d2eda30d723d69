//! `/user`: name and email addresses.

use askama::Template;
use axum::body::Body;
use axum::http::Response;

use super::{ADD, CONNECT, DISCONNECT, PRIMARY, REMOVE, Tabs, VERIFY};
use crate::flow::{FlowError, Names, PROVIDER_NAME};
use crate::html::Frame;
use crate::pages::destination::Flow;
use crate::pages::errors::PageResult;
use crate::pages::fields::FullName;
use crate::pages::form::{FormFrame, form_page};
use crate::pages::path;
use crate::pages::person::{Person, PersonSubmission};
use crate::store::ExternalAccount;

#[derive(Template)]
#[template(path = "user.html")]
struct UserPage {
    frame: Frame,
    form: FormFrame,
    tabs: Tabs,
    addresses: Vec<AddressView>,
    first_name: String,
    last_name: String,
    notice: Option<&'static str>,
    add: String,
    primary: String,
    remove: String,
    connections: Vec<ConnectionView>,
    /// The URL for connecting the outside provider, if enabled.
    connect: Option<String>,
    disconnect: String,
    provider: &'static str,
    sign_out: String,
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

pub(super) async fn show(person: Person) -> Response<Body> {
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
pub(in super::super) fn render(person: &Person, found: &[FlowError]) -> Response<Body> {
    let first_name = person.user.first_name.clone().unwrap_or_default();
    let last_name = person.user.last_name.clone().unwrap_or_default();
    render_typed(person, first_name, last_name, found)
}

fn render_typed(person: &Person, first_name: String, last_name: String, found: &[FlowError]) -> Response<Body> {
    let (visit, params) = (&person.visit, &person.visit.params);
    let primary = person.user.primary_email_address_id.as_deref();
    let verified = person.addresses.iter().filter(|one| one.verified_at.is_some()).count();
    let addresses = person.addresses.iter().map(|one| {
        let (is_primary, is_verified) = (primary == Some(one.id.as_str()), one.verified_at.is_some());
        AddressView {
            id: one.id.clone(),
            address: one.address.clone(),
            is_primary,
            is_verified,
            verify: params.link(VERIFY, &[("id", &one.id)]),
            is_removable: !is_primary && (!is_verified || verified > 1),
        }
    });
    let notice = match visit.own_parameter("notice").as_deref() {
        Some("saved") if found.is_empty() => Some("Your changes are saved."),
        Some("verified") if found.is_empty() => Some("The email address is verified."),
        Some("primary") if found.is_empty() => Some("Your primary email address has changed."),
        Some("removed") if found.is_empty() => Some("The email address is removed."),
        Some("connected") if found.is_empty() => Some("The account is connected. You can now sign in with it."),
        Some("disconnected") if found.is_empty() => Some("The account is disconnected."),
        _ => None,
    };
    let form = person.form_frame(path::USER, found);
    let template = UserPage {
        frame: Frame::new(&visit.app, "Account"),
        form,
        tabs: Tabs::new(person, path::USER),
        addresses: addresses.collect(),
        first_name,
        last_name,
        notice,
        add: params.link(ADD, &[]),
        primary: params.link(PRIMARY, &[]),
        remove: params.link(REMOVE, &[]),
        connections: person.external_accounts.iter().map(connection).collect(),
        connect: visit
            .settings
            .example_provider_enabled
            .then(|| params.link(CONNECT, &[])),
        disconnect: params.link(DISCONNECT, &[]),
        provider: PROVIDER_NAME,
        sign_out: params.link(path::SIGN_OUT_HERE, &[]),
    };
    // Signing out leads to the application.
    form_page(visit, &template, found, visit.destination(Flow::SignIn).url.as_ref())
}

fn connection(account: &ExternalAccount) -> ConnectionView {
    ConnectionView {
        id: account.id.clone(),
        address: account.email_address.clone(),
    }
}
