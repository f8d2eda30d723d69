//! `/v1/invitations`, `/v1/waitlist_entries` and `/v1/sign_in_tokens`: who is let in, and how.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{Response, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};

use super::invitation_request::{STATUSES, days, redirect_url};
use super::query::{Query, cut, seconds};
use super::request::{JsonBody, attempt, counted, listed, missing};
use crate::app::App;
use crate::flow::{
    INVITATION_DAYS, NewApplicationInvitation, SIGN_IN_TOKEN_SECS, invite_to_application, issue_sign_in_token,
    join_waitlist, send_waitlist_confirmation,
};
use crate::json::{ApiError, json};
use crate::store::email_addresses::normalize;
use crate::store::{ApplicationInvitation, Metadata, SignInToken, TicketStatus, WaitlistEntry, WaitlistStatus};
use crate::store::{application_invitations, sign_in_tokens, waitlist};

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

pub(super) async fn create_invitation(
    State(app): State<Arc<App>>,
    JsonBody(body): JsonBody<InvitationBody>,
) -> Result<Response<Body>, ApiError> {
    let new = body.read(&app)?;
    let (shared, now) = (Arc::clone(&app), app.now());
    let body = attempt(&app, move |connection| {
        let (invitation, link) = invite_to_application(&shared, connection, new, now)??;
        Ok(invitation_view(&invitation, Some(&link)))
    })
    .await?;
    Ok(json(StatusCode::OK, &body))
}

const FIELDS: [&str; 3] = ["created_at", "email_address", "expires_at"];

pub(super) async fn list_invitations(State(app): State<Arc<App>>, query: Query) -> Result<Response<Body>, ApiError> {
    let (page, order, is_paginated) = (query.page()?, query.order(&FIELDS)?, query.flag("paginated")?);
    let (statuses, now) = (query.words("status", &STATUSES)?, app.now());
    let all = attempt(&app, move |connection| {
        let text = query.value("query").unwrap_or_default().to_lowercase();
        let mut all = application_invitations::all(connection, now)?;
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
    let data: Vec<Value> = cut(all, page).iter().map(|one| invitation_view(one, None)).collect();
    Ok(listed(&data, total, is_paginated))
}

pub(super) async fn revoke_invitation(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
) -> Result<Response<Body>, ApiError> {
    let now = app.now();
    let body = attempt(&app, move |connection| {
        let invitation = application_invitations::find(connection, &id, now)?.ok_or_else(ApiError::not_found)?;
        if invitation.status != TicketStatus::Pending {
            return Err(not_pending("invitation", invitation.status));
        }
        application_invitations::set_status(connection, &id, TicketStatus::Revoked, now)?;
        let revoked = application_invitations::find(connection, &id, now)?.unwrap_or(invitation);
        Ok(invitation_view(&revoked, None))
    })
    .await?;
    Ok(json(StatusCode::OK, &body))
}

fn not_pending(what: &str, status: TicketStatus) -> ApiError {
    let message = format!("This {what} is not pending");
    ApiError::new(StatusCode::BAD_REQUEST, "not_pending", message)
        .explain(format!("This {what} is {} already.", status.as_str()))
}

pub(super) fn invitation_view(invitation: &ApplicationInvitation, link: Option<&str>) -> Value {
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

#[derive(Deserialize)]
pub(super) struct WaitlistBody {
    pub(super) email_address: Option<String>,
    pub(super) notify: Option<bool>,
}

pub(super) async fn create_entry(
    State(app): State<Arc<App>>,
    JsonBody(body): JsonBody<WaitlistBody>,
) -> Result<Response<Body>, ApiError> {
    let address = body.email_address.ok_or_else(|| missing("email_address"))?;
    let now = app.now();
    let shared = Arc::clone(&app);
    let entry = attempt(&app, move |connection| {
        let entry = join_waitlist(connection, &address, now)??;
        if body.notify.unwrap_or(true) {
            send_waitlist_confirmation(&shared, connection, &entry, now)?;
        }
        Ok(entry)
    })
    .await?;
    Ok(json(StatusCode::OK, &entry_view(&entry, None)))
}

const ENTRY_FIELDS: [&str; 3] = ["created_at", "email_address", "invited_at"];
const ENTRY_STATUSES: [&str; 4] = ["pending", "invited", "completed", "rejected"];

/// Returns `true` if `text`, in lower case, is the ID or a part of the address.
fn is_like(text: &str, id: &str, address: &str) -> bool {
    id.eq_ignore_ascii_case(text) || normalize(address).contains(text)
}

pub(super) async fn list_entries(State(app): State<Arc<App>>, query: Query) -> Result<Response<Body>, ApiError> {
    let (page, order) = (query.page()?, query.order(&ENTRY_FIELDS)?);
    let statuses = query.words("status", &ENTRY_STATUSES)?;
    let all = attempt(&app, move |connection| {
        let text = query.value("query").unwrap_or_default().to_lowercase();
        let mut all = waitlist::all(connection)?;
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
    let data: Vec<Value> = cut(all, page).iter().map(|one| entry_view(one, None)).collect();
    Ok(counted(&data, total))
}

#[derive(Deserialize)]
pub(super) struct InviteBody {
    #[serde(default)]
    ignore_existing: bool,
}

/// Invites an address of the waitlist, with a mail.
pub(super) async fn invite_entry(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    JsonBody(body): JsonBody<InviteBody>,
) -> Result<Response<Body>, ApiError> {
    let (shared, now) = (Arc::clone(&app), app.now());
    let view = attempt(&app, move |connection| {
        let entry = waitlist::find(connection, &id)?.ok_or_else(ApiError::not_found)?;
        let new = NewApplicationInvitation {
            address: entry.address,
            redirect_url: None,
            public_metadata: Metadata::default(),
            expires_in_days: INVITATION_DAYS,
            notify: true,
            ignore_existing: body.ignore_existing,
        };
        let (invitation, link) = invite_to_application(&shared, connection, new, now)??;
        let entry = waitlist::find(connection, &id)?.ok_or_else(ApiError::not_found)?;
        Ok(entry_view(&entry, Some(invitation_view(&invitation, Some(&link)))))
    })
    .await?;
    Ok(json(StatusCode::OK, &view))
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

pub(super) fn entry_view(entry: &WaitlistEntry, invitation: Option<Value>) -> Value {
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
    org_id: Option<String>,
    expires_in_seconds: Option<i64>,
}

pub(super) async fn create_sign_in_token(
    State(app): State<Arc<App>>,
    JsonBody(body): JsonBody<TokenBody>,
) -> Result<Response<Body>, ApiError> {
    let user_id = body.user_id.ok_or_else(|| missing("user_id"))?;
    let secs = seconds(
        "expires_in_seconds",
        body.expires_in_seconds.unwrap_or(SIGN_IN_TOKEN_SECS),
    )?;
    let now = app.now();
    let (token, text) = attempt(&app, move |connection| {
        Ok(issue_sign_in_token(
            connection,
            &user_id,
            body.org_id.as_deref(),
            secs,
            now,
        )??)
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
        if token.status != TicketStatus::Pending {
            return Err(not_pending("sign-in token", token.status));
        }
        sign_in_tokens::set_status(connection, &id, TicketStatus::Revoked, now)?;
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

/// Creates a token for Clerk's test helpers, which send it to pass bot protection. The portal has none.
pub(super) async fn create_testing_token(State(app): State<Arc<App>>) -> Response<Body> {
    let expires_at = app.now().as_secs().saturating_add(3_600);
    let token = format!("{expires_at}-c_{}", crate::secrets::random_token());
    let body = json!({ "object": "testing_token", "token": token, "expires_at": expires_at });
    json(StatusCode::OK, &body)
}
