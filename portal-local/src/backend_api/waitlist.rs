//! `/v1/waitlist_entries`.

use std::collections::HashSet;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{Response, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};

use super::application_invitations;
use super::invitation_parameters::is_like;
use super::query::{Query, cut, invalid};
use super::request::{JsonBody, check_length, counted, deleted, missing, run};
use crate::flow::{INVITATION_DAYS, NewApplicationInvitation};
use crate::json::{ApiError, json};
use crate::state::App;
use crate::store::email_addresses::normalize;
use crate::store::{Metadata, WaitlistEntry, WaitlistStatus, waitlist};

#[derive(Deserialize)]
pub(super) struct WaitlistBody {
    email_address: Option<String>,
    notify: Option<bool>,
}

pub(super) async fn create(
    State(app): State<Arc<App>>,
    JsonBody(body): JsonBody<WaitlistBody>,
) -> Result<Response<Body>, ApiError> {
    let address = body.email_address.ok_or_else(|| missing("email_address"))?;
    let entry = run(&app, move |flow| {
        let entry = flow.join_waitlist(&address)?;
        if body.notify.unwrap_or(true) {
            flow.send_waitlist_confirmation(&entry)?;
        }
        Ok(entry)
    })
    .await?;
    Ok(json(StatusCode::OK, &view(&entry, None)))
}

pub(super) async fn create_bulk(
    State(app): State<Arc<App>>,
    JsonBody(bodies): JsonBody<Vec<WaitlistBody>>,
) -> Result<Response<Body>, ApiError> {
    check_length("email_address", bodies.len(), MOST_ENTRIES)?;
    let mut seen = HashSet::new();
    for body in &bodies {
        let address = body.email_address.as_deref().ok_or_else(|| missing("email_address"))?;
        if !seen.insert(normalize(address)) {
            return Err(invalid(
                "email_address",
                "Found an address twice; expected each one once.",
            ));
        }
    }
    let views = run(&app, move |flow| {
        let mut views = Vec::new();
        for body in bodies {
            let entry = flow.join_waitlist(&body.email_address.unwrap_or_default())?;
            if body.notify.unwrap_or(true) {
                flow.send_waitlist_confirmation(&entry)?;
            }
            views.push(view(&entry, None));
        }
        Ok(views)
    })
    .await?;
    Ok(json(StatusCode::OK, &views))
}

const MOST_ENTRIES: usize = 50;
const FIELDS: [&str; 3] = ["created_at", "email_address", "invited_at"];
const STATUSES: [&str; 4] = ["pending", "invited", "completed", "rejected"];

pub(super) async fn list(State(app): State<Arc<App>>, query: Query) -> Result<Response<Body>, ApiError> {
    let (page, order) = (query.page()?, query.order(&FIELDS)?);
    let statuses = query.words("status", &STATUSES)?;
    let all = run(&app, move |flow| {
        let text = query.value("query").unwrap_or_default().to_lowercase();
        let mut all = waitlist::all(flow.connection)?;
        all.retain(|one| {
            let is_wanted = |status: &String| status == one.status.as_str();
            (statuses.is_empty() || statuses.iter().any(is_wanted)) && is_like(&text, &one.id, &one.address)
        });
        order.sort(&mut all, |one, field| match field {
            "email_address" => Some(one.address.as_str()).into(),
            "invited_at" => one.invited_at.into(),
            _ => one.created_at.into(),
        });
        Ok(all)
    })
    .await?;
    let total = all.len();
    let data: Vec<Value> = cut(all, page).iter().map(|one| view(one, None)).collect();
    Ok(counted(&data, total))
}

#[derive(Deserialize)]
pub(super) struct InviteBody {
    #[serde(default)]
    ignore_existing: bool,
}

/// Invites an address of the waitlist, with a mail.
pub(super) async fn invite(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    JsonBody(body): JsonBody<InviteBody>,
) -> Result<Response<Body>, ApiError> {
    let view = run(&app, move |flow| {
        let entry = waitlist::find(flow.connection, &id)?.ok_or_else(ApiError::not_found)?;
        let new = NewApplicationInvitation {
            address: entry.address,
            redirect_url: None,
            public_metadata: Metadata::default(),
            expires_in_days: INVITATION_DAYS,
            notify: true,
            ignore_existing: body.ignore_existing,
        };
        let (invitation, link) = flow.invite_to_application(new)?;
        let entry = waitlist::find(flow.connection, &id)?.ok_or_else(ApiError::not_found)?;
        Ok(view(
            &entry,
            Some(application_invitations::view(&invitation, Some(&link))),
        ))
    })
    .await?;
    Ok(json(StatusCode::OK, &view))
}

pub(super) async fn reject(State(app): State<Arc<App>>, Path(id): Path<String>) -> Result<Response<Body>, ApiError> {
    let entry = run(&app, move |flow| {
        let entry = waitlist::find(flow.connection, &id)?.ok_or_else(ApiError::not_found)?;
        waitlist::set_status(flow.connection, &entry.address, WaitlistStatus::Rejected, flow.now)?;
        waitlist::find(flow.connection, &id)?.ok_or_else(ApiError::not_found)
    })
    .await?;
    Ok(json(StatusCode::OK, &view(&entry, None)))
}

/// Removes a pending entry.
pub(super) async fn delete(State(app): State<Arc<App>>, Path(id): Path<String>) -> Result<Response<Body>, ApiError> {
    let id = run(&app, move |flow| {
        let entry = waitlist::find(flow.connection, &id)?.ok_or_else(ApiError::not_found)?;
        if entry.status != WaitlistStatus::Pending {
            return Err(ApiError::new(
                StatusCode::CONFLICT,
                "not_pending",
                "This waitlist entry is not pending",
            )
            .explain(format!("This waitlist entry is already {}.", entry.status.as_str())));
        }
        waitlist::delete(flow.connection, &id)?;
        Ok(id)
    })
    .await?;
    Ok(deleted("waitlist_entry", &id))
}

fn view(entry: &WaitlistEntry, invitation: Option<Value>) -> Value {
    let mut view = json!({
        "object": "waitlist_entry",
        "id": entry.id,
        "email_address": entry.address,
        "status": entry.status.as_str(),
        "is_locked": false,
        "created_at": entry.created_at.as_millis(),
        "updated_at": entry.updated_at.as_millis(),
    });
    if let Some(invitation) = invitation {
        view["invitation"] = invitation;
    }
    view
}
