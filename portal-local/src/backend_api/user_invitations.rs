//! `/v1/users/{id}/organization_invitations`: the invitations to one of a user's addresses.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::Response;
use serde_json::json;

use super::invitation_parameters::STATUSES;
use super::organization_invitations::view;
use super::query::{Query, cut};
use super::request::{counted, run};
use super::users::named;
use crate::images;
use crate::json::ApiError;
use crate::state::App;
use crate::store::{organization_invitations, organizations};

pub(super) async fn list(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    query: Query,
) -> Result<Response<Body>, ApiError> {
    let (page, statuses) = (query.page()?, query.words("status", &STATUSES)?);
    let (data, total) = run(&app, move |flow| {
        let user = named(flow.connection, &id)?;
        let mut found = organization_invitations::to_user(flow.connection, &user.id, flow.now)?;
        let is_wanted = |found: &str| statuses.is_empty() || statuses.iter().any(|status| status == found);
        found.retain(|one| is_wanted(one.status.as_str()));
        let total = found.len();
        let mut data = Vec::new();
        for invitation in cut(found, page) {
            let mut view = view(flow, &invitation, None)?;
            if let Some(organization) = organizations::find(flow.connection, &invitation.organization_id)? {
                view["public_organization_data"] = json!({
                    "id": organization.id,
                    "name": organization.name,
                    "slug": organization.slug,
                    "image_url": images::url(&flow.application.origin, &organization.id, organization.image_id.as_deref()),
                    "has_image": organization.image_id.is_some(),
                });
            }
            data.push(view);
        }
        Ok((data, total))
    })
    .await?;
    Ok(counted(&data, total))
}
