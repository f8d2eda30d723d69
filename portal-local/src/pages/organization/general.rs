//! `/organization`: name and slug, and the ways out.

use askama::Template;
use axum::body::Body;
use axum::http::Response;
use portal_sdk::names::query::ORGANIZATION_ID;

use super::{DELETE, LEAVE, Tabs, inside};
use crate::flow::{Access, FlowError};
use crate::html::Frame;
use crate::pages::ask::Question;
use crate::pages::destination::Flow;
use crate::pages::errors::PageResult;
use crate::pages::fields::OrganizationName;
use crate::pages::form::{FormFrame, form_page};
use crate::pages::path;
use crate::pages::person::{Person, PersonSubmission};
use crate::store::Organization;
use crate::store::roles::{DELETE_PROFILE, MANAGE_PROFILE};

#[derive(Template)]
#[template(path = "organization.html")]
struct OrganizationPage {
    frame: Frame,
    tabs: Tabs,
    form: FormFrame,
    name: String,
    slug: String,
    may_manage: bool,
    is_saved: bool,
    leave: String,
    /// `None` if the person may not delete the organization.
    delete: Option<String>,
}

pub(super) async fn show(person: Person) -> PageResult {
    if let Some(wanted) = person.visit.own_parameter(ORGANIZATION_ID) {
        return open(person, wanted).await;
    }
    let access = match inside(&person).await? {
        Ok(access) => access,
        Err(elsewhere) => return Ok(elsewhere),
    };
    let (name, slug) = (access.organization.name.clone(), access.organization.slug.clone());
    Ok(render(&person, &access, name, slug, &[]))
}

/// The address names an organization. A button makes it the active one, because any site can link here.
async fn open(person: Person, wanted: String) -> PageResult {
    let asked = wanted.clone();
    let found = person
        .read(move |flow, session| flow.access(&session.user_id, &asked))
        .await?;
    let params = &person.visit.params;
    let Some(access) = found else {
        let own = [("next", "profile"), ("notice", "not-a-member")];
        return Ok(person.visit.see_other(&params.link(path::ORGANIZATION_LIST, &own)));
    };
    if person.session.last_active_organization_id.as_ref() == Some(&access.organization.id) {
        return Ok(person.visit.see_other(&params.link(path::ORGANIZATION, &[])));
    }
    let name = access.organization.name;
    let question = Question {
        page: "switch-organization",
        heading: format!("Switch to {name}"),
        lead: format!("{name} becomes your active organization in every application."),
        button: "Switch".to_owned(),
        action: params.link(path::ORGANIZATION, &[(ORGANIZATION_ID, &wanted)]),
    };
    Ok(question.render(&person.visit))
}

/// The button was pressed: the organization becomes active, as in a handshake.
async fn switch(person: Person, wanted: String) -> PageResult {
    let opened = person
        .read(move |flow, session| flow.activate(session, Some(&wanted)))
        .await?;
    let (path, own): (_, &[(&str, &str)]) = match opened {
        Some(_) => (path::ORGANIZATION, &[]),
        None => (
            path::ORGANIZATION_LIST,
            &[("next", "profile"), ("notice", "not-a-member")],
        ),
    };
    Ok(person.visit.see_other(&person.visit.params.link(path, own)))
}

pub(super) async fn submit(PersonSubmission { person, form }: PersonSubmission<OrganizationName>) -> PageResult {
    if let Some(wanted) = person.visit.own_parameter(ORGANIZATION_ID) {
        return switch(person, wanted).await;
    }
    let shown = match super::allowed(&person, MANAGE_PROFILE).await? {
        Ok(shown) => shown,
        Err(refusal) => return Ok(refusal),
    };
    let OrganizationName { name, slug } = form;
    let (organization_id, typed) = (shown.organization.id.clone(), (name.clone(), slug.clone()));
    let changed = person.flow(move |flow, session| {
        let access = flow.access_with(&session.user_id, &organization_id, MANAGE_PROFILE)?;
        flow.update_organization(Organization {
            name: typed.0,
            slug: typed.1,
            ..access.organization
        })
    });
    Ok(match changed.await {
        Ok(_) => person.done(path::ORGANIZATION, "saved"),
        Err(failure) => render(&person, &shown, name, slug, &[failure.refusal()?]),
    })
}

fn render(person: &Person, access: &Access, name: String, slug: String, found: &[FlowError]) -> Response<Body> {
    let visit = &person.visit;
    let form = person.form_frame(path::ORGANIZATION, found);
    let may_delete = access.may(DELETE_PROFILE) && access.organization.admin_delete_enabled;
    let template = OrganizationPage {
        frame: Frame::new(&visit.app, "Organization"),
        tabs: Tabs::new(person, access, path::ORGANIZATION),
        form,
        name,
        slug,
        may_manage: access.may(MANAGE_PROFILE),
        is_saved: found.is_empty() && person.visit.is_told("saved"),
        leave: visit.params.link(LEAVE, &[]),
        delete: may_delete.then(|| visit.params.link(DELETE, &[])),
    };
    form_page(visit, &template, found, visit.destination(Flow::SignIn).url.as_ref())
}
