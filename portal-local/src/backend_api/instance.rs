//! `/v1/instance` and `/v1/instance/organization_settings`: the part of the settings that Clerk lets applications
//! change.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::{Response, StatusCode};
use axum::response::IntoResponse as _;
use serde::Deserialize;
use serde_json::{Value, json};

use super::request::{Answer, JsonBody};
use crate::flow::{Flow, FlowError};
use crate::json::ApiError;
use crate::state::App;
use crate::store::Settings;
use crate::store::{roles, settings};

pub(super) fn show(flow: &Flow<'_>) -> Answer {
    Ok(json!({
        "object": "instance",
        "id": flow.application.instance_id,
        // No workspace of Clerk's owns the application.
        "workspace_id": null,
        "environment_type": "development",
        "allowed_origins": null,
    }))
}

#[derive(Deserialize)]
pub(super) struct InstanceBody {
    test_mode: Option<bool>,
}

pub(super) async fn change(
    State(app): State<Arc<App>>,
    JsonBody(body): JsonBody<InstanceBody>,
) -> Result<Response<Body>, ApiError> {
    let change = app.flows.run(move |flow| {
        let mut found = Settings::clone(flow.settings);
        found.test_mode = body.test_mode.unwrap_or(found.test_mode);
        Ok::<_, ApiError>(settings::write(flow.db, &found)?)
    });
    change.await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

pub(super) fn show_organizations(flow: &Flow<'_>) -> Answer {
    Ok(view(flow.settings))
}

#[derive(Deserialize)]
pub(super) struct OrganizationsBody {
    enabled: Option<bool>,
    max_allowed_memberships: Option<u32>,
    admin_delete_enabled: Option<bool>,
    /// A role's id or key.
    creator_role_id: Option<String>,
}

pub(super) fn change_organizations(flow: &Flow<'_>, JsonBody(body): JsonBody<OrganizationsBody>) -> Answer {
    let mut found = Settings::clone(flow.settings);
    found.organizations_enabled = body.enabled.unwrap_or(found.organizations_enabled);
    found.max_allowed_memberships = body.max_allowed_memberships.unwrap_or(found.max_allowed_memberships);
    found.admin_delete_enabled = body.admin_delete_enabled.unwrap_or(found.admin_delete_enabled);
    if let Some(wanted) = body.creator_role_id {
        let mut all = roles::all(flow.db)?.into_iter();
        let role = all.find(|role| role.id == wanted || role.key == wanted);
        found.creator_role = role.ok_or(FlowError::RoleUnknown)?.key;
    }
    settings::write(flow.db, &found)?;
    Ok(view(&found))
}

fn view(settings: &Settings) -> Value {
    json!({
        "object": "organization_settings",
        "enabled": settings.organizations_enabled,
        "max_allowed_memberships": settings.max_allowed_memberships,
        "max_allowed_roles": 10,
        "max_allowed_permissions": 50,
        "max_allowed_domains": 0,
        "creator_role": settings.creator_role,
        "admin_delete_enabled": settings.admin_delete_enabled,
        "domains_enabled": false,
        "slug_disabled": false,
        "domains_enrollment_modes": [],
        "domains_default_role": settings.default_role,
    })
}
