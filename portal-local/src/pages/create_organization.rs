//! `/create-organization`: a new organization, then its invitations.

use askama::Template;
use axum::body::Body;
use axum::http::Response;

use super::destination::Flow;
use super::errors::PageResult;
use super::fields::{Invitation, OrganizationName};
use super::form::{FormFrame, form_page};
use super::path;
use super::person::{Newcomer, NewcomerSubmission, Person, PersonSubmission, Place};
use crate::clock::Millis as _;
use crate::flow::{FlowError, Invitees, NewOrganization, refused};
use crate::html::Frame;
use crate::store::roles::MANAGE_MEMBERSHIPS;
use crate::store::{Role, Task, organizations, roles, users};

/// The time in which a repeated form counts as a second click.
const SECOND_CLICK_MILLIS: i64 = 5_000;

#[derive(Template)]
#[template(path = "create_organization.html")]
struct CreatePage {
    frame: Frame,
    form: FormFrame,
    name: String,
    slug: String,
    may_create: bool,
    list: String,
}

#[derive(Template)]
#[template(path = "create_organization_invite.html")]
struct InvitePage {
    frame: Frame,
    form: FormFrame,
    name: String,
    addresses: String,
    role: String,
    roles: Vec<Role>,
    skip: String,
}

pub(super) async fn show(Newcomer(person): Newcomer) -> PageResult {
    if let Some(away) = person.waits_for_another(Task::ChooseOrganization) {
        return Ok(away);
    }
    let user = person.user.clone();
    let found = person.read(move |flow, _| refused(flow.may_create(&user))).await?;
    Ok(render(&person, String::new(), String::new(), found.as_slice()))
}

pub(super) async fn submit(NewcomerSubmission { person, form }: NewcomerSubmission<OrganizationName>) -> PageResult {
    if let Some(away) = person.waits_for_another(Task::ChooseOrganization) {
        return Ok(away);
    }
    let OrganizationName { name, slug } = form;
    let new = NewOrganization {
        name: name.clone(),
        slug: slug.trim().to_lowercase(),
        created_by: Some(person.user.id.clone()),
        ..NewOrganization::default()
    };
    let created = person.flow(move |flow, session| {
        let user = users::find(flow.connection, &session.user_id)?.ok_or(FlowError::UserUnknown)?;
        flow.may_create(&user)?;
        // A second click on the same button means the first.
        let since = flow.now.plus_millis(-SECOND_CLICK_MILLIS);
        let twin = organizations::created_since(flow.connection, &user.id, new.name.trim(), since)?;
        let twin = twin.filter(|twin| new.slug.is_empty() || new.slug == twin.slug);
        let organization = match twin {
            Some(twin) => twin,
            None => flow.create_organization(new)?,
        };
        flow.activate(session, Some(&organization.id))?;
        Ok(())
    });
    let visit = &person.visit;
    Ok(match created.await {
        Ok(()) => visit.see_other(&visit.params.link(path::CREATE_ORGANIZATION_INVITE, &[])),
        Err(failure) => render(&person, name, slug, &[failure.refusal()?]),
    })
}

fn render(person: &Person, name: String, slug: String, found: &[FlowError]) -> Response<Body> {
    let visit = &person.visit;
    let destination = visit.destination(Flow::CreateOrganization);
    let mut form = person.form_frame(path::CREATE_ORGANIZATION, found);
    form.notices.clone_from(&destination.notices);
    let may_not = |error: &FlowError| matches!(error, FlowError::CreationDisabled | FlowError::OrganizationsDisabled);
    let template = CreatePage {
        frame: Frame::new(&visit.app, "Create an organization"),
        form,
        name,
        slug,
        may_create: !found.iter().any(may_not),
        list: visit.params.link(path::ORGANIZATION_LIST, &[]),
    };
    form_page(visit, &template, found, destination.url.as_ref())
}

pub(super) async fn show_invite(person: Person) -> PageResult {
    render_invite(&person, String::new(), String::new(), &[]).await
}

pub(super) async fn submit_invite(PersonSubmission { person, form }: PersonSubmission<Invitation>) -> PageResult {
    let Invitation { addresses, role } = form;
    let invitees = match Invitees::parse(&addresses) {
        Ok(invitees) => invitees,
        Err(error) => return render_invite(&person, addresses, role, &[error]).await,
    };
    let (redirect_url, role_key) = (person.visit.redirect_url(), role.clone());
    let invited = person.flow(move |flow, session| {
        let id = session.last_active_organization_id.as_deref().unwrap_or_default();
        let access = flow.access_with(&session.user_id, id, MANAGE_MEMBERSHIPS)?;
        flow.invite_addresses_to_organization(&access, &invitees, &role_key, redirect_url.as_deref())
    });
    match invited.await {
        Ok(()) => Ok(person.visit.finish(Flow::CreateOrganization, &person.session)),
        Err(failure) => render_invite(&person, addresses, role, &[failure.refusal()?]).await,
    }
}

/// The target of "Skip": the end of the flow.
pub(super) async fn finish(person: Person) -> Response<Body> {
    person.visit.finish(Flow::CreateOrganization, &person.session)
}

async fn render_invite(person: &Person, addresses: String, role: String, found: &[FlowError]) -> PageResult {
    let visit = &person.visit;
    let Place::Inside(access) = person.place().await? else {
        return Ok(visit.see_other(&visit.params.link(path::CREATE_ORGANIZATION, &[])));
    };
    let roles = person.read(|flow, _| Ok(roles::all(flow.connection)?)).await?;
    let usual = visit.settings.default_role.clone();
    let template = InvitePage {
        frame: Frame::new(&visit.app, "Invite members"),
        form: person.form_frame(path::CREATE_ORGANIZATION_INVITE, found),
        name: access.organization.name.clone(),
        addresses,
        role: if role.is_empty() { usual } else { role },
        roles,
        skip: visit.params.link(path::CREATE_ORGANIZATION_FINISH, &[]),
    };
    let target = visit.destination(Flow::CreateOrganization).url;
    Ok(form_page(visit, &template, found, target.as_ref()))
}
