//! `/v1/users/{id}/organization_invitations`: the invitations to one of a user's addresses.

use axum::extract::Path;
use serde_json::json;

use super::invitation_parameters::STATUSES;
use super::organization_invitations::view;
use super::query::Query;
use super::request::Answer;
use super::users::named;
use crate::flow::Flow;
use crate::images;
use crate::store::{organization_invitations, organizations};

pub(super) fn list(flow: &Flow<'_>, Path(id): Path<String>, query: Query) -> Answer {
    let (page, statuses) = (query.page()?, query.words("status", &STATUSES)?);
    let user = named(flow.db, &id)?;
    let mut found = organization_invitations::to_user(flow.db, &user.id)?;
    found.retain(|one| statuses.admit(one.status.as_str()));
    page.counted(found, |invitation| {
        let mut view = view(flow, &invitation, None)?;
        if let Some(organization) = organizations::find(flow.db, &invitation.organization_id)? {
            view["public_organization_data"] = json!({
                "id": organization.id,
                "name": organization.name,
                "slug": organization.slug,
                "image_url": images::url(&flow.application.origin, &organization.id, organization.image_id.as_deref()),
                "has_image": organization.image_id.is_some(),
            });
        }
        Ok(view)
    })
}
