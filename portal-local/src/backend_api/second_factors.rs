//! `/v1/users/{id}/verify_totp`, `…/mfa`, `…/totp` and `…/backup_code`: a user's second factors.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{Response, StatusCode};
use serde::Deserialize;
use serde_json::json;

use super::request::{JsonBody, missing, run};
use super::users::named;
use crate::flow::SecondFactorMethod;
use crate::json::{ApiError, json};
use crate::state::App;

#[derive(Deserialize)]
pub(super) struct CodeBody {
    code: Option<String>,
}

/// Checks a code of the authenticator or a backup code. Either is used up with that.
pub(super) async fn verify_totp(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    JsonBody(body): JsonBody<CodeBody>,
) -> Result<Response<Body>, ApiError> {
    let code = body.code.ok_or_else(|| missing("code"))?;
    let method = run(&app, move |flow| {
        let user = named(flow.connection, &id)?;
        if flow.second_factor(&user.id)?.secret.is_none() {
            return Err(
                ApiError::new(StatusCode::BAD_REQUEST, "totp_not_enabled", "TOTP not enabled")
                    .explain("This user has no authenticator app."),
            );
        }
        Ok(flow.check_for_application(&user.id, &code)?)
    })
    .await?;
    let code_type = match method {
        SecondFactorMethod::Totp => "totp",
        SecondFactorMethod::BackupCode => "backup_code",
    };
    let body = json!({ "verified": true, "code_type": code_type });
    Ok(json(StatusCode::OK, &body))
}

/// Takes the authenticator away. It is the only second factor there is, so the backup codes go with it.
pub(super) async fn delete_totp(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
) -> Result<Response<Body>, ApiError> {
    let user_id = run(&app, move |flow| {
        let user = named(flow.connection, &id)?;
        flow.remove_totp(&user.id)?;
        Ok(user.id)
    })
    .await?;
    Ok(json(StatusCode::OK, &json!({ "user_id": user_id })))
}

pub(super) async fn delete_backup_codes(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
) -> Result<Response<Body>, ApiError> {
    let user_id = run(&app, move |flow| {
        let user = named(flow.connection, &id)?;
        flow.remove_backup_codes(&user.id)?;
        Ok(user.id)
    })
    .await?;
    Ok(json(StatusCode::OK, &json!({ "user_id": user_id })))
}
