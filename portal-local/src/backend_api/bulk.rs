//! Calls that do for several what another call does for one: all of them or none.

use std::collections::HashSet;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{Response, StatusCode};
use serde::Deserialize;
use serde_json::Value;

use super::admission::{InvitationBody, WaitlistBody, entry_view, invitation_view};
use super::query::invalid;
use super::request::{JsonBody, attempt, deleted, missing};
use super::user_view::full_view;
use super::users::named;
use crate::app::App;
use crate::flow::{end_sessions_of, invite_to_application, join_waitlist, send_waitlist_confirmation};
use crate::json::{ApiError, json};
use crate::store::email_addresses::normalize;
use crate::store::{WaitlistStatus, users, waitlist};

pub(super) const MOST_INVITATIONS: usize = 10;
const MOST_ENTRIES: usize = 50;
const MOST_USERS: usize = 50;

/// Refuses a list that is empty or longer than Clerk takes.
pub(super) fn check_length(name: &'static str, found: usize, most: usize) -> Result<(), ApiError> {
    if (1..=most).contains(&found) {
        return Ok(());
    }
    Err(invalid(
        name,
        format!("Found {found} items; expected between 1 and {most}."),
    ))
}

pub(super) async fn create_invitations(
    State(app): State<Arc<App>>,
    JsonBody(bodies): JsonBody<Vec<InvitationBody>>,
) -> Result<Response<Body>, ApiError> {
    check_length("email_address", bodies.len(), MOST_INVITATIONS)?;
    let all: Vec<_> = bodies
        .into_iter()
        .map(|body| body.read(&app))
        .collect::<Result<_, _>>()?;
    let (shared, now) = (Arc::clone(&app), app.now());
    let views = attempt(&app, move |connection| {
        let mut views = Vec::new();
        for new in all {
            let (invitation, link) = invite_to_application(&shared, connection, new, now)??;
            views.push(invitation_view(&invitation, Some(&link)));
        }
        Ok(views)
    })
    .await?;
    Ok(json(StatusCode::OK, &views))
}

pub(super) async fn create_entries(
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
    let (shared, now) = (Arc::clone(&app), app.now());
    let views = attempt(&app, move |connection| {
        let mut views = Vec::new();
        for body in bodies {
            let entry = join_waitlist(connection, &body.email_address.unwrap_or_default(), now)??;
            if body.notify.unwrap_or(true) {
                send_waitlist_confirmation(&shared, connection, &entry, now)?;
            }
            views.push(entry_view(&entry, None));
        }
        Ok(views)
    })
    .await?;
    Ok(json(StatusCode::OK, &views))
}

/// Removes a pending entry.
pub(super) async fn delete_entry(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
) -> Result<Response<Body>, ApiError> {
    let id = attempt(&app, move |connection| {
        let entry = waitlist::find(connection, &id)?.ok_or_else(ApiError::not_found)?;
        if entry.status != WaitlistStatus::Pending {
            return Err(ApiError::new(
                StatusCode::CONFLICT,
                "not_pending",
                "This waitlist entry is not pending",
            )
            .explain(format!("This waitlist entry is {} already.", entry.status.as_str())));
        }
        waitlist::delete(connection, &id)?;
        Ok(id)
    })
    .await?;
    Ok(deleted("waitlist_entry", &id))
}

#[derive(Deserialize)]
pub(super) struct UsersBody {
    user_ids: Option<Vec<String>>,
}

pub(super) async fn ban(
    State(app): State<Arc<App>>,
    JsonBody(body): JsonBody<UsersBody>,
) -> Result<Response<Body>, ApiError> {
    set_banned(&app, body, true).await
}

pub(super) async fn unban(
    State(app): State<Arc<App>>,
    JsonBody(body): JsonBody<UsersBody>,
) -> Result<Response<Body>, ApiError> {
    set_banned(&app, body, false).await
}

async fn set_banned(app: &App, body: UsersBody, is_banned: bool) -> Result<Response<Body>, ApiError> {
    let ids = body.user_ids.ok_or_else(|| missing("user_ids"))?;
    check_length("user_ids", ids.len(), MOST_USERS)?;
    let (now, origin) = (app.now(), app.origin.clone());
    let views = attempt(app, move |connection| {
        let mut views: Vec<Value> = Vec::new();
        for id in ids {
            let mut user = named(connection, &id)?;
            if is_banned {
                end_sessions_of(connection, &user.id, None, now)?;
            }
            user.banned = is_banned;
            users::update(connection, &user, now)?;
            let user = named(connection, &id)?;
            views.push(full_view(connection, &origin, &user, now)?);
        }
        Ok(views)
    })
    .await?;
    Ok(json(StatusCode::OK, &views))
}
