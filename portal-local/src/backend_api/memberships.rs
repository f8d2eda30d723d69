//! `/v1/organizations/{id}/memberships` and `/v1/users/{id}/organization_memberships`.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{Response, StatusCode};
use rusqlite::Connection;
use serde::Deserialize;
use serde_json::{Value, json};

use super::organizations::{named, view as organization_view};
use super::query::{Query, cut};
use super::request::{JsonBody, attempt, counted, missing, run};
use super::user_filters::{Person, UserFilter};
use crate::images;
use crate::json::{ApiError, json};
use crate::state::App;
use crate::store::{Member, Membership, Metadata, Organization, StoreError};
use crate::store::{memberships, organizations, roles, users};

const FIELDS: [&str; 6] = [
    "phone_number",
    "email_address",
    "created_at",
    "first_name",
    "last_name",
    "username",
];

pub(super) async fn list(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    query: Query,
) -> Result<Response<Body>, ApiError> {
    let (page, order, wanted) = (query.page()?, query.order(&FIELDS)?, UserFilter::read(&query)?);
    let (wanted_roles, origin) = (query.values("role")?, app.origin.clone());
    let (data, total) = attempt(&app, move |connection| {
        let organization = named(connection, &id)?;
        let people = wanted.find(connection)?;
        // The search gives the oldest first.
        let (members, _) = memberships::search(connection, &organization.id, "", u32::MAX, 0)?;
        let mut matching: Vec<(Member, &Person)> = members
            .into_iter()
            .rev()
            .filter(|member| wanted_roles.is_empty() || wanted_roles.contains(&member.membership.role_key))
            .filter_map(|member| {
                let person = people
                    .iter()
                    .find(|person| person.user.id == member.membership.user_id)?;
                Some((member, person))
            })
            .collect();
        order.sort(&mut matching, |(member, person), field| match field {
            "created_at" => member.membership.created_at.into(),
            _ => person.sort_key(field),
        });
        let total = matching.len();
        let mut data = Vec::new();
        for (member, _) in cut(matching, page) {
            data.push(view(connection, &origin, &organization, &member)?);
        }
        Ok((data, total))
    })
    .await?;
    Ok(counted(&data, total))
}

pub(super) async fn of_user(
    State(app): State<Arc<App>>,
    Path(user_id): Path<String>,
    query: Query,
) -> Result<Response<Body>, ApiError> {
    let page = query.page()?;
    let origin = app.origin.clone();
    let (data, total) = attempt(&app, move |connection| {
        if users::find(connection, &user_id)?.is_none() {
            return Err(ApiError::not_found());
        }
        let theirs = memberships::of_user(connection, &user_id)?;
        let total = theirs.len();
        let mut data = Vec::new();
        for membership in cut(theirs, page) {
            if let Some(organization) = organizations::find(connection, &membership.organization_id)? {
                data.push(one(connection, &origin, &organization, &membership)?);
            }
        }
        Ok((data, total))
    })
    .await?;
    Ok(counted(&data, total))
}

/// The memberships of every organization.
pub(super) async fn of_instance(State(app): State<Arc<App>>, query: Query) -> Result<Response<Body>, ApiError> {
    let (page, order, origin) = (query.page()?, query.order(&FIELDS)?, app.origin.clone());
    let wanted = UserFilter::read(&query)?;
    let (data, total) = attempt(&app, move |connection| {
        let people = wanted.find(connection)?;
        let mut all: Vec<(Membership, &Person)> = memberships::all(connection)?
            .into_iter()
            .filter_map(|membership| {
                let person = people.iter().find(|person| person.user.id == membership.user_id)?;
                Some((membership, person))
            })
            .collect();
        order.sort(&mut all, |(membership, person), field| match field {
            "created_at" => membership.created_at.into(),
            _ => person.sort_key(field),
        });
        let total = all.len();
        let mut data = Vec::new();
        for (membership, _) in cut(all, page) {
            let organization = named(connection, &membership.organization_id)?;
            data.push(one(connection, &origin, &organization, &membership)?);
        }
        Ok((data, total))
    })
    .await?;
    Ok(counted(&data, total))
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
    Path((id, user_id)): Path<(String, String)>,
    JsonBody(body): JsonBody<MetadataBody>,
) -> Result<Response<Body>, ApiError> {
    let (now, origin) = (app.now(), app.origin.clone());
    let body = attempt(&app, move |connection| {
        let organization = named(connection, &id)?;
        let found = memberships::find(connection, &organization.id, &user_id)?;
        let mut membership = found.ok_or_else(ApiError::not_found)?;
        membership.public_metadata.merge(&body.public_metadata);
        membership.private_metadata.merge(&body.private_metadata);
        memberships::set_metadata(connection, &membership, now)?;
        Ok(one(connection, &origin, &organization, &membership)?)
    })
    .await?;
    Ok(json(StatusCode::OK, &body))
}

#[derive(Deserialize)]
pub(super) struct NewBody {
    user_id: Option<String>,
    role: Option<String>,
    #[serde(default)]
    public_metadata: Metadata,
    #[serde(default)]
    private_metadata: Metadata,
}

pub(super) async fn create(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    JsonBody(body): JsonBody<NewBody>,
) -> Result<Response<Body>, ApiError> {
    let origin = app.origin.clone();
    let user_id = body.user_id.ok_or_else(|| missing("user_id"))?;
    let role = body.role.ok_or_else(|| missing("role"))?;
    let body = run(&app, move |flow| {
        let organization = named(flow.connection, &id)?;
        let metadata = (&body.public_metadata, &body.private_metadata);
        let membership = flow.add_member(&organization, &user_id, &role, metadata)?;
        Ok(one(flow.connection, &origin, &organization, &membership)?)
    })
    .await?;
    Ok(json(StatusCode::OK, &body))
}

#[derive(Deserialize)]
pub(super) struct RoleBody {
    role: Option<String>,
}

pub(super) async fn change(
    State(app): State<Arc<App>>,
    Path((id, user_id)): Path<(String, String)>,
    JsonBody(body): JsonBody<RoleBody>,
) -> Result<Response<Body>, ApiError> {
    let origin = app.origin.clone();
    let role = body.role.ok_or_else(|| missing("role"))?;
    let body = run(&app, move |flow| {
        let organization = named(flow.connection, &id)?;
        let membership = flow.change_role(&organization, &user_id, &role)?;
        Ok(one(flow.connection, &origin, &organization, &membership)?)
    })
    .await?;
    Ok(json(StatusCode::OK, &body))
}

pub(super) async fn delete(
    State(app): State<Arc<App>>,
    Path((id, user_id)): Path<(String, String)>,
) -> Result<Response<Body>, ApiError> {
    let origin = app.origin.clone();
    let body = run(&app, move |flow| {
        let organization = named(flow.connection, &id)?;
        let Some(membership) = memberships::find(flow.connection, &organization.id, &user_id)? else {
            return Err(ApiError::not_found());
        };
        let body = one(flow.connection, &origin, &organization, &membership)?;
        flow.remove_member(&organization, &user_id)?;
        Ok(body)
    })
    .await?;
    Ok(json(StatusCode::OK, &body))
}

fn one(
    connection: &Connection,
    origin: &str,
    organization: &Organization,
    membership: &Membership,
) -> Result<Value, StoreError> {
    let (members, _) = memberships::search(connection, &organization.id, &membership.user_id, 1, 0)?;
    match members.first() {
        Some(member) => view(connection, origin, organization, member),
        None => Ok(Value::Null),
    }
}

/// Every field that the API describes.
fn view(
    connection: &Connection,
    origin: &str,
    organization: &Organization,
    member: &Member,
) -> Result<Value, StoreError> {
    let membership = &member.membership;
    let image_url = images::url(origin, &membership.user_id, member.image_id.as_deref());
    Ok(json!({
        "object": "organization_membership",
        "id": membership.id,
        "role": membership.role_key,
        "role_name": member.role_name,
        "permissions": roles::permissions(connection, &membership.role_key)?,
        "public_metadata": membership.public_metadata,
        "private_metadata": membership.private_metadata,
        "organization": organization_view(origin, organization),
        "public_user_data": {
            "user_id": membership.user_id,
            "first_name": member.first_name,
            "last_name": member.last_name,
            "profile_image_url": image_url,
            "image_url": image_url,
            "has_image": member.image_id.is_some(),
            "identifier": member.identifier,
            "username": null,
            "banned": member.banned,
        },
        "created_at": membership.created_at.as_millis(),
        "updated_at": membership.updated_at.as_millis(),
    }))
}
