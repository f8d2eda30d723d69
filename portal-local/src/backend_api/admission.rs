//! `/v1/invitations`, `/v1/waitlist_entries` and `/v1/sign_in_tokens`: who is let in, and how.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{Response, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};

use super::request::{JsonBody, Query, attempt, counted, cut, missing};
use crate::app::App;
use crate::flow::{
    FlowError, INVITATION_DAYS, MOST_INVITATION_DAYS, NewAdmission, SIGN_IN_TOKEN_SECS, invite_to_application,
    issue_sign_in_token, join_waitlist,
};
use crate::json::{ApiError, json};
use crate::store::{Invitation, InvitationStatus, Metadata, SignInToken, WaitlistEntry, WaitlistStatus};
use crate::store::{invitations, sign_in_tokens, waitlist};

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

pub(super) async fn create_invitation(
    State(app): State<Arc<App>>,
    JsonBody(body): JsonBody<InvitationBody>,
) -> Result<Response<Body>, ApiError> {
    let days = body.expires_in_days.unwrap_or(INVITATION_DAYS);
    if !(1..=MOST_INVITATION_DAYS).contains(&days) {
        let status = StatusCode::UNPROCESSABLE_ENTITY;
        return Err(
            ApiError::new(status, "form_param_value_invalid", "Invalid number of days")
                .explain(format!(
                    "Found {days} days; expected between 1 and {MOST_INVITATION_DAYS}."
                ))
                .param("expires_in_days"),
        );
    }
    let redirect_url = match &body.redirect_url {
        Some(text) => {
            let checked = app.redirects.absolute(text);
            let url = checked.map_err(|_| ApiError::from(FlowError::RedirectRefused).param("redirect_url"))?;
            Some(url.to_string())
        }
        None => None,
    };
    let new = NewAdmission {
        address: body.email_address.ok_or_else(|| missing("email_address"))?,
        redirect_url,
        public_metadata: body.public_metadata,
        expires_in_days: days,
        notify: body.notify.unwrap_or(true),
        ignore_existing: body.ignore_existing,
    };
    let (shared, now) = (Arc::clone(&app), app.now());
    let body = attempt(&app, move |connection| {
        let (invitation, link) = invite_to_application(&shared, connection, new, now)??;
        Ok(invitation_view(&invitation, Some(&link)))
    })
    .await?;
    Ok(json(StatusCode::OK, &body))
}

pub(super) async fn list_invitations(State(app): State<Arc<App>>, query: Query) -> Result<Response<Body>, ApiError> {
    let (page, now, is_paginated) = (query.page()?, app.now(), query.flag("paginated"));
    let all = attempt(&app, move |connection| {
        let mut all = invitations::all(connection, now)?;
        all.retain(|one| query.value("status").is_none_or(|status| status == one.status.as_str()));
        Ok(all)
    })
    .await?;
    let total = all.len();
    let data: Vec<Value> = cut(all, page).iter().map(|one| invitation_view(one, None)).collect();
    Ok(if is_paginated {
        counted(&data, total)
    } else {
        json(StatusCode::OK, &data)
    })
}

pub(super) async fn revoke_invitation(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
) -> Result<Response<Body>, ApiError> {
    let now = app.now();
    let body = attempt(&app, move |connection| {
        let invitation = invitations::find(connection, &id, now)?.ok_or_else(ApiError::not_found)?;
        if invitation.status != InvitationStatus::Pending {
            return Err(not_pending("invitation", invitation.status));
        }
        invitations::set_status(connection, &id, InvitationStatus::Revoked, now)?;
        let revoked = invitations::find(connection, &id, now)?.unwrap_or(invitation);
        Ok(invitation_view(&revoked, None))
    })
    .await?;
    Ok(json(StatusCode::OK, &body))
}

fn not_pending(what: &str, status: InvitationStatus) -> ApiError {
    let message = format!("This {what} is not pending");
    ApiError::new(StatusCode::BAD_REQUEST, "not_pending", message)
        .explain(format!("This {what} is {} already.", status.as_str()))
}

fn invitation_view(invitation: &Invitation, link: Option<&str>) -> Value {
    let mut view = json!({
        "object": "invitation",
        "id": invitation.id,
        "email_address": invitation.address,
        "public_metadata": invitation.public_metadata,
        "revoked": invitation.status == InvitationStatus::Revoked,
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

#[derive(Deserialize)]
pub(super) struct WaitlistBody {
    email_address: Option<String>,
}

pub(super) async fn create_entry(
    State(app): State<Arc<App>>,
    JsonBody(body): JsonBody<WaitlistBody>,
) -> Result<Response<Body>, ApiError> {
    let address = body.email_address.ok_or_else(|| missing("email_address"))?;
    let now = app.now();
    let entry = attempt(&app, move |connection| Ok(join_waitlist(connection, &address, now)??)).await?;
    Ok(json(StatusCode::OK, &entry_view(&entry, None)))
}

pub(super) async fn list_entries(State(app): State<Arc<App>>, query: Query) -> Result<Response<Body>, ApiError> {
    let page = query.page()?;
    let all = attempt(&app, move |connection| {
        let mut all = waitlist::all(connection)?;
        all.retain(|one| query.value("status").is_none_or(|status| status == one.status.as_str()));
        Ok(all)
    })
    .await?;
    let total = all.len();
    let data: Vec<Value> = cut(all, page).iter().map(|one| entry_view(one, None)).collect();
    Ok(counted(&data, total))
}

/// Invites somebody from the waitlist, with a mail.
pub(super) async fn invite_entry(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
) -> Result<Response<Body>, ApiError> {
    let (shared, now) = (Arc::clone(&app), app.now());
    let body = attempt(&app, move |connection| {
        let entry = waitlist::find(connection, &id)?.ok_or_else(ApiError::not_found)?;
        let new = NewAdmission {
            address: entry.address,
            redirect_url: None,
            public_metadata: Metadata::default(),
            expires_in_days: INVITATION_DAYS,
            notify: true,
            ignore_existing: true,
        };
        let (invitation, link) = invite_to_application(&shared, connection, new, now)??;
        let entry = waitlist::find(connection, &id)?.ok_or_else(ApiError::not_found)?;
        Ok(entry_view(&entry, Some(invitation_view(&invitation, Some(&link)))))
    })
    .await?;
    Ok(json(StatusCode::OK, &body))
}

pub(super) async fn reject_entry(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
) -> Result<Response<Body>, ApiError> {
    let now = app.now();
    let entry = attempt(&app, move |connection| {
        let entry = waitlist::find(connection, &id)?.ok_or_else(ApiError::not_found)?;
        waitlist::set_status(connection, &entry.address, WaitlistStatus::Rejected, now)?;
        waitlist::find(connection, &id)?.ok_or_else(ApiError::not_found)
    })
    .await?;
    Ok(json(StatusCode::OK, &entry_view(&entry, None)))
}

fn entry_view(entry: &WaitlistEntry, invitation: Option<Value>) -> Value {
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

#[derive(Deserialize)]
pub(super) struct TokenBody {
    user_id: Option<String>,
    expires_in_seconds: Option<i64>,
}

pub(super) async fn create_sign_in_token(
    State(app): State<Arc<App>>,
    JsonBody(body): JsonBody<TokenBody>,
) -> Result<Response<Body>, ApiError> {
    let user_id = body.user_id.ok_or_else(|| missing("user_id"))?;
    let secs = body.expires_in_seconds.unwrap_or(SIGN_IN_TOKEN_SECS);
    if secs < 1 {
        let status = StatusCode::UNPROCESSABLE_ENTITY;
        return Err(ApiError::new(status, "form_param_value_invalid", "Invalid lifetime")
            .explain(format!("Found {secs} seconds; expected at least 1."))
            .param("expires_in_seconds"));
    }
    let now = app.now();
    let (token, text) = attempt(&app, move |connection| {
        Ok(issue_sign_in_token(connection, &user_id, secs, now)??)
    })
    .await?;
    let mut view = token_view(&token);
    view["url"] = app.sign_in_link(&text).into();
    view["token"] = text.into();
    Ok(json(StatusCode::OK, &view))
}

pub(super) async fn revoke_sign_in_token(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
) -> Result<Response<Body>, ApiError> {
    let now = app.now();
    let token = attempt(&app, move |connection| {
        let token = sign_in_tokens::find(connection, &id)?.ok_or_else(ApiError::not_found)?;
        if token.status != InvitationStatus::Pending {
            return Err(not_pending("sign-in token", token.status));
        }
        sign_in_tokens::set_status(connection, &id, InvitationStatus::Revoked, now)?;
        sign_in_tokens::find(connection, &id)?.ok_or_else(ApiError::not_found)
    })
    .await?;
    Ok(json(StatusCode::OK, &token_view(&token)))
}

fn token_view(token: &SignInToken) -> Value {
    json!({
        "object": "sign_in_token",
        "id": token.id,
        "status": token.status.as_str(),
        "user_id": token.user_id,
        "url": null,
        "created_at": token.created_at.as_millis(),
        "updated_at": token.updated_at.as_millis(),
    })
}

/// Official test helpers send such a token along to pass bot protection, of which there is none here.
pub(super) async fn create_testing_token(State(app): State<Arc<App>>) -> Response<Body> {
    let expires_at = app.now().as_secs().saturating_add(3_600);
    let token = format!("{expires_at}-c_{}", crate::secrets::random_token());
    let body = json!({ "object": "testing_token", "token": token, "expires_at": expires_at });
    json(StatusCode::OK, &body)
}
