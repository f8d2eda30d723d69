//! `/v1/users/{id}/verify_totp`, `…/mfa`, `…/totp` and `…/backup_code`: a user's second factors.

use axum::extract::Path;
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::json;

use super::request::{Answer, JsonBody, missing};
use super::users::named;
use crate::flow::{Flow, SecondFactorMethod};
use crate::json::ApiError;

#[derive(Deserialize)]
pub(super) struct CodeBody {
    code: Option<String>,
}

/// Checks a code of the authenticator or a backup code. Either is used up with that.
pub(super) fn verify_totp(flow: &Flow<'_>, Path(id): Path<String>, JsonBody(body): JsonBody<CodeBody>) -> Answer {
    let code = body.code.ok_or_else(|| missing("code"))?;
    let user = named(flow.db, &id)?;
    if !flow.has_totp(&user.id)? {
        return Err(
            ApiError::new(StatusCode::BAD_REQUEST, "totp_not_enabled", "TOTP not enabled")
                .explain("This user has no authenticator app."),
        );
    }
    let code_type = match flow.check_for_application(&user.id, &code)? {
        SecondFactorMethod::Totp => "totp",
        SecondFactorMethod::BackupCode => "backup_code",
    };
    Ok(json!({ "verified": true, "code_type": code_type }))
}

/// Takes the authenticator away. It is the only second factor there is, so the backup codes go with it.
pub(super) fn delete_totp(flow: &Flow<'_>, Path(id): Path<String>) -> Answer {
    let user = named(flow.db, &id)?;
    flow.remove_totp(&user.id)?;
    Ok(json!({ "user_id": user.id }))
}

pub(super) fn delete_backup_codes(flow: &Flow<'_>, Path(id): Path<String>) -> Answer {
    let user = named(flow.db, &id)?;
    flow.remove_backup_codes(&user.id)?;
    Ok(json!({ "user_id": user.id }))
}
