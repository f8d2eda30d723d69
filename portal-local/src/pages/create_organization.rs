//! `/create-organization`: a new organization, then its invitations.

use askama::Template;
use axum::response::Response;

use super::destination::Flow;
use super::errors::PageResult;
use super::fields::{Invitation, OrganizationName};
use super::form_page::FormFrame;
use super::path;
use super::person::{Newcomer, NewcomerSubmission, Person, PersonSubmission, SWITCHED};
use crate::clock::Millis as _;
use crate::flow::{FlowError, Invitees, NewOrganization, refused};
use crate::store::roles::MANAGE_MEMBERSHIPS;
use crate::store::{Role, Task, organizations, roles, users};

/// The time in which a repeated form counts as a second click.
const SECOND_CLICK_MILLIS: i64 = 5_000;

#[derive(Template)]
#[template(path = "create_organization.html")]
struct CreatePage {
    frame: FormFrame,
    name: String,
    slug: String,
    may_create: bool,
}

#[derive(Template)]
#[template(path = "create_organization_invite.html")]
struct InvitePage {
    frame: FormFrame,
    name: String,
    addresses: String,
    role: String,
    roles: Vec<Role>,
}

pub(super) async fn show(Newcomer(person): Newcomer) -> PageResult {
    person.unless_another_task(Task::ChooseOrganization)?;
    let user = person.user.clone();
    let found = person.read(move |flow, _| refused(flow.may_create(&user))).await?;
    Ok(render(&person, String::new(), String::new(), found.as_slice()))
}

pub(super) async fn submit(NewcomerSubmission { person, form }: NewcomerSubmission<OrganizationName>) -> PageResult {
    person.unless_another_task(Task::ChooseOrganization)?;
    let OrganizationName { name, slug } = form;
    let new = NewOrganization {
        name: name.clone(),
        slug: slug.trim().to_lowercase(),
        created_by: Some(person.user.id.clone()),
        ..NewOrganization::default()
    };
    let created = person.flow(move |flow, session| {
        let user = users::find(flow.db, &session.user_id)?.ok_or(FlowError::UserUnknown)?;
        flow.may_create(&user)?;
        // A second click on the same button means the first.
        let since = flow.now.plus_millis(-SECOND_CLICK_MILLIS);
        let twin = organizations::created_since(flow.db, &user.id, new.name.trim(), since)?;
        let twin = twin.filter(|twin| new.slug.is_empty() || new.slug == twin.slug);
        let organization = match twin {
            Some(twin) => twin,
            None => flow.create_organization(new)?,
        };
        flow.activate(session, Some(&organization.id))?;
        Ok(())
    });
    Ok(match created.await {
        Ok(()) => person.visit.redirect(path::CREATE_ORGANIZATION_INVITE, &[]),
        Err(failure) => render(&person, name, slug, &[failure.refusal()?]),
    })
}

fn render(person: &Person, name: String, slug: String, found: &[FlowError]) -> Response {
    let may_not = |error: &FlowError| matches!(error, FlowError::CreationDisabled | FlowError::OrganizationsDisabled);
    let page = person.form_page("Create an organization", path::CREATE_ORGANIZATION, found);
    let page = page.toward(Flow::CreateOrganization).told(&SWITCHED);
    page.render(|frame| CreatePage {
        frame,
        name,
        slug,
        may_create: !found.iter().any(may_not),
    })
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
    let invited = person.manage(MANAGE_MEMBERSHIPS, move |flow, access| {
        flow.invite_addresses_to_organization(access, &invitees, &role_key, redirect_url.as_deref())
    });
    match invited.await {
        Ok(()) => Ok(person.visit.finish(Flow::CreateOrganization, &person.session)),
        Err(failure) => render_invite(&person, addresses, role, &[failure.refusal()?]).await,
    }
}

/// The target of "Skip": the end of the flow.
pub(super) async fn finish(person: Person) -> Response {
    person.visit.finish(Flow::CreateOrganization, &person.session)
}

async fn render_invite(person: &Person, addresses: String, role: String, found: &[FlowError]) -> PageResult {
    let visit = &person.visit;
    let Some(access) = person.active_organization().await? else {
        return Ok(visit.redirect(path::CREATE_ORGANIZATION, &[]));
    };
    let roles = person.read(|flow, _| roles::all(flow.db)).await?;
    let usual = visit.settings.default_role.clone();
    let page = person.form_page("Invite members", path::CREATE_ORGANIZATION_INVITE, found);
    let target = visit.destination(Flow::CreateOrganization).url;
    let page = page.about(&access.organization).target(target);
    Ok(page.render(|frame| InvitePage {
        frame,
        name: access.organization.name,
        addresses,
        role: if role.is_empty() { usual } else { role },
        roles,
    }))
}
