//! `/v1/invitations`: invitations to the application.

use axum::extract::Path;
use serde::Deserialize;
use serde_json::{Value, json};

use super::invitation_parameters::{MOST_INVITATIONS, STATUSES, days, is_like, not_pending, redirect_url};
use super::query::Query;
use super::request::{Answer, JsonBody, check_length, missing};
use crate::flow::{Flow, NewApplicationInvitation};
use crate::json::ApiError;
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

/// The invitation that the body describes.
fn read(flow: &Flow<'_>, body: InvitationBody) -> Result<NewApplicationInvitation, ApiError> {
    Ok(NewApplicationInvitation {
        address: body.email_address.ok_or_else(|| missing("email_address"))?,
        redirect_url: redirect_url(flow, body.redirect_url.as_deref())?,
        public_metadata: body.public_metadata,
        expires_in_days: days(body.expires_in_days)?,
        notify: body.notify.unwrap_or(true),
        ignore_existing: body.ignore_existing,
    })
}

pub(super) fn create(flow: &Flow<'_>, JsonBody(body): JsonBody<InvitationBody>) -> Answer {
    invite(flow, read(flow, body)?)
}

pub(super) fn create_bulk(flow: &Flow<'_>, JsonBody(bodies): JsonBody<Vec<InvitationBody>>) -> Answer {
    check_length("email_address", bodies.len(), MOST_INVITATIONS)?;
    let read = bodies.into_iter().map(|body| read(flow, body));
    let all: Vec<_> = read.collect::<Result<_, _>>()?;
    all.into_iter().map(|new| invite(flow, new)).collect()
}

fn invite(flow: &Flow<'_>, new: NewApplicationInvitation) -> Answer {
    let (invitation, link) = flow.invite_to_application(new)?;
    Ok(view(&invitation, Some(&link)))
}

const FIELDS: [&str; 3] = ["created_at", "email_address", "expires_at"];

pub(super) fn list(flow: &Flow<'_>, query: Query) -> Answer {
    let (page, order, is_paginated) = (query.page()?, query.order(&FIELDS)?, query.flag("paginated")?);
    let statuses = query.words("status", &STATUSES)?;
    let text = query.value("query").unwrap_or_default().to_lowercase();
    let mut all = application_invitations::all(flow.db)?;
    all.retain(|one| {
        // Withdrawn ones are shown to those who ask for them.
        let is_hidden = statuses.is_empty() && one.status == TicketStatus::Revoked;
        !is_hidden && statuses.admit(one.status.as_str()) && is_like(&text, &one.id, &one.address)
    });
    order.sort(&mut all, |one, field| match field {
        "email_address" => Some(one.address.as_str()).into(),
        "expires_at" => one.expires_at.into(),
        _ => one.created_at.into(),
    });
    page.listed(all, is_paginated, |one| Ok(view(&one, None)))
}

pub(super) fn revoke(flow: &Flow<'_>, Path(id): Path<String>) -> Answer {
    let invitation = named(flow, &id)?;
    if invitation.status != TicketStatus::Pending {
        return Err(not_pending("invitation", invitation.status));
    }
    set_status::<ApplicationInvitation>(flow.db, &id, TicketStatus::Revoked)?;
    Ok(view(&named(flow, &id)?, None))
}

fn named(flow: &Flow<'_>, id: &str) -> Result<ApplicationInvitation, ApiError> {
    application_invitations::find(flow.db, id)?.ok_or_else(ApiError::not_found)
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
