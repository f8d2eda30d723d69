//! `/v1/organizations/{id}/invitations`.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{Response, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};

use super::invitation_parameters::{MOST_INVITATIONS, STATUSES, days, redirect_url};
use super::organizations::named;
use super::query::{Order, Query, cut};
use super::request::{JsonBody, check_length, counted, missing, run};
use crate::flow::{Flow, FlowError, NewOrganizationInvitation};
use crate::images;
use crate::json::{ApiError, json};
use crate::state::App;
use crate::store::email_addresses::normalize;
use crate::store::{Metadata, OrganizationInvitation, StoreError, TicketStatus};
use crate::store::{email_addresses, organization_invitations, roles, users};

const FIELDS: [&str; 2] = ["created_at", "email_address"];

pub(super) async fn list(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    query: Query,
) -> Result<Response<Body>, ApiError> {
    let wanted = Wanted {
        statuses: query.words("status", &STATUSES)?,
        address: query.value("email_address").map(normalize),
        order: query.order(&FIELDS)?,
    };
    list_wanted(&app, id, wanted, query.page()?).await
}

/// Those that can still be accepted.
pub(super) async fn list_pending(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    query: Query,
) -> Result<Response<Body>, ApiError> {
    let wanted = Wanted {
        statuses: vec![TicketStatus::Pending.as_str().to_owned()],
        address: None,
        order: Order::LATEST_FIRST,
    };
    list_wanted(&app, id, wanted, query.page()?).await
}

struct Wanted {
    /// Empty: all.
    statuses: Vec<String>,
    address: Option<String>,
    order: Order,
}

async fn list_wanted(app: &Arc<App>, id: String, wanted: Wanted, page: (u32, u32)) -> Result<Response<Body>, ApiError> {
    let (data, total) = run(app, move |flow| {
        let organization = named(flow.connection, &id)?;
        let mut found = organization_invitations::of_organization(flow.connection, &organization.id, None, flow.now)?;
        found.retain(|one| {
            let is_wanted = |status: &String| status == one.status.as_str();
            let is_to = |address: &String| *address == normalize(&one.address);
            (wanted.statuses.is_empty() || wanted.statuses.iter().any(is_wanted))
                && wanted.address.as_ref().is_none_or(is_to)
        });
        wanted.order.sort(&mut found, |one, field| match field {
            "email_address" => Some(one.address.as_str()).into(),
            _ => one.created_at.into(),
        });
        let total = found.len();
        let mut data = Vec::new();
        for invitation in cut(found, page) {
            data.push(view(flow, &invitation, None)?);
        }
        Ok((data, total))
    })
    .await?;
    Ok(counted(&data, total))
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
    fn read(self, app: &App) -> Result<NewOrganizationInvitation, ApiError> {
        let address = self.email_address.ok_or_else(|| missing("email_address"))?;
        let role = self.role.ok_or_else(|| missing("role"))?;
        Ok(NewOrganizationInvitation {
            inviter_id: self.inviter_user_id,
            redirect_url: redirect_url(app, self.redirect_url.as_deref())?,
            expires_in_days: days(self.expires_in_days)?,
            public_metadata: self.public_metadata,
            private_metadata: self.private_metadata,
            notify: self.notify.unwrap_or(true),
            ..NewOrganizationInvitation::new(&address, &role)
        })
    }
}

pub(super) async fn create(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    JsonBody(body): JsonBody<NewBody>,
) -> Result<Response<Body>, ApiError> {
    let new = body.read(&app)?;
    let views = invite_all(&app, id, vec![new]).await?;
    Ok(json(StatusCode::OK, &views.first()))
}

/// Several at once: all of them or none.
pub(super) async fn create_bulk(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    JsonBody(bodies): JsonBody<Vec<NewBody>>,
) -> Result<Response<Body>, ApiError> {
    check_length("email_address", bodies.len(), MOST_INVITATIONS)?;
    let new = bodies
        .into_iter()
        .map(|body| body.read(&app))
        .collect::<Result<_, _>>()?;
    let views = invite_all(&app, id, new).await?;
    Ok(counted(&views, views.len()))
}

async fn invite_all(app: &Arc<App>, id: String, all: Vec<NewOrganizationInvitation>) -> Result<Vec<Value>, ApiError> {
    run(app, move |flow| {
        let organization = named(flow.connection, &id)?;
        let mut views = Vec::new();
        for new in all {
            if let Some(inviter) = &new.inviter_id
                && users::find(flow.connection, inviter)?.is_none()
            {
                return Err(ApiError::not_found().param("inviter_user_id"));
            }
            let invited = flow.invite_to_organization(&organization, new)?;
            views.push(view(flow, &invited.invitation, Some(&invited.link))?);
        }
        Ok(views)
    })
    .await
}

pub(super) async fn show(
    State(app): State<Arc<App>>,
    Path((id, invitation_id)): Path<(String, String)>,
) -> Result<Response<Body>, ApiError> {
    let body = run(&app, move |flow| {
        let organization = named(flow.connection, &id)?;
        let found = organization_invitations::find(flow.connection, &invitation_id, flow.now)?;
        let invitation = found.filter(|invitation| invitation.organization_id == organization.id);
        let invitation = invitation.ok_or_else(ApiError::not_found)?;
        Ok(view(flow, &invitation, None)?)
    })
    .await?;
    Ok(json(StatusCode::OK, &body))
}

#[derive(Deserialize)]
pub(super) struct RevokeBody {
    requesting_user_id: Option<String>,
}

pub(super) async fn revoke(
    State(app): State<Arc<App>>,
    Path((id, invitation_id)): Path<(String, String)>,
    JsonBody(body): JsonBody<RevokeBody>,
) -> Result<Response<Body>, ApiError> {
    let view = run(&app, move |flow| {
        let organization = named(flow.connection, &id)?;
        if let Some(user_id) = &body.requesting_user_id {
            check_manager(flow, &organization.id, user_id)?;
        }
        let found = organization_invitations::find(flow.connection, &invitation_id, flow.now)?;
        let is_here = found
            .as_ref()
            .is_some_and(|found| found.organization_id == organization.id);
        match found {
            Some(found) if is_here && found.status != TicketStatus::Pending => {
                let sentence = format!("This invitation is already {}.", found.status.as_str());
                let code = FlowError::InvitationOver.code();
                Err(ApiError::new(StatusCode::BAD_REQUEST, code, "Invitation is not pending").explain(sentence))
            }
            Some(_) if is_here => {
                let revoked = flow.revoke_organization_invitation(&organization, &invitation_id)?;
                Ok(self::view(flow, &revoked, None)?)
            }
            _ => Err(ApiError::not_found()),
        }
    })
    .await?;
    Ok(json(StatusCode::OK, &view))
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
    let role_name = roles::find(flow.connection, &invitation.role_key)?.map(|role| role.name);
    let inviter = match &invitation.inviter_id {
        Some(id) => users::find(flow.connection, id)?,
        None => None,
    };
    let inviter = match inviter {
        Some(user) => {
            let addresses = email_addresses::of_user(flow.connection, &user.id)?;
            let primary = addresses
                .into_iter()
                .find(|address| Some(&address.id) == user.primary_email_address_id.as_ref());
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
