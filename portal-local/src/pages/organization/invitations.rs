//! `/organization/invitations`: new and pending invitations.

use askama::Template;

use super::{INVITE, REVOKE, Tabs, allowed, refused};
use crate::flow::{Access, FlowError, Invitees};
use crate::html::Frame;
use crate::pages::errors::PageResult;
use crate::pages::fields::{Invitation, OrganizationEntry};
use crate::pages::form::{FormFrame, form_page};
use crate::pages::person::{Person, PersonSubmission};
use crate::store::roles::{MANAGE_MEMBERSHIPS, READ_MEMBERSHIPS};
use crate::store::{Role, TicketStatus, organization_invitations, roles};

#[derive(Template)]
#[template(path = "organization_invitations.html")]
struct InvitationsPage {
    frame: Frame,
    tabs: Tabs,
    form: FormFrame,
    typed: Invitation,
    roles: Vec<Role>,
    invitations: Vec<InvitationView>,
    may_manage: bool,
    notice: Option<&'static str>,
    revoke: String,
}

struct InvitationView {
    id: String,
    address: String,
    role_name: String,
}

pub(super) async fn show(person: Person) -> PageResult {
    let access = match allowed(&person, READ_MEMBERSHIPS).await? {
        Ok(access) => access,
        Err(refusal) => return Ok(refusal),
    };
    render(&person, &access, Invitation::default(), &[]).await
}

pub(super) async fn submit(PersonSubmission { person, form: typed }: PersonSubmission<Invitation>) -> PageResult {
    let shown = match allowed(&person, MANAGE_MEMBERSHIPS).await? {
        Ok(shown) => shown,
        Err(refusal) => return Ok(refusal),
    };
    let invitees = match Invitees::parse(&typed.addresses) {
        Ok(invitees) => invitees,
        Err(error) => return render(&person, &shown, typed, &[error]).await,
    };
    let (role, redirect_url) = (typed.role.clone(), person.visit.redirect_url());
    let id = shown.organization.id.clone();
    let invited = person.flow(move |flow, session| {
        let access = flow.access_with(&session.user_id, &id, MANAGE_MEMBERSHIPS)?;
        flow.invite_addresses_to_organization(&access, &invitees, &role, redirect_url.as_deref())
    });
    match invited.await {
        Ok(()) => Ok(person.done(INVITE, "invited")),
        Err(failure) => render(&person, &shown, typed, &[failure.refusal()?]).await,
    }
}

pub(super) async fn revoke(PersonSubmission { person, form }: PersonSubmission<OrganizationEntry>) -> PageResult {
    let id = form.invitation_id;
    let revoked = person.flow(move |flow, session| {
        let organization = session.last_active_organization_id.as_deref().unwrap_or_default();
        let access = flow.access_with(&session.user_id, organization, MANAGE_MEMBERSHIPS)?;
        flow.revoke_organization_invitation(&access.organization, &id)
    });
    match revoked.await {
        Ok(_) => Ok(person.done(INVITE, "revoked")),
        Err(failure) => match failure.refusal()? {
            // It may have been accepted or revoked just now. The list shows the current state.
            FlowError::InvitationOver => Ok(person.done(INVITE, "revoked")),
            error => refused(&person, &error),
        },
    }
}

async fn render(person: &Person, access: &Access, mut typed: Invitation, found: &[FlowError]) -> PageResult {
    let visit = &person.visit;
    let organization_id = access.organization.id.clone();
    let (roles, pending) = person
        .read(move |flow, _| {
            let status = Some(TicketStatus::Pending);
            let id = &organization_id;
            let pending = organization_invitations::of_organization(flow.connection, id, status, flow.now)?;
            Ok((roles::all(flow.connection)?, pending))
        })
        .await?;
    if typed.role.is_empty() {
        typed.role.clone_from(&visit.settings.default_role);
    }
    let invitations = pending
        .into_iter()
        .map(|invitation| InvitationView {
            role_name: roles
                .iter()
                .find(|role| role.key == invitation.role_key)
                .map_or_else(|| invitation.role_key.clone(), |role| role.name.clone()),
            id: invitation.id,
            address: invitation.address,
        })
        .collect();
    let notice = match visit.own_parameter("notice").as_deref() {
        Some("invited") if found.is_empty() => Some("The invitations are in the outbox."),
        Some("revoked") if found.is_empty() => Some("The invitation is revoked."),
        _ => None,
    };
    let template = InvitationsPage {
        frame: Frame::new(&visit.app, "Invitations"),
        tabs: Tabs::new(person, access, INVITE),
        form: person.form_frame(INVITE, found),
        typed,
        roles,
        invitations,
        may_manage: access.may(MANAGE_MEMBERSHIPS),
        notice,
        revoke: visit.params.link(REVOKE, &[]),
    };
    Ok(form_page(visit, &template, found, None))
}
