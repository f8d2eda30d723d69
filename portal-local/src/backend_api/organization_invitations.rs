//! `/v1/organizations/{id}/invitations`.

use axum::extract::Path;
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::invitation_parameters::{MOST_INVITATIONS, STATUSES, days, redirect_url};
use super::organizations::named;
use super::query::Query;
use super::request::{Answer, JsonBody, check_length, missing};
use crate::flow::{Flow, FlowError, NewOrganizationInvitation};
use crate::images;
use crate::json::ApiError;
use crate::store::email_addresses::normalize;
use crate::store::{Metadata, Organization, OrganizationInvitation, StoreError, TicketStatus};
use crate::store::{email_addresses, organization_invitations, roles, users};

const FIELDS: [&str; 2] = ["created_at", "email_address"];

pub(super) fn list(flow: &Flow<'_>, Path(id): Path<String>, query: Query) -> Answer {
    let statuses = query.words("status", &STATUSES)?;
    let address = query.value("email_address").map(normalize);
    let (order, page) = (query.order(&FIELDS)?, query.page()?);
    let organization = named(flow.db, &id)?;
    let mut found = organization_invitations::of_organization(flow.db, &organization.id, None)?;
    found.retain(|one| {
        let is_to = |address: &String| *address == normalize(&one.address);
        statuses.admit(one.status.as_str()) && address.as_ref().is_none_or(is_to)
    });
    order.sort(&mut found, |one, field| match field {
        "email_address" => Some(one.address.as_str()).into(),
        _ => one.created_at.into(),
    });
    page.counted(found, |invitation| Ok(view(flow, &invitation, None)?))
}

/// Those that can still be accepted.
pub(super) fn list_pending(flow: &Flow<'_>, Path(id): Path<String>, query: Query) -> Answer {
    let (page, pending) = (query.page()?, Some(TicketStatus::Pending));
    let organization = named(flow.db, &id)?;
    let found = organization_invitations::of_organization(flow.db, &organization.id, pending)?;
    page.counted(found, |invitation| Ok(view(flow, &invitation, None)?))
}

#[derive(Deserialize)]
pub(super) struct NewBody {
    email_address: Option<String>,
    role: Option<String>,
    inviter_user_id: Option<String>,
    redirect_url: Option<String>,
    expires_in_days: Option<u32>,
    #[serde(default)]
    public_metadata: Metadata,
    #[serde(default)]
    private_metadata: Metadata,
    notify: Option<bool>,
}

impl NewBody {
    fn read(self, flow: &Flow<'_>) -> Result<NewOrganizationInvitation, ApiError> {
        let address = self.email_address.ok_or_else(|| missing("email_address"))?;
        let role = self.role.ok_or_else(|| missing("role"))?;
        Ok(NewOrganizationInvitation {
            inviter_id: self.inviter_user_id,
            redirect_url: redirect_url(flow, self.redirect_url.as_deref())?,
            expires_in_days: days(self.expires_in_days)?,
            public_metadata: self.public_metadata,
            private_metadata: self.private_metadata,
            notify: self.notify.unwrap_or(true),
            ..NewOrganizationInvitation::new(&address, &role)
        })
    }
}

pub(super) fn create(flow: &Flow<'_>, Path(id): Path<String>, JsonBody(body): JsonBody<NewBody>) -> Answer {
    let new = body.read(flow)?;
    invite(flow, &named(flow.db, &id)?, new)
}

/// Several at once: all of them or none.
pub(super) fn create_bulk(flow: &Flow<'_>, Path(id): Path<String>, JsonBody(bodies): JsonBody<Vec<NewBody>>) -> Answer {
    check_length("email_address", bodies.len(), MOST_INVITATIONS)?;
    let read = bodies.into_iter().map(|body| body.read(flow));
    let all: Vec<_> = read.collect::<Result<_, _>>()?;
    let organization = named(flow.db, &id)?;
    let invited = all.into_iter().map(|new| invite(flow, &organization, new));
    let views = invited.collect::<Result<Vec<_>, _>>()?;
    Ok(json!({ "data": views, "total_count": views.len() }))
}

fn invite(flow: &Flow<'_>, organization: &Organization, new: NewOrganizationInvitation) -> Answer {
    if let Some(inviter) = &new.inviter_id
        && users::find(flow.db, inviter)?.is_none()
    {
        return Err(ApiError::not_found().param("inviter_user_id"));
    }
    let invited = flow.invite_to_organization(organization, new)?;
    Ok(view(flow, &invited.invitation, Some(&invited.link))?)
}

type Ids = Path<(String, String)>;

pub(super) fn show(flow: &Flow<'_>, Path((id, invitation_id)): Ids) -> Answer {
    let organization = named(flow.db, &id)?;
    Ok(view(flow, &found_in(flow, &organization, &invitation_id)?, None)?)
}

fn found_in(flow: &Flow<'_>, organization: &Organization, id: &str) -> Result<OrganizationInvitation, ApiError> {
    let found = organization_invitations::find(flow.db, id)?;
    let invitation = found.filter(|invitation| invitation.organization_id == organization.id);
    invitation.ok_or_else(ApiError::not_found)
}

#[derive(Deserialize)]
pub(super) struct RevokeBody {
    requesting_user_id: Option<String>,
}

pub(super) fn revoke(flow: &Flow<'_>, Path((id, invitation_id)): Ids, JsonBody(body): JsonBody<RevokeBody>) -> Answer {
    let organization = named(flow.db, &id)?;
    if let Some(user_id) = &body.requesting_user_id {
        check_manager(flow, &organization.id, user_id)?;
    }
    let status = found_in(flow, &organization, &invitation_id)?.status;
    if status != TicketStatus::Pending {
        let sentence = format!("This invitation is already {}.", status.as_str());
        let code = FlowError::InvitationOver.code();
        return Err(ApiError::new(StatusCode::BAD_REQUEST, code, "Invitation is not pending").explain(sentence));
    }
    let revoked = flow.revoke_organization_invitation(&organization, &invitation_id)?;
    Ok(view(flow, &revoked, None)?)
}

/// Clerk lets only those who manage the members withdraw an invitation in their own name.
fn check_manager(flow: &Flow<'_>, organization_id: &str, user_id: &str) -> Result<(), ApiError> {
    let access = flow.access(user_id, organization_id)?;
    let is_manager = access.is_some_and(|access| access.may(roles::MANAGE_MEMBERSHIPS));
    if is_manager {
        return Ok(());
    }
    let refusal = FlowError::PermissionMissing {
        permission: roles::MANAGE_MEMBERSHIPS,
    };
    Err(ApiError::from(refusal).param("requesting_user_id"))
}

/// Every field that the API describes. The link is known only to the call that made the invitation.
pub(super) fn view(
    flow: &Flow<'_>,
    invitation: &OrganizationInvitation,
    link: Option<&str>,
) -> Result<Value, StoreError> {
    let role_name = roles::find(flow.db, &invitation.role_key)?.map(|role| role.name);
    let inviter = match &invitation.inviter_id {
        Some(id) => users::find(flow.db, id)?,
        None => None,
    };
    let inviter = match inviter {
        Some(user) => {
            let primary = email_addresses::primary(flow.db, &user.id)?;
            Some(json!({
                "user_id": user.id,
                "first_name": user.first_name,
                "last_name": user.last_name,
                "image_url": images::url(&flow.application.origin, &user.id, user.image_id.as_deref()),
                "has_image": user.image_id.is_some(),
                "identifier": primary.map(|address| address.address).unwrap_or_default(),
            }))
        }
        None => None,
    };
    Ok(json!({
        "object": "organization_invitation",
        "id": invitation.id,
        "email_address": invitation.address,
        "role": invitation.role_key,
        "role_name": role_name,
        "organization_id": invitation.organization_id,
        "inviter_id": invitation.inviter_id,
        "public_inviter_data": inviter,
        "status": invitation.status.as_str(),
        "public_metadata": invitation.public_metadata,
        "private_metadata": invitation.private_metadata,
        "url": link,
        "expires_at": invitation.expires_at.as_millis(),
        "created_at": invitation.created_at.as_millis(),
        "updated_at": invitation.updated_at.as_millis(),
    }))
}
