//! `/v1/organizations`: list, create, read, change, delete.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{Response, StatusCode};
use rusqlite::Connection;
use serde::Deserialize;
use serde_json::{Value, json};

use super::request::{JsonBody, Query, attempt, counted, cut, deleted, missing};
use crate::app::App;
use crate::flow::{NewOrganization, create_organization, delete_organization, update_organization};
use crate::json::{ApiError, json};
use crate::store::{InvitationStatus, Metadata, Organization, StoreError};
use crate::store::{memberships, organization_invitations, organizations, users};

/// The organization of a path, by id or slug.
pub(super) fn named(connection: &Connection, id_or_slug: &str) -> Result<Organization, ApiError> {
    organizations::find(connection, id_or_slug)?.ok_or_else(ApiError::not_found)
}

pub(super) async fn list(State(app): State<Arc<App>>, query: Query) -> Result<Response<Body>, ApiError> {
    let page = query.page()?;
    let origin = app.origin.clone();
    let (data, total) = attempt(&app, move |connection| {
        let with_counts = query.flag("include_members_count");
        let found = matching(connection, &query)?;
        let total = found.len();
        let mut data = Vec::new();
        for organization in cut(found, page) {
            data.push(counted_view(connection, &origin, &organization, with_counts)?);
        }
        Ok((data, total))
    })
    .await?;
    Ok(counted(&data, total))
}

/// The organizations that a query describes, the latest first.
fn matching(connection: &Connection, query: &Query) -> Result<Vec<Organization>, StoreError> {
    let (ids, users) = (query.values("organization_id"), query.values("user_id"));
    let mut found = Vec::new();
    for organization in organizations::search(connection, query.value("query").unwrap_or_default())? {
        let mut is_theirs = users.is_empty();
        for user in &users {
            is_theirs |= memberships::find(connection, &organization.id, user)?.is_some();
        }
        if is_theirs && (ids.is_empty() || ids.contains(&organization.id.as_str())) {
            found.push(organization);
        }
    }
    Ok(found)
}

#[derive(Deserialize)]
pub(super) struct NewBody {
    name: Option<String>,
    #[serde(default)]
    slug: Option<String>,
    created_by: Option<String>,
    max_allowed_memberships: Option<u32>,
    public_metadata: Option<Metadata>,
    private_metadata: Option<Metadata>,
}

pub(super) async fn create(
    State(app): State<Arc<App>>,
    JsonBody(body): JsonBody<NewBody>,
) -> Result<Response<Body>, ApiError> {
    let now = app.now();
    let new = NewOrganization {
        id: None,
        name: body.name.ok_or_else(|| missing("name"))?,
        slug: body.slug.unwrap_or_default(),
        created_by: body.created_by,
        max_allowed_memberships: body.max_allowed_memberships,
        public_metadata: body.public_metadata.unwrap_or_default(),
        private_metadata: body.private_metadata.unwrap_or_default(),
    };
    let origin = app.origin.clone();
    let body = attempt(&app, move |connection| {
        if let Some(creator) = &new.created_by
            && users::find(connection, creator)?.is_none()
        {
            return Err(ApiError::not_found().param("created_by"));
        }
        let organization = create_organization(connection, new, now)??;
        Ok(counted_view(connection, &origin, &organization, true)?)
    })
    .await?;
    Ok(json(StatusCode::OK, &body))
}

pub(super) async fn show(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    query: Query,
) -> Result<Response<Body>, ApiError> {
    let origin = app.origin.clone();
    let body = attempt(&app, move |connection| {
        let organization = named(connection, &id)?;
        let with_counts = query.flag("include_members_count");
        Ok(counted_view(connection, &origin, &organization, with_counts)?)
    })
    .await?;
    Ok(json(StatusCode::OK, &body))
}

#[derive(Deserialize)]
pub(super) struct ChangeBody {
    name: Option<String>,
    slug: Option<String>,
    max_allowed_memberships: Option<u32>,
    admin_delete_enabled: Option<bool>,
    public_metadata: Option<Metadata>,
    private_metadata: Option<Metadata>,
}

pub(super) async fn change(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    JsonBody(body): JsonBody<ChangeBody>,
) -> Result<Response<Body>, ApiError> {
    let now = app.now();
    let origin = app.origin.clone();
    let body = attempt(&app, move |connection| {
        let known = named(connection, &id)?;
        let wanted = Organization {
            name: body.name.unwrap_or(known.name),
            slug: body.slug.unwrap_or(known.slug),
            max_allowed_memberships: body.max_allowed_memberships.unwrap_or(known.max_allowed_memberships),
            admin_delete_enabled: body.admin_delete_enabled.unwrap_or(known.admin_delete_enabled),
            public_metadata: body.public_metadata.unwrap_or(known.public_metadata),
            private_metadata: body.private_metadata.unwrap_or(known.private_metadata),
            ..known
        };
        let changed = update_organization(connection, wanted, now)??;
        Ok(view(&origin, &changed))
    })
    .await?;
    Ok(json(StatusCode::OK, &body))
}

#[derive(Deserialize)]
pub(super) struct MetadataBody {
    #[serde(default)]
    public_metadata: Metadata,
    #[serde(default)]
    private_metadata: Metadata,
}

/// Merges instead of replacing.
pub(super) async fn merge_metadata(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    JsonBody(body): JsonBody<MetadataBody>,
) -> Result<Response<Body>, ApiError> {
    let now = app.now();
    let origin = app.origin.clone();
    let body = attempt(&app, move |connection| {
        let mut organization = named(connection, &id)?;
        organization.public_metadata.merge(&body.public_metadata);
        organization.private_metadata.merge(&body.private_metadata);
        let changed = update_organization(connection, organization, now)??;
        Ok(view(&origin, &changed))
    })
    .await?;
    Ok(json(StatusCode::OK, &body))
}

pub(super) async fn delete(State(app): State<Arc<App>>, Path(id): Path<String>) -> Result<Response<Body>, ApiError> {
    let now = app.now();
    let id = attempt(&app, move |connection| {
        let organization = named(connection, &id)?;
        delete_organization(connection, &organization, now)?;
        Ok(organization.id)
    })
    .await?;
    Ok(deleted("organization", &id))
}

fn counted_view(
    connection: &Connection,
    origin: &str,
    organization: &Organization,
    with_counts: bool,
) -> Result<Value, StoreError> {
    let mut view = view(origin, organization);
    if with_counts {
        let pending = Some(InvitationStatus::Pending);
        let now = organization.updated_at;
        let invited = organization_invitations::of_organization(connection, &organization.id, pending, now)?.len();
        view["members_count"] = memberships::count(connection, &organization.id)?.into();
        view["pending_invitations_count"] = invited.into();
    }
    Ok(view)
}

/// Every field that the API describes.
pub(super) fn view(origin: &str, organization: &Organization) -> Value {
    let mut view = json!({
        "object": "organization",
        "id": organization.id,
        "name": organization.name,
        "slug": organization.slug,
        "image_url": format!("{origin}/__local/avatar/{}.svg", organization.id),
        "has_image": false,
        "max_allowed_memberships": organization.max_allowed_memberships,
        "admin_delete_enabled": organization.admin_delete_enabled,
        "public_metadata": organization.public_metadata,
        "private_metadata": organization.private_metadata,
        "created_at": organization.created_at.as_millis(),
        "updated_at": organization.updated_at.as_millis(),
        "role_set_key": null,
    });
    // It may be absent, not null: nobody created what was there from the start.
    if let Some(creator) = &organization.created_by {
        view["created_by"] = creator.as_str().into();
    }
    view
}
