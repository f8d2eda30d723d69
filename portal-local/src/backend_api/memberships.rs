//! `/v1/organizations/{id}/memberships` and `/v1/users/{id}/organization_memberships`.

use axum::extract::Path;
use serde::Deserialize;
use serde_json::{Value, json};

use super::organizations::{named, view as organization_view};
use super::query::Query;
use super::request::{Answer, JsonBody, missing};
use super::user_filters::{Person, UserFilter};
use super::users::named as user_named;
use crate::flow::Flow;
use crate::images;
use crate::json::ApiError;
use crate::store::{Member, Membership, Metadata, Organization, StoreError};
use crate::store::{memberships, roles};

const FIELDS: [&str; 6] = [
    "phone_number",
    "email_address",
    "created_at",
    "first_name",
    "last_name",
    "username",
];

pub(super) fn list(flow: &Flow<'_>, Path(id): Path<String>, query: Query) -> Answer {
    let (page, order, wanted) = (query.page()?, query.order(&FIELDS)?, UserFilter::read(&query)?);
    let wanted_roles = query.values("role")?;
    let organization = named(flow.db, &id)?;
    let people = wanted.find(flow.db)?;
    // The search gives the oldest first.
    let (members, _) = memberships::search(flow.db, &organization.id, "", u32::MAX, 0)?;
    let mut matching: Vec<(Member, &Person)> = members
        .into_iter()
        .rev()
        .filter(|member| wanted_roles.is_empty() || wanted_roles.contains(&member.membership.role_key))
        .filter_map(|member| {
            let person = person_of(&member.membership, &people)?;
            Some((member, person))
        })
        .collect();
    order.sort(&mut matching, |(member, person), field| match field {
        "created_at" => member.membership.created_at.into(),
        _ => person.sort_key(field),
    });
    page.counted(matching, |(member, _)| Ok(view(flow, &organization, &member)?))
}

pub(super) fn of_user(flow: &Flow<'_>, Path(user_id): Path<String>, query: Query) -> Answer {
    let page = query.page()?;
    let user = user_named(flow.db, &user_id)?;
    let theirs = memberships::of_user(flow.db, &user.id)?;
    page.counted(theirs, |membership| of_organization(flow, &membership))
}

/// The memberships of every organization.
pub(super) fn of_instance(flow: &Flow<'_>, query: Query) -> Answer {
    let (page, order) = (query.page()?, query.order(&FIELDS)?);
    let people = UserFilter::read(&query)?.find(flow.db)?;
    let mut all: Vec<(Membership, &Person)> = memberships::all(flow.db)?
        .into_iter()
        .filter_map(|membership| {
            let person = person_of(&membership, &people)?;
            Some((membership, person))
        })
        .collect();
    order.sort(&mut all, |(membership, person), field| match field {
        "created_at" => membership.created_at.into(),
        _ => person.sort_key(field),
    });
    page.counted(all, |(membership, _)| of_organization(flow, &membership))
}

fn person_of<'a>(membership: &Membership, people: &'a [Person]) -> Option<&'a Person> {
    people.iter().find(|person| person.user.id == membership.user_id)
}

#[derive(Deserialize)]
pub(super) struct MetadataBody {
    #[serde(default)]
    public_metadata: Metadata,
    #[serde(default)]
    private_metadata: Metadata,
}

type Ids = Path<(String, String)>;

/// Merges instead of replacing.
pub(super) fn merge_metadata(
    flow: &Flow<'_>,
    Path((id, user_id)): Ids,
    JsonBody(body): JsonBody<MetadataBody>,
) -> Answer {
    let organization = named(flow.db, &id)?;
    let found = memberships::find(flow.db, &organization.id, &user_id)?;
    let mut membership = found.ok_or_else(ApiError::not_found)?;
    membership.public_metadata.merge(&body.public_metadata);
    membership.private_metadata.merge(&body.private_metadata);
    memberships::set_metadata(flow.db, &membership)?;
    one(flow, &organization, &membership)
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

pub(super) fn create(flow: &Flow<'_>, Path(id): Path<String>, JsonBody(body): JsonBody<NewBody>) -> Answer {
    let user_id = body.user_id.ok_or_else(|| missing("user_id"))?;
    let role = body.role.ok_or_else(|| missing("role"))?;
    let organization = named(flow.db, &id)?;
    let metadata = (&body.public_metadata, &body.private_metadata);
    let membership = flow.add_member(&organization, &user_id, &role, metadata)?;
    one(flow, &organization, &membership)
}

#[derive(Deserialize)]
pub(super) struct RoleBody {
    role: Option<String>,
}

pub(super) fn change(flow: &Flow<'_>, Path((id, user_id)): Ids, JsonBody(body): JsonBody<RoleBody>) -> Answer {
    let role = body.role.ok_or_else(|| missing("role"))?;
    let organization = named(flow.db, &id)?;
    let membership = flow.change_role(&organization, &user_id, &role)?;
    one(flow, &organization, &membership)
}

pub(super) fn delete(flow: &Flow<'_>, Path((id, user_id)): Ids) -> Answer {
    let organization = named(flow.db, &id)?;
    let found = memberships::find(flow.db, &organization.id, &user_id)?;
    let view = one(flow, &organization, &found.ok_or_else(ApiError::not_found)?)?;
    flow.remove_member(&organization, &user_id)?;
    Ok(view)
}

/// A membership of any organization.
fn of_organization(flow: &Flow<'_>, membership: &Membership) -> Answer {
    one(flow, &named(flow.db, &membership.organization_id)?, membership)
}

fn one(flow: &Flow<'_>, organization: &Organization, membership: &Membership) -> Answer {
    let (members, _) = memberships::search(flow.db, &organization.id, &membership.user_id, 1, 0)?;
    match members.first() {
        Some(member) => Ok(view(flow, organization, member)?),
        None => Ok(Value::Null),
    }
}

/// Every field that the API describes.
pub(super) fn view(flow: &Flow<'_>, organization: &Organization, member: &Member) -> Result<Value, StoreError> {
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
        "permissions": roles::permissions(flow.db, &membership.role_key)?,
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
