//! `/v1/invitations`: invitations to the application.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{Response, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};

use super::invitation_parameters::{MOST_INVITATIONS, STATUSES, days, is_like, not_pending, redirect_url};
use super::query::{Query, cut};
use super::request::{JsonBody, check_length, listed, missing, run};
use crate::flow::NewApplicationInvitation;
use crate::json::{ApiError, json};
use crate::state::App;
use crate::store::tickets::set_status;
use crate::store::{ApplicationInvitation, Metadata, TicketStatus, application_invitations};

#[derive(Deserialize)]
pub(super) struct InvitationBody {
    email_address: Option<String>,
    #[serde(default)]
    public_metadata: Metadata,
    redirect_url: Option<String>,
    notify: Option<bool>,
    #[serde(default)]
    ignore_existing: bool,
    expires_in_days: Option<u32>,
}

impl InvitationBody {
    /// The invitation that the body describes.
    pub(super) fn read(self, app: &App) -> Result<NewApplicationInvitation, ApiError> {
        Ok(NewApplicationInvitation {
            address: self.email_address.ok_or_else(|| missing("email_address"))?,
            redirect_url: redirect_url(app, self.redirect_url.as_deref())?,
            public_metadata: self.public_metadata,
            expires_in_days: days(self.expires_in_days)?,
            notify: self.notify.unwrap_or(true),
            ignore_existing: self.ignore_existing,
        })
    }
}

pub(super) async fn create(
    State(app): State<Arc<App>>,
    JsonBody(body): JsonBody<InvitationBody>,
) -> Result<Response<Body>, ApiError> {
    let new = body.read(&app)?;
    let body = run(&app, move |flow| {
        let (invitation, link) = flow.invite_to_application(new)?;
        Ok(view(&invitation, Some(&link)))
    })
    .await?;
    Ok(json(StatusCode::OK, &body))
}

pub(super) async fn create_bulk(
    State(app): State<Arc<App>>,
    JsonBody(bodies): JsonBody<Vec<InvitationBody>>,
) -> Result<Response<Body>, ApiError> {
    check_length("email_address", bodies.len(), MOST_INVITATIONS)?;
    let all: Vec<_> = bodies
        .into_iter()
        .map(|body| body.read(&app))
        .collect::<Result<_, _>>()?;
    let views = run(&app, move |flow| {
        let mut views = Vec::new();
        for new in all {
            let (invitation, link) = flow.invite_to_application(new)?;
            views.push(view(&invitation, Some(&link)));
        }
        Ok(views)
    })
    .await?;
    Ok(json(StatusCode::OK, &views))
}

const FIELDS: [&str; 3] = ["created_at", "email_address", "expires_at"];

pub(super) async fn list(State(app): State<Arc<App>>, query: Query) -> Result<Response<Body>, ApiError> {
    let (page, order, is_paginated) = (query.page()?, query.order(&FIELDS)?, query.flag("paginated")?);
    let statuses = query.words("status", &STATUSES)?;
    let all = run(&app, move |flow| {
        let text = query.value("query").unwrap_or_default().to_lowercase();
        let mut all = application_invitations::all(flow.connection, flow.now)?;
        all.retain(|one| {
            // Withdrawn ones are shown to those who ask for them.
            let is_wanted = match statuses.is_empty() {
                true => one.status != TicketStatus::Revoked,
                false => statuses.iter().any(|status| status == one.status.as_str()),
            };
            is_wanted && is_like(&text, &one.id, &one.address)
        });
        order.sort(&mut all, |one, field| match field {
            "email_address" => Some(one.address.as_str()).into(),
            "expires_at" => one.expires_at.into(),
            _ => one.created_at.into(),
        });
        Ok(all)
    })
    .await?;
    let total = all.len();
    let data: Vec<Value> = cut(all, page).iter().map(|one| view(one, None)).collect();
    Ok(listed(&data, total, is_paginated))
}

pub(super) async fn revoke(State(app): State<Arc<App>>, Path(id): Path<String>) -> Result<Response<Body>, ApiError> {
    let body = run(&app, move |flow| {
        let invitation =
            application_invitations::find(flow.connection, &id, flow.now)?.ok_or_else(ApiError::not_found)?;
        if invitation.status != TicketStatus::Pending {
            return Err(not_pending("invitation", invitation.status));
        }
        set_status::<ApplicationInvitation>(flow.connection, &id, TicketStatus::Revoked, flow.now)?;
        let revoked = application_invitations::find(flow.connection, &id, flow.now)?.unwrap_or(invitation);
        Ok(view(&revoked, None))
    })
    .await?;
    Ok(json(StatusCode::OK, &body))
}

pub(super) fn view(invitation: &ApplicationInvitation, link: Option<&str>) -> Value {
    let mut view = json!({
        "object": "invitation",
        "id": invitation.id,
        "email_address": invitation.address,
        "public_metadata": invitation.public_metadata,
        "revoked": invitation.status == TicketStatus::Revoked,
        "status": invitation.status.as_str(),
        "expires_at": invitation.expires_at.as_millis(),
        "created_at": invitation.created_at.as_millis(),
        "updated_at": invitation.updated_at.as_millis(),
    });
    // The link is known only to the call that made the invitation.
    if let Some(link) = link {
        view["url"] = link.into();
    }
    view
}
