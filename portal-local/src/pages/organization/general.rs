//! `/organization`: name and slug, and the ways out.

use askama::Template;
use axum::response::Response;
use portal_sdk::names::query::ORGANIZATION_ID;

use super::{DELETE, LEAVE, Tabs, allowed, inside};
use crate::flow::{Access, FlowError};
use crate::pages::ask::Question;
use crate::pages::errors::PageResult;
use crate::pages::fields::OrganizationName;
use crate::pages::form_page::FormFrame;
use crate::pages::path;
use crate::pages::person::{Person, PersonSubmission};
use crate::store::Organization;
use crate::store::roles::{DELETE_PROFILE, MANAGE_PROFILE};

#[derive(Template)]
#[template(path = "organization.html")]
struct OrganizationPage {
    frame: FormFrame,
    tabs: Tabs,
    name: String,
    slug: String,
    may_manage: bool,
    may_delete: bool,
}

pub(super) async fn show(person: Person) -> PageResult {
    if let Some(wanted) = person.visit.own_parameter(ORGANIZATION_ID) {
        return open(person, wanted).await;
    }
    let access = inside(&person).await?;
    let (name, slug) = (access.organization.name.clone(), access.organization.slug.clone());
    Ok(render(&person, &access, name, slug, &[]))
}

/// The address names an organization. A button makes it the active one, because any site can link here.
async fn open(person: Person, wanted: String) -> PageResult {
    let asked = wanted.clone();
    let found = person
        .read(move |flow, session| flow.access(&session.user_id, &asked))
        .await?;
    let Some(access) = found else {
        return Ok(not_a_member(&person));
    };
    if person.session.last_active_organization_id.as_ref() == Some(&access.organization.id) {
        return Ok(person.visit.redirect(path::ORGANIZATION, &[]));
    }
    let name = access.organization.name;
    let question = Question {
        page: "switch-organization",
        heading: format!("Switch to {name}"),
        lead: format!("{name} becomes your active organization in every application."),
        button: "Switch".to_owned(),
        action: person
            .visit
            .params
            .link(path::ORGANIZATION, &[(ORGANIZATION_ID, &wanted)]),
    };
    Ok(question.render(&person.visit))
}

/// The button was pressed: the organization becomes active, as in a handshake.
async fn switch(person: Person, wanted: String) -> PageResult {
    let opened = person
        .read(move |flow, session| flow.activate(session, Some(&wanted)))
        .await?;
    Ok(match opened {
        Some(_) => person.visit.redirect(path::ORGANIZATION, &[]),
        None => not_a_member(&person),
    })
}

fn not_a_member(person: &Person) -> Response {
    let own = [("next", "profile"), ("notice", "not-a-member")];
    person.visit.redirect(path::ORGANIZATION_LIST, &own)
}

pub(super) async fn submit(PersonSubmission { person, form }: PersonSubmission<OrganizationName>) -> PageResult {
    if let Some(wanted) = person.visit.own_parameter(ORGANIZATION_ID) {
        return switch(person, wanted).await;
    }
    let shown = allowed(&person, MANAGE_PROFILE).await?;
    let OrganizationName { name, slug } = form;
    let typed = (name.clone(), slug.clone());
    let changed = person.manage(MANAGE_PROFILE, move |flow, access| {
        flow.update_organization(Organization {
            name: typed.0,
            slug: typed.1,
            ..access.organization.clone()
        })
    });
    Ok(match changed.await {
        Ok(_) => person.done(path::ORGANIZATION, "saved"),
        Err(failure) => render(&person, &shown, name, slug, &[failure.refusal()?]),
    })
}

fn render(person: &Person, access: &Access, name: String, slug: String, found: &[FlowError]) -> Response {
    let page = person.form_page("Organization", path::ORGANIZATION, found);
    page.about(&access.organization)
        .told(&[("saved", "Your changes are saved.")])
        .render(|frame| OrganizationPage {
            frame,
            tabs: Tabs::new(person, access, path::ORGANIZATION),
            name,
            slug,
            may_manage: access.may(MANAGE_PROFILE),
            may_delete: access.may(DELETE_PROFILE) && access.organization.admin_delete_enabled,
        })
}
