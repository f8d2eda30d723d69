//! `/organization-list`, and the task of choosing an organization at `/sign-in/tasks/choose-organization`: where the
//! person belongs, where they are invited, and which of it is active.

use askama::Template;
use axum::response::Response;
use portal_sdk::names::query;

use super::destination::Flow;
use super::errors::PageResult;
use super::fields::OrganizationEntry;
use super::form_page::FormFrame;
use super::path;
use super::person::{Newcomer, NewcomerSubmission, Person, PersonSubmission};
use crate::flow::{FlowError, refused};
use crate::store::{Session, StoreError, Task};
use crate::store::{memberships, organization_invitations, organizations, roles};

#[derive(Template)]
#[template(path = "organization_list.html")]
struct ListPage {
    frame: FormFrame,
    /// Names the page in test hooks.
    page: &'static str,
    back: Option<(String, String)>,
    /// The person's name, unless there is no personal account.
    personal: Option<String>,
    is_personal: bool,
    choices: Vec<Choice>,
    invitations: Vec<Choice>,
    may_create: bool,
    /// The signed-in address and where the form goes that signs out, while a task is open.
    sign_out: Option<(String, String)>,
}

/// An organization, or an invitation to one.
struct Choice {
    id: String,
    name: String,
    role_name: String,
    is_active: bool,
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
pub(super) async fn tasks(Newcomer(person): Newcomer) -> Response {
    person.finish_sign_in()
}

pub(super) async fn show_task(Newcomer(person): Newcomer) -> PageResult {
    person.only_for_task(Task::ChooseOrganization)?;
    render(&person, Kind::Task, &[]).await
}

pub(super) async fn submit_task(
    NewcomerSubmission { person, form }: NewcomerSubmission<OrganizationEntry>,
) -> PageResult {
    person.only_for_task(Task::ChooseOrganization)?;
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
            let theirs = organization_invitations::of_user(flow.db, &session.user_id)?;
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
fn onward(person: &Person, kind: Kind, session: &Session) -> Response {
    let visit = &person.visit;
    if kind == Kind::Task {
        return visit.finish(Flow::SignIn, session);
    }
    if visit.own_parameter("next").as_deref() == Some("profile") && session.last_active_organization_id.is_some() {
        return visit.redirect(path::ORGANIZATION, &[]);
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
                Ok(roles::find(flow.db, key)?.map_or_else(|| key.to_owned(), |role| role.name))
            };
            let (mut choices, mut offers) = (Vec::new(), Vec::new());
            for membership in memberships::of_user(flow.db, &user.id)? {
                if let Some(organization) = organizations::find(flow.db, &membership.organization_id)? {
                    choices.push(Choice {
                        is_active: session.last_active_organization_id.as_ref() == Some(&organization.id),
                        id: organization.id,
                        name: organization.name,
                        role_name: role_name(&membership.role_key)?,
                    });
                }
            }
            for invitation in organization_invitations::of_user(flow.db, &user.id)? {
                if let Some(organization) = organizations::find(flow.db, &invitation.organization_id)? {
                    offers.push(Choice {
                        is_active: false,
                        id: invitation.id,
                        name: organization.name,
                        role_name: role_name(&invitation.role_key)?,
                    });
                }
            }
            Ok((choices, offers, refused(flow.may_create(&user))?.is_none()))
        })
        .await?;
    let (name, path, heading) = match kind {
        Kind::List => ("organization-list", path::ORGANIZATION_LIST, "Your organizations"),
        Kind::Task => (
            "choose-organization",
            path::CHOOSE_ORGANIZATION,
            "Choose an organization",
        ),
    };
    let mut page = person.form_page(heading, path, found).told(&[
        ("switched", "Your choice is saved."),
        (
            "not-a-member",
            "You're not a member of that organization. Choose another one.",
        ),
    ]);
    if let Some(next) = visit.own_parameter("next").filter(|next| next == "profile") {
        page = page.action(visit.params.link(path, &[("next", &next)]));
    }
    Ok(page.render(|frame| ListPage {
        frame,
        page: name,
        back: person.way_back().0,
        personal: (!visit.settings.force_organization_selection && kind == Kind::List).then(|| person.name()),
        is_personal: person.session.last_active_organization_id.is_none(),
        choices,
        invitations: offers,
        may_create,
        sign_out: (kind == Kind::Task).then(|| person.way_out()),
    }))
}
