//! `/v1/users`: create, read, change, delete.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{Response, StatusCode};
use portal_sdk::clock::UnixTime;
use serde::Deserialize;
use serde_json::json;

use super::query::invalid;
use super::request::{Answer, JsonBody, deleted, missing};
use super::user_fields::{check_external_id, check_statuses, created_at, hashed, names, set_backup_codes, totp_secret};
use super::user_view::full_view;
use crate::clock::Millis as _;
use crate::flow::{Field, Flow, FlowError, LOCKED_FOR_MILLIS, MOST_WRONG_PASSWORDS, check_email_address};
use crate::json::{ApiError, json};
use crate::password;
use crate::state::App;
use crate::store::{Db, EmailAddress, Metadata, NewUser, Strategy, Task, User};
use crate::store::{email_addresses, external_accounts, users};

#[derive(Deserialize)]
pub(super) struct NewBody {
    #[serde(default)]
    email_address: Vec<String>,
    #[serde(default)]
    email_address_identification_status: Vec<String>,
    password: Option<String>,
    first_name: Option<String>,
    last_name: Option<String>,
    external_id: Option<String>,
    #[serde(default)]
    public_metadata: Metadata,
    #[serde(default)]
    private_metadata: Metadata,
    #[serde(default)]
    unsafe_metadata: Metadata,
    #[serde(default)]
    skip_password_checks: bool,
    totp_secret: Option<String>,
    #[serde(default)]
    backup_codes: Vec<String>,
    delete_self_enabled: Option<bool>,
    create_organization_enabled: Option<bool>,
    created_at: Option<String>,
    #[serde(default)]
    banned: bool,
    #[serde(default)]
    locked: bool,
    /// The instance has no legal documents, and requires neither a password nor an identifier here.
    #[serde(default, rename = "skip_legal_checks")]
    _skip_legal_checks: bool,
    #[serde(default, rename = "skip_password_requirement")]
    _skip_password_requirement: bool,
    #[serde(default, rename = "skip_user_requirement")]
    _skip_user_requirement: bool,
}

pub(super) async fn create(
    State(app): State<Arc<App>>,
    JsonBody(body): JsonBody<NewBody>,
) -> Result<Response<Body>, ApiError> {
    let mut addresses = Vec::new();
    for text in &body.email_address {
        addresses.push(check_email_address(text, Field::EmailAddress)?);
    }
    check_statuses(&body.email_address_identification_status, addresses.len())?;
    let Some(first_address) = addresses.first().cloned() else {
        return Err(missing("email_address"));
    };
    let names = names(body.first_name.as_deref(), body.last_name.as_deref())?;
    let (totp_secret, created_at) = (
        totp_secret(body.totp_secret.as_deref())?,
        created_at(body.created_at.as_deref())?,
    );
    let password_hash = match &body.password {
        Some(text) => Some(hashed(&app, text, &first_address, body.skip_password_checks).await?),
        None => None,
    };
    let create = app.flows.run(move |flow| {
        for address in &addresses {
            if email_addresses::find_verified(flow.db, address)?.is_some() {
                return Err(FlowError::IdentifierExists.into());
            }
        }
        check_external_id(flow.db, body.external_id.as_deref(), None)?;
        let new = NewUser {
            id: None,
            email_address: first_address,
            strategy: Strategy::Admin,
            password_hash,
            first_name: names.first,
            last_name: names.last,
        };
        let id = users::insert(flow.db, &new)?;
        for address in &addresses[1..] {
            // The same address twice is the caller's slip, and harmless.
            if email_addresses::find_verified(flow.db, address)?.is_none() {
                email_addresses::insert_verified(flow.db, &id, address, Strategy::Admin)?;
            }
        }
        if let Some(secret) = &totp_secret {
            flow.install_totp(&id, secret, None)?;
        }
        set_backup_codes(flow, &id, &body.backup_codes)?;
        if body.locked {
            lock(flow, &id)?;
        }
        let user = named(flow.db, &id)?;
        let user = User {
            external_id: body.external_id.filter(|id| !id.is_empty()),
            public_metadata: body.public_metadata,
            private_metadata: body.private_metadata,
            unsafe_metadata: body.unsafe_metadata,
            banned: body.banned,
            created_at: created_at.unwrap_or(user.created_at),
            delete_self_enabled: body.delete_self_enabled.unwrap_or(user.delete_self_enabled),
            create_organization_enabled: body
                .create_organization_enabled
                .unwrap_or(user.create_organization_enabled),
            ..user
        };
        users::update(flow.db, &user)?;
        Ok::<_, ApiError>(full_view(flow, &user)?)
    });
    Ok(json(StatusCode::OK, &create.await?))
}

pub(super) fn show(flow: &Flow<'_>, Path(id): Path<String>) -> Answer {
    Ok(full_view(flow, &named(flow.db, &id)?)?)
}

#[derive(Deserialize)]
pub(super) struct ChangeBody {
    first_name: Option<String>,
    last_name: Option<String>,
    external_id: Option<String>,
    primary_email_address_id: Option<String>,
    password: Option<String>,
    totp_secret: Option<String>,
    #[serde(default)]
    backup_codes: Vec<String>,
    created_at: Option<String>,
    #[serde(default)]
    skip_password_checks: bool,
    #[serde(default)]
    sign_out_of_other_sessions: bool,
    public_metadata: Option<Metadata>,
    private_metadata: Option<Metadata>,
    unsafe_metadata: Option<Metadata>,
    delete_self_enabled: Option<bool>,
    create_organization_enabled: Option<bool>,
    /// The instance has no legal documents.
    #[serde(default, rename = "skip_legal_checks")]
    _skip_legal_checks: bool,
}

pub(super) async fn change(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    JsonBody(body): JsonBody<ChangeBody>,
) -> Result<Response<Body>, ApiError> {
    let names = names(body.first_name.as_deref(), body.last_name.as_deref())?;
    let (totp_secret, created_at) = (
        totp_secret(body.totp_secret.as_deref())?,
        created_at(body.created_at.as_deref())?,
    );
    let hash = match &body.password {
        Some(text) => Some(hashed(&app, text, "", body.skip_password_checks).await?),
        None => None,
    };
    let needs_password = [
        ("skip_password_checks", body.skip_password_checks),
        ("sign_out_of_other_sessions", body.sign_out_of_other_sessions),
    ];
    for (name, is_wanted) in needs_password {
        if is_wanted && hash.is_none() {
            return Err(invalid(name, format!("Found {name} alone; expected password too.")));
        }
    }
    let change = move |flow: &Flow<'_>, user: User| {
        check_external_id(flow.db, body.external_id.as_deref(), Some(&user.id))?;
        if let Some(address_id) = &body.primary_email_address_id {
            let addresses = email_addresses::of_user(flow.db, &user.id)?;
            let is_verified = |address: &EmailAddress| address.id == *address_id && address.verified_at.is_some();
            if !addresses.iter().any(is_verified) {
                return Err(ApiError::not_found().param("primary_email_address_id"));
            }
            users::set_primary_email_address(flow.db, &user.id, Some(address_id))?;
        }
        if let Some(hash) = hash {
            flow.set_password(&user.id, &hash)?;
            if body.sign_out_of_other_sessions {
                flow.end_sessions_of(&user.id, None)?;
            }
        }
        if let Some(secret) = &totp_secret {
            flow.install_totp(&user.id, secret, None)?;
        }
        set_backup_codes(flow, &user.id, &body.backup_codes)?;
        let user = named(flow.db, &user.id)?;
        Ok(User {
            first_name: if body.first_name.is_some() {
                names.first
            } else {
                user.first_name
            },
            last_name: if body.last_name.is_some() {
                names.last
            } else {
                user.last_name
            },
            external_id: match body.external_id {
                Some(id) => Some(id).filter(|id| !id.is_empty()),
                None => user.external_id,
            },
            created_at: created_at.unwrap_or(user.created_at),
            public_metadata: body.public_metadata.unwrap_or(user.public_metadata),
            private_metadata: body.private_metadata.unwrap_or(user.private_metadata),
            unsafe_metadata: body.unsafe_metadata.unwrap_or(user.unsafe_metadata),
            delete_self_enabled: body.delete_self_enabled.unwrap_or(user.delete_self_enabled),
            create_organization_enabled: body
                .create_organization_enabled
                .unwrap_or(user.create_organization_enabled),
            ..user
        })
    };
    let change = app.flows.run(move |flow| edit(flow, &id, |user| change(flow, user)));
    Ok(json(StatusCode::OK, &change.await?))
}

/// The effect of one `POST /v1/users/{id}/<mark>`.
#[derive(Clone, Copy, Debug)]
pub(super) enum Mark {
    Banned,
    NotBanned,
    Locked,
    NotLocked,
    PasswordNotCompromised,
}

pub(super) fn mark(flow: &Flow<'_>, Path(id): Path<String>, mark: Mark) -> Answer {
    edit(flow, &id, |mut user| {
        match mark {
            Mark::Banned => {
                user.banned = true;
                flow.end_sessions_of(&user.id, None)?;
            }
            Mark::NotBanned => user.banned = false,
            Mark::Locked => {
                user.locked_until = Some(lock(flow, &user.id)?);
                user.failed_attempts = MOST_WRONG_PASSWORDS;
            }
            Mark::NotLocked => {
                users::set_failures(flow.db, &user.id, 0, None)?;
                user.locked_until = None;
                user.failed_attempts = 0;
            }
            Mark::PasswordNotCompromised => {
                user.password_compromised = false;
                flow.complete_task_of(&user.id, Task::ResetPassword)?;
            }
        }
        Ok(user)
    })
}

/// Locks a user out as too many wrong passwords do. Returns until when.
fn lock(flow: &Flow<'_>, id: &str) -> Result<UnixTime, ApiError> {
    let until = flow.now.plus_millis(LOCKED_FOR_MILLIS);
    users::set_failures(flow.db, id, MOST_WRONG_PASSWORDS, Some(until))?;
    Ok(until)
}

#[derive(Deserialize)]
pub(super) struct CompromisedBody {
    revoke_all_sessions: Option<bool>,
}

/// Refuses the password from now on. Existing sessions continue, unless the request ends them too.
pub(super) fn mark_password_compromised(
    flow: &Flow<'_>,
    Path(id): Path<String>,
    JsonBody(body): JsonBody<CompromisedBody>,
) -> Answer {
    edit(flow, &id, |mut user| {
        user.password_compromised = true;
        if body.revoke_all_sessions == Some(true) {
            flow.end_sessions_of(&user.id, None)?;
        }
        Ok(user)
    })
}

#[derive(Deserialize)]
pub(super) struct RemovalBody {
    sign_out_of_other_sessions: Option<bool>,
}

/// Takes the password away, also if it is the only way to sign in.
pub(super) fn remove_password(
    flow: &Flow<'_>,
    Path(id): Path<String>,
    JsonBody(body): JsonBody<RemovalBody>,
) -> Answer {
    edit(flow, &id, |user| {
        if user.password_hash.is_some() {
            flow.remove_password(&user.id)?;
        }
        if body.sign_out_of_other_sessions == Some(true) {
            flow.end_sessions_of(&user.id, None)?;
        }
        named(flow.db, &user.id)
    })
}

#[derive(Deserialize)]
pub(super) struct PasswordBody {
    password: Option<String>,
}

pub(super) async fn verify_password(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    JsonBody(body): JsonBody<PasswordBody>,
) -> Result<Response<Body>, ApiError> {
    let password = body.password.ok_or_else(|| missing("password"))?;
    let user = app.flows.run(move |flow| named(flow.db, &id)).await?;
    let Some(hash) = user.password_hash else {
        return Err(
            ApiError::new(StatusCode::BAD_REQUEST, "no_password_set", "No password set")
                .explain("This user has no password."),
        );
    };
    if !app.flows.blocking(move || password::verify(&password, &hash)).await? {
        return Err(ApiError::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "incorrect_password",
            "Incorrect password",
        )
        .explain("This is not the user's password."));
    }
    Ok(json(StatusCode::OK, &json!({ "verified": true })))
}

pub(super) fn delete(flow: &Flow<'_>, Path(id): Path<String>) -> Answer {
    let user = named(flow.db, &id)?;
    flow.end_sessions_of(&user.id, None)?;
    users::delete(flow.db, &user.id)?;
    Ok(deleted("user", &user.id))
}

pub(super) fn delete_external_account(flow: &Flow<'_>, Path((id, account_id)): Path<(String, String)>) -> Answer {
    match external_accounts::delete(flow.db, &id, &account_id)? {
        true => Ok(deleted("external_account", &account_id)),
        false => Err(ApiError::not_found()),
    }
}

/// Reads a user, lets `work` change it, writes it if it changed, and answers with how it is then.
pub(super) fn edit(flow: &Flow<'_>, id: &str, work: impl FnOnce(User) -> Result<User, ApiError>) -> Answer {
    let before = named(flow.db, id)?;
    let after = work(before.clone())?;
    if after != before {
        users::update(flow.db, &after)?;
    }
    Ok(full_view(flow, &named(flow.db, &after.id)?)?)
}

pub(super) fn named(db: Db<'_>, id: &str) -> Result<User, ApiError> {
    users::find(db, id)?.ok_or_else(ApiError::not_found)
}
