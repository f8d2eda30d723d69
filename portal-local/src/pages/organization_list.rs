//! `/organization-list`, and the task of choosing an organization at `/sign-in/tasks/choose-organization`: where the
//! person belongs, where they are invited, and which of it is active.

use askama::Template;
use axum::body::Body;
use axum::http::Response;
use portal_sdk::names::query;

use super::destination::Flow;
use super::errors::PageResult;
use super::fields::OrganizationEntry;
use super::form::{FormFrame, form_page};
use super::path;
use super::person::{Newcomer, NewcomerSubmission, Person, PersonSubmission};
use crate::flow::{FlowError, refused};
use crate::html::Frame;
use crate::store::{Session, StoreError, Task};
use crate::store::{memberships, organization_invitations, organizations, roles};

#[derive(Template)]
#[template(path = "organization_list.html")]
struct ListPage {
    frame: Frame,
    form: FormFrame,
    /// Names the page in test hooks.
    page: &'static str,
    back: Option<(String, String)>,
    notice: Option<&'static str>,
    /// The person's name, unless there is no personal account.
    personal: Option<String>,
    is_personal: bool,
    choices: Vec<Choice>,
    invitations: Vec<Offer>,
    create: Option<String>,
    /// The signed-in address and where the form goes that signs out, while a task is open.
    sign_out: Option<(String, String)>,
}

struct Choice {
    id: String,
    name: String,
    role_name: String,
    is_active: bool,
}

struct Offer {
    id: String,
    name: String,
    role_name: String,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    List,
    Task,
}

pub(super) async fn show(person: Person) -> PageResult {
    render(&person, Kind::List, &[]).await
}

pub(super) async fn submit(PersonSubmission { person, form }: PersonSubmission<OrganizationEntry>) -> PageResult {
    choose(person, form, Kind::List).await
}

/// `/sign-in/tasks`: on to the task that is open, or to the end of the flow.
pub(super) async fn tasks(Newcomer(person): Newcomer) -> Response<Body> {
    person.visit.finish(Flow::SignIn, &person.session)
}

pub(super) async fn show_task(Newcomer(person): Newcomer) -> PageResult {
    if person.session.task() != Some(Task::ChooseOrganization) {
        return Ok(person.visit.finish(Flow::SignIn, &person.session));
    }
    render(&person, Kind::Task, &[]).await
}

pub(super) async fn submit_task(
    NewcomerSubmission { person, form }: NewcomerSubmission<OrganizationEntry>,
) -> PageResult {
    if person.session.task() != Some(Task::ChooseOrganization) {
        return Ok(person.visit.finish(Flow::SignIn, &person.session));
    }
    choose(person, form, Kind::Task).await
}

async fn choose(person: Person, form: OrganizationEntry, kind: Kind) -> PageResult {
    let OrganizationEntry {
        organization_id,
        invitation_id,
    } = form;
    let chosen = person.flow(move |flow, session| {
        let wanted = if invitation_id.is_empty() {
            Some(organization_id).filter(|id| !id.is_empty())
        } else {
            let theirs = organization_invitations::of_user(flow.connection, &session.user_id, flow.now)?;
            let invitation = theirs.into_iter().find(|invitation| invitation.id == invitation_id);
            let invitation = invitation.ok_or(FlowError::InvitationOver)?;
            flow.accept_organization_invitation(&invitation, &session.user_id)?;
            Some(invitation.organization_id)
        };
        let activated = flow.activate(session, wanted.as_deref())?;
        Ok(activated.ok_or(FlowError::NotAMember)?)
    });
    match chosen.await {
        Ok(session) => Ok(onward(&person, kind, &session)),
        Err(failure) => render(&person, kind, &[failure.refusal()?]).await,
    }
}

/// A task leads to the end of its flow; the list to the application, if one sent the person here.
fn onward(person: &Person, kind: Kind, session: &Session) -> Response<Body> {
    let visit = &person.visit;
    if kind == Kind::Task {
        return visit.finish(Flow::SignIn, session);
    }
    if visit.own_parameter("next").as_deref() == Some("profile") && session.last_active_organization_id.is_some() {
        return visit.see_other(&visit.params.link(path::ORGANIZATION, &[]));
    }
    if visit.params.value(query::REDIRECT_URL).is_some() {
        return visit.finish(Flow::SignIn, session);
    }
    person.done(path::ORGANIZATION_LIST, "switched")
}

async fn render(person: &Person, kind: Kind, found: &[FlowError]) -> PageResult {
    let visit = &person.visit;
    let user = person.user.clone();
    let (choices, offers, may_create) = person
        .read(move |flow, session| {
            let role_name = |key: &str| -> Result<String, StoreError> {
                Ok(roles::find(flow.connection, key)?.map_or_else(|| key.to_owned(), |role| role.name))
            };
            let (mut choices, mut offers) = (Vec::new(), Vec::new());
            for membership in memberships::of_user(flow.connection, &user.id)? {
                if let Some(organization) = organizations::find(flow.connection, &membership.organization_id)? {
                    choices.push(Choice {
                        is_active: session.last_active_organization_id.as_ref() == Some(&organization.id),
                        id: organization.id,
                        name: organization.name,
                        role_name: role_name(&membership.role_key)?,
                    });
                }
            }
            for invitation in organization_invitations::of_user(flow.connection, &user.id, flow.now)? {
                if let Some(organization) = organizations::find(flow.connection, &invitation.organization_id)? {
                    offers.push(Offer {
                        id: invitation.id,
                        name: organization.name,
                        role_name: role_name(&invitation.role_key)?,
                    });
                }
            }
            Ok((choices, offers, refused(flow.may_create(&user))?.is_none()))
        })
        .await?;
    let (page, path, heading) = match kind {
        Kind::List => ("organization-list", path::ORGANIZATION_LIST, "Your organizations"),
        Kind::Task => (
            "choose-organization",
            path::CHOOSE_ORGANIZATION,
            "Choose an organization",
        ),
    };
    let notice = match visit.own_parameter("notice").as_deref() {
        Some("switched") if found.is_empty() => Some("Your choice is saved."),
        Some("not-a-member") if found.is_empty() => {
            Some("You're not a member of that organization. Choose another one.")
        }
        _ => None,
    };
    let mut form = person.form_frame(path, found);
    if let Some(next) = visit.own_parameter("next").filter(|next| next == "profile") {
        form.action = visit.params.link(path, &[("next", &next)]);
    }
    let template = ListPage {
        frame: Frame::new(&visit.app, heading),
        form,
        page,
        back: person.way_back().0,
        notice,
        personal: (!visit.settings.force_organization_selection && kind == Kind::List).then(|| person.name()),
        is_personal: person.session.last_active_organization_id.is_none(),
        choices,
        invitations: offers,
        create: may_create.then(|| visit.params.link(path::CREATE_ORGANIZATION, &[])),
        sign_out: (kind == Kind::Task).then(|| person.way_out()),
    };
    let target = visit.destination(Flow::SignIn).url;
    Ok(form_page(visit, &template, found, target.as_ref()))
}
