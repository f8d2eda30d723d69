//! `/v1/waitlist_entries`.

use std::collections::HashSet;

use axum::extract::Path;
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::application_invitations;
use super::invitation_parameters::is_like;
use super::query::{Query, invalid};
use super::request::{Answer, JsonBody, check_length, deleted, missing};
use crate::flow::{Flow, NewApplicationInvitation};
use crate::json::ApiError;
use crate::store::email_addresses::normalize;
use crate::store::{WaitlistEntry, WaitlistStatus, waitlist};

#[derive(Deserialize)]
pub(super) struct WaitlistBody {
    email_address: Option<String>,
    notify: Option<bool>,
}

pub(super) fn create(flow: &Flow<'_>, JsonBody(body): JsonBody<WaitlistBody>) -> Answer {
    let address = body.email_address.ok_or_else(|| missing("email_address"))?;
    let entry = flow.join_waitlist(&address)?;
    if body.notify.unwrap_or(true) {
        flow.send_waitlist_confirmation(&entry)?;
    }
    Ok(view(&entry, None))
}

pub(super) fn create_bulk(flow: &Flow<'_>, JsonBody(bodies): JsonBody<Vec<WaitlistBody>>) -> Answer {
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
    bodies.into_iter().map(|body| create(flow, JsonBody(body))).collect()
}

const MOST_ENTRIES: usize = 50;
const FIELDS: [&str; 3] = ["created_at", "email_address", "invited_at"];
const STATUSES: [&str; 4] = ["pending", "invited", "completed", "rejected"];

pub(super) fn list(flow: &Flow<'_>, query: Query) -> Answer {
    let (page, order) = (query.page()?, query.order(&FIELDS)?);
    let statuses = query.words("status", &STATUSES)?;
    let text = query.value("query").unwrap_or_default().to_lowercase();
    let mut all = waitlist::all(flow.db)?;
    all.retain(|one| statuses.admit(one.status.as_str()) && is_like(&text, &one.id, &one.address));
    order.sort(&mut all, |one, field| match field {
        "email_address" => Some(one.address.as_str()).into(),
        "invited_at" => one.invited_at.into(),
        _ => one.created_at.into(),
    });
    page.counted(all, |one| Ok(view(&one, None)))
}

#[derive(Deserialize)]
pub(super) struct InviteBody {
    #[serde(default)]
    ignore_existing: bool,
}

/// Invites an address of the waitlist, with a mail.
pub(super) fn invite(flow: &Flow<'_>, Path(id): Path<String>, JsonBody(body): JsonBody<InviteBody>) -> Answer {
    let new = NewApplicationInvitation {
        ignore_existing: body.ignore_existing,
        ..NewApplicationInvitation::new(named(flow, &id)?.address)
    };
    let (invitation, link) = flow.invite_to_application(new)?;
    let invitation = application_invitations::view(&invitation, Some(&link));
    Ok(view(&named(flow, &id)?, Some(invitation)))
}

pub(super) fn reject(flow: &Flow<'_>, Path(id): Path<String>) -> Answer {
    let entry = named(flow, &id)?;
    waitlist::set_status(flow.db, &entry.address, WaitlistStatus::Rejected)?;
    Ok(view(&named(flow, &id)?, None))
}

/// Removes a pending entry.
pub(super) fn delete(flow: &Flow<'_>, Path(id): Path<String>) -> Answer {
    let entry = named(flow, &id)?;
    if entry.status != WaitlistStatus::Pending {
        return Err(ApiError::new(
            StatusCode::CONFLICT,
            "not_pending",
            "This waitlist entry is not pending",
        )
        .explain(format!("This waitlist entry is already {}.", entry.status.as_str())));
    }
    waitlist::delete(flow.db, &id)?;
    Ok(deleted("waitlist_entry", &id))
}

fn named(flow: &Flow<'_>, id: &str) -> Result<WaitlistEntry, ApiError> {
    waitlist::find(flow.db, id)?.ok_or_else(ApiError::not_found)
}

pub(super) fn view(entry: &WaitlistEntry, invitation: Option<Value>) -> Value {
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
