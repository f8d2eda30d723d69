//! `/v1/organizations/{id}/memberships` and `/v1/users/{id}/organization_memberships`.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{Response, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};

use super::organizations::{named, view as organization_view};
use super::query::{Query, cut};
use super::request::{JsonBody, counted, missing, run};
use super::user_filters::{Person, UserFilter};
use crate::flow::Flow;
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
    let wanted_roles = query.values("role")?;
    let (data, total) = run(&app, move |flow| {
        let organization = named(flow.connection, &id)?;
        let people = wanted.find(flow.connection)?;
        // The search gives the oldest first.
        let (members, _) = memberships::search(flow.connection, &organization.id, "", u32::MAX, 0)?;
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
            data.push(view(flow, &organization, &member)?);
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
    let (data, total) = run(&app, move |flow| {
        if users::find(flow.connection, &user_id)?.is_none() {
            return Err(ApiError::not_found());
        }
        let theirs = memberships::of_user(flow.connection, &user_id)?;
        let total = theirs.len();
        let mut data = Vec::new();
        for membership in cut(theirs, page) {
            if let Some(organization) = organizations::find(flow.connection, &membership.organization_id)? {
                data.push(one(flow, &organization, &membership)?);
            }
        }
        Ok((data, total))
    })
    .await?;
    Ok(counted(&data, total))
}

/// The memberships of every organization.
pub(super) async fn of_instance(State(app): State<Arc<App>>, query: Query) -> Result<Response<Body>, ApiError> {
    let (page, order) = (query.page()?, query.order(&FIELDS)?);
    let wanted = UserFilter::read(&query)?;
    let (data, total) = run(&app, move |flow| {
        let people = wanted.find(flow.connection)?;
        let mut all: Vec<(Membership, &Person)> = memberships::all(flow.connection)?
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
            let organization = named(flow.connection, &membership.organization_id)?;
            data.push(one(flow, &organization, &membership)?);
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
    let body = run(&app, move |flow| {
        let organization = named(flow.connection, &id)?;
        let found = memberships::find(flow.connection, &organization.id, &user_id)?;
        let mut membership = found.ok_or_else(ApiError::not_found)?;
        membership.public_metadata.merge(&body.public_metadata);
        membership.private_metadata.merge(&body.private_metadata);
        memberships::set_metadata(flow.connection, &membership, flow.now)?;
        Ok(one(flow, &organization, &membership)?)
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
    let user_id = body.user_id.ok_or_else(|| missing("user_id"))?;
    let role = body.role.ok_or_else(|| missing("role"))?;
    let body = run(&app, move |flow| {
        let organization = named(flow.connection, &id)?;
        let metadata = (&body.public_metadata, &body.private_metadata);
        let membership = flow.add_member(&organization, &user_id, &role, metadata)?;
        Ok(one(flow, &organization, &membership)?)
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
    let role = body.role.ok_or_else(|| missing("role"))?;
    let body = run(&app, move |flow| {
        let organization = named(flow.connection, &id)?;
        let membership = flow.change_role(&organization, &user_id, &role)?;
        Ok(one(flow, &organization, &membership)?)
    })
    .await?;
    Ok(json(StatusCode::OK, &body))
}

pub(super) async fn delete(
    State(app): State<Arc<App>>,
    Path((id, user_id)): Path<(String, String)>,
) -> Result<Response<Body>, ApiError> {
    let body = run(&app, move |flow| {
        let organization = named(flow.connection, &id)?;
        let Some(membership) = memberships::find(flow.connection, &organization.id, &user_id)? else {
            return Err(ApiError::not_found());
        };
        let body = one(flow, &organization, &membership)?;
        flow.remove_member(&organization, &user_id)?;
        Ok(body)
    })
    .await?;
    Ok(json(StatusCode::OK, &body))
}

fn one(flow: &Flow<'_>, organization: &Organization, membership: &Membership) -> Result<Value, StoreError> {
    let (members, _) = memberships::search(flow.connection, &organization.id, &membership.user_id, 1, 0)?;
    match members.first() {
        Some(member) => view(flow, organization, member),
        None => Ok(Value::Null),
    }
}

/// Every field that the API describes.
fn view(flow: &Flow<'_>, organization: &Organization, member: &Member) -> Result<Value, StoreError> {
    let membership = &member.membership;
    let image_url = images::url(
        &flow.application.origin,
        &membership.user_id,
        member.image_id.as_deref(),
    );
    Ok(json!({
        "object": "organization_membership",
        "id": membership.id,
        "role": membership.role_key,
        "role_name": member.role_name,
        "permissions": roles::permissions(flow.connection, &membership.role_key)?,
        "public_metadata": membership.public_metadata,
        "private_metadata": membership.private_metadata,
        "organization": organization_view(&flow.application.origin, organization),
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
