//! Checks the fields of a user in requests.

use axum::http::StatusCode;
use portal_sdk::clock::UnixTime;

use super::query::invalid;
use crate::excerpt::excerpt;
use crate::flow::{Flow, FlowError, Names};
use crate::json::ApiError;
use crate::state::App;
use crate::store::{Db, StoreError, users};
use crate::totp::TotpSecret;
use crate::{password, rfc3339};

const MOST_BACKUP_CODES: usize = 100;

pub(super) fn names(first: Option<&str>, last: Option<&str>) -> Result<Names, ApiError> {
    Names::parse(first.unwrap_or_default(), last.unwrap_or_default()).map_err(|errors| {
        let first = errors.into_iter().next();
        first.map_or_else(ApiError::not_found, ApiError::from)
    })
}

/// The secret of an authenticator that the user already has.
pub(super) fn totp_secret(text: Option<&str>) -> Result<Option<TotpSecret>, ApiError> {
    text.map(TotpSecret::from_base32).transpose().map_err(|error| {
        let status = StatusCode::UNPROCESSABLE_ENTITY;
        ApiError::new(status, "form_param_format_invalid", "Invalid TOTP secret")
            .explain(format!("{error}."))
            .param("totp_secret")
    })
}

pub(super) async fn hashed(app: &App, text: &str, identifier: &str, skip_checks: bool) -> Result<String, ApiError> {
    if !skip_checks {
        password::check_policy(text, identifier).map_err(FlowError::from)?;
    }
    let text = text.to_owned();
    let hash = app.flows.blocking(move || password::hash(&text)).await?;
    hash.map_err(|_| StoreError::interrupted().into())
}

pub(super) fn check_external_id(db: Db<'_>, wanted: Option<&str>, own_id: Option<&str>) -> Result<(), ApiError> {
    let Some(wanted) = wanted.filter(|id| !id.is_empty()) else {
        return Ok(());
    };
    let holder = users::find_external(db, wanted)?;
    if holder.is_some_and(|holder| own_id != Some(holder.id.as_str())) {
        let status = StatusCode::UNPROCESSABLE_ENTITY;
        return Err(
            ApiError::new(status, "form_identifier_exists", "That external ID is taken")
                .explain("Another user has this external ID.")
                .param("external_id"),
        );
    }
    Ok(())
}

/// The `created_at` parameter of a user or an organization.
pub(super) fn created_at(text: Option<&str>) -> Result<Option<UnixTime>, ApiError> {
    let Some(text) = text else { return Ok(None) };
    match rfc3339::parse(text) {
        Some(moment) => Ok(Some(moment)),
        None => Err(invalid(
            "created_at",
            format!(
                "Found created_at={}; expected a time such as 2012-10-20T07:15:20.902Z.",
                excerpt(text)
            ),
        )),
    }
}

/// Checks that each address has a status, and that each status is `verified`.
pub(super) fn check_statuses(statuses: &[String], addresses: usize) -> Result<(), ApiError> {
    const NAME: &str = "email_address_identification_status";
    if statuses.is_empty() {
        return Ok(());
    }
    if let Some(other) = statuses.iter().find(|status| status.as_str() != "verified") {
        let found = excerpt(other);
        return Err(invalid(
            NAME,
            format!("Found {NAME}={found}; expected verified, the only status that the local portal supports here."),
        ));
    }
    if statuses.len() != addresses {
        let found = statuses.len();
        return Err(invalid(
            NAME,
            format!("Found {found} statuses for {addresses} addresses; expected one each."),
        ));
    }
    Ok(())
}

/// Adds plain-text backup codes to a user with an authenticator.
pub(super) fn set_backup_codes(flow: &Flow<'_>, user_id: &str, codes: &[String]) -> Result<(), ApiError> {
    let refuse = |sentence: &str| Err(invalid("backup_codes", sentence));
    if codes.is_empty() {
        return Ok(());
    }
    if !flow.has_totp(user_id)? {
        return refuse("Found backup codes for a user without an authenticator app; expected totp_secret too.");
    }
    if codes.len() > MOST_BACKUP_CODES {
        return refuse("Found too many backup codes; expected at most 100.");
    }
    flow.replace_backup_codes(user_id, codes)
        .map_err(|failure| ApiError::from(failure).param("backup_codes"))
}
