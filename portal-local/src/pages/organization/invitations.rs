//! `/organization/invitations`: new and pending invitations.

use askama::Template;

use super::{INVITE, REVOKE, Tabs, allowed};
use crate::flow::{Access, FlowError, Invitees};
use crate::pages::errors::{PageResult, not_allowed};
use crate::pages::fields::{Invitation, OrganizationEntry};
use crate::pages::form_page::FormFrame;
use crate::pages::person::{Person, PersonSubmission};
use crate::store::roles::{MANAGE_MEMBERSHIPS, READ_MEMBERSHIPS};
use crate::store::{Role, TicketStatus, organization_invitations, roles};

#[derive(Template)]
#[template(path = "organization_invitations.html")]
struct InvitationsPage {
    frame: FormFrame,
    tabs: Tabs,
    typed: Invitation,
    roles: Vec<Role>,
    invitations: Vec<InvitationView>,
    may_manage: bool,
}

struct InvitationView {
    id: String,
    address: String,
    role_name: String,
}

pub(super) async fn show(person: Person) -> PageResult {
    let access = allowed(&person, READ_MEMBERSHIPS).await?;
    render(&person, &access, Invitation::default(), &[]).await
}

pub(super) async fn submit(PersonSubmission { person, form: typed }: PersonSubmission<Invitation>) -> PageResult {
    let shown = allowed(&person, MANAGE_MEMBERSHIPS).await?;
    let invitees = match Invitees::parse(&typed.addresses) {
        Ok(invitees) => invitees,
        Err(error) => return render(&person, &shown, typed, &[error]).await,
    };
    let (role, redirect_url) = (typed.role.clone(), person.visit.redirect_url());
    let invited = person.manage(MANAGE_MEMBERSHIPS, move |flow, access| {
        flow.invite_addresses_to_organization(access, &invitees, &role, redirect_url.as_deref())
    });
    match invited.await {
        Ok(()) => Ok(person.done(INVITE, "invited")),
        Err(failure) => render(&person, &shown, typed, &[failure.refusal()?]).await,
    }
}

pub(super) async fn revoke(PersonSubmission { person, form }: PersonSubmission<OrganizationEntry>) -> PageResult {
    let id = form.invitation_id;
    let revoked = person.manage(MANAGE_MEMBERSHIPS, move |flow, access| {
        flow.revoke_organization_invitation(&access.organization, &id)
    });
    if let Err(failure) = revoked.await {
        match failure.refusal()? {
            // It may have been accepted or revoked just now. The list shows the current state.
            FlowError::InvitationOver => {}
            error => return Ok(not_allowed(&person.visit.app, &error)),
        }
    }
    Ok(person.done(INVITE, "revoked"))
}

async fn render(person: &Person, access: &Access, mut typed: Invitation, found: &[FlowError]) -> PageResult {
    let organization_id = access.organization.id.clone();
    let (roles, pending) = person
        .read(move |flow, _| {
            let status = Some(TicketStatus::Pending);
            let id = &organization_id;
            let pending = organization_invitations::of_organization(flow.db, id, status)?;
            Ok((roles::all(flow.db)?, pending))
        })
        .await?;
    if typed.role.is_empty() {
        typed.role.clone_from(&person.visit.settings.default_role);
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
    let page = person.form_page("Invitations", INVITE, found);
    let page = page.about(&access.organization).told(&[
        ("invited", "The invitations are in the outbox."),
        ("revoked", "The invitation is revoked."),
    ]);
    Ok(page.render(|frame| InvitationsPage {
        frame,
        tabs: Tabs::new(person, access, INVITE),
        typed,
        roles,
        invitations,
        may_manage: access.may(MANAGE_MEMBERSHIPS),
    }))
}
