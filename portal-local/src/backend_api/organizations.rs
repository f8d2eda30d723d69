//! `/v1/organizations`: list, create, read, change, delete.

use axum::extract::Path;
use serde::Deserialize;
use serde_json::{Value, json};

use super::query::{Query, SortKey};
use super::request::{Answer, JsonBody, deleted, missing};
use super::user_fields::created_at;
use crate::flow::{Flow, NewOrganization};
use crate::images;
use crate::json::ApiError;
use crate::store::roles::{MANAGE_MEMBERSHIPS, READ_MEMBERSHIPS};
use crate::store::{Db, Metadata, Organization, StoreError, TicketStatus};
use crate::store::{memberships, organization_invitations, organizations, users};

/// The permissions that a member needs to manage other members.
const ELEVATED: [&str; 2] = [MANAGE_MEMBERSHIPS, READ_MEMBERSHIPS];
const FIELDS: [&str; 3] = ["name", "created_at", "members_count"];

/// The organization of a path, by id or slug.
pub(super) fn named(db: Db<'_>, id_or_slug: &str) -> Result<Organization, ApiError> {
    organizations::find(db, id_or_slug)?.ok_or_else(ApiError::not_found)
}

pub(super) fn list(flow: &Flow<'_>, query: Query) -> Answer {
    let (page, order, asked) = (query.page()?, query.order(&FIELDS)?, Asked::read(&query)?);
    let (ids, users) = (query.selected("organization_id")?, query.selected("user_id")?);
    let mut found = Vec::new();
    for organization in organizations::search(flow.db, query.value("query").unwrap_or_default())? {
        let members = memberships::user_ids(flow.db, &organization.id)?;
        if ids.admits(|id| id == organization.id) && users.admits(|id| members.iter().any(|member| member == id)) {
            found.push((organization, members.len()));
        }
    }
    order.sort(&mut found, |(organization, members), field| match field {
        "name" => Some(organization.name.as_str()).into(),
        "members_count" => SortKey::Number(i64::try_from(*members).unwrap_or(i64::MAX)),
        _ => organization.created_at.into(),
    });
    page.counted(found, |(organization, _)| Ok(asked.view(flow, &organization)?))
}

/// Fields of an organization that are returned only on request.
#[derive(Clone, Copy)]
pub(super) struct Asked {
    members_count: bool,
    missing_manager: bool,
}

impl Asked {
    /// All of them, as in events.
    pub(super) const EVERYTHING: Self = Self {
        members_count: true,
        missing_manager: true,
    };

    fn read(query: &Query) -> Result<Self, ApiError> {
        Ok(Self {
            members_count: query.flag("include_members_count")?,
            missing_manager: query.flag("include_missing_member_with_elevated_permissions")?,
        })
    }

    pub(super) fn view(self, flow: &Flow<'_>, organization: &Organization) -> Result<Value, StoreError> {
        let mut view = view(&flow.application.origin, organization);
        if self.members_count {
            let pending = Some(TicketStatus::Pending);
            let invited = organization_invitations::of_organization(flow.db, &organization.id, pending)?.len();
            view["members_count"] = memberships::count(flow.db, &organization.id)?.into();
            view["pending_invitations_count"] = invited.into();
        }
        if self.missing_manager {
            let managers = memberships::others_with_permissions(flow.db, &organization.id, "", ELEVATED)?;
            view["missing_member_with_elevated_permissions"] = (managers == 0).into();
        }
        Ok(view)
    }
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
    created_at: Option<String>,
}

pub(super) fn create(flow: &Flow<'_>, JsonBody(body): JsonBody<NewBody>) -> Answer {
    let new = NewOrganization {
        id: None,
        name: body.name.ok_or_else(|| missing("name"))?,
        slug: body.slug.unwrap_or_default(),
        created_by: body.created_by,
        max_allowed_memberships: body.max_allowed_memberships,
        public_metadata: body.public_metadata.unwrap_or_default(),
        private_metadata: body.private_metadata.unwrap_or_default(),
        created_at: created_at(body.created_at.as_deref())?,
    };
    if let Some(creator) = &new.created_by
        && users::find(flow.db, creator)?.is_none()
    {
        return Err(ApiError::not_found().param("created_by"));
    }
    let asked = Asked {
        members_count: true,
        missing_manager: false,
    };
    Ok(asked.view(flow, &flow.create_organization(new)?)?)
}

pub(super) fn show(flow: &Flow<'_>, Path(id): Path<String>, query: Query) -> Answer {
    let asked = Asked::read(&query)?;
    Ok(asked.view(flow, &named(flow.db, &id)?)?)
}

#[derive(Deserialize)]
pub(super) struct ChangeBody {
    name: Option<String>,
    slug: Option<String>,
    max_allowed_memberships: Option<u32>,
    admin_delete_enabled: Option<bool>,
    public_metadata: Option<Metadata>,
    private_metadata: Option<Metadata>,
    created_at: Option<String>,
}

pub(super) fn change(flow: &Flow<'_>, Path(id): Path<String>, JsonBody(body): JsonBody<ChangeBody>) -> Answer {
    let created_at = created_at(body.created_at.as_deref())?;
    edit(flow, &id, |known| Organization {
        name: body.name.unwrap_or(known.name),
        slug: body.slug.unwrap_or(known.slug),
        max_allowed_memberships: body.max_allowed_memberships.unwrap_or(known.max_allowed_memberships),
        admin_delete_enabled: body.admin_delete_enabled.unwrap_or(known.admin_delete_enabled),
        public_metadata: body.public_metadata.unwrap_or(known.public_metadata),
        private_metadata: body.private_metadata.unwrap_or(known.private_metadata),
        created_at: created_at.unwrap_or(known.created_at),
        ..known
    })
}

#[derive(Deserialize)]
pub(super) struct MetadataBody {
    public_metadata: Option<Metadata>,
    private_metadata: Option<Metadata>,
}

/// Merges each field of the body into what the organization has.
pub(super) fn merge_metadata(
    flow: &Flow<'_>,
    Path(id): Path<String>,
    JsonBody(body): JsonBody<MetadataBody>,
) -> Answer {
    edit(flow, &id, |mut known| {
        known.public_metadata.merge(&body.public_metadata.unwrap_or_default());
        known.private_metadata.merge(&body.private_metadata.unwrap_or_default());
        known
    })
}

/// Replaces each field of the body as a whole; the others stay (`PUT` of Clerk's API version 2026-05-12).
pub(super) fn replace_metadata(
    flow: &Flow<'_>,
    Path(id): Path<String>,
    JsonBody(body): JsonBody<MetadataBody>,
) -> Answer {
    edit(flow, &id, |known| Organization {
        public_metadata: body.public_metadata.unwrap_or(known.public_metadata),
        private_metadata: body.private_metadata.unwrap_or(known.private_metadata),
        ..known
    })
}

/// Reads an organization, lets `work` change it, writes it, and answers with how it is then.
fn edit(flow: &Flow<'_>, id: &str, work: impl FnOnce(Organization) -> Organization) -> Answer {
    let changed = flow.update_organization(work(named(flow.db, id)?))?;
    Ok(view(&flow.application.origin, &changed))
}

pub(super) fn delete(flow: &Flow<'_>, Path(id): Path<String>) -> Answer {
    let organization = named(flow.db, &id)?;
    flow.delete_organization(&organization)?;
    Ok(deleted("organization", &organization.id))
}

/// Every field that the API describes.
pub(super) fn view(origin: &str, organization: &Organization) -> Value {
    let mut view = json!({
        "object": "organization",
        "id": organization.id,
        "name": organization.name,
        "slug": organization.slug,
        "image_url": images::url(origin, &organization.id, organization.image_id.as_deref()),
        "has_image": organization.image_id.is_some(),
        "max_allowed_memberships": organization.max_allowed_memberships,
        "admin_delete_enabled": organization.admin_delete_enabled,
        "public_metadata": organization.public_metadata,
        "private_metadata": organization.private_metadata,
        "created_at": organization.created_at.as_millis(),
        "updated_at": organization.updated_at.as_millis(),
        "role_set_key": null,
    });
    // Absent, never null: a seeded organization has no creator.
    if let Some(creator) = &organization.created_by {
        view["created_by"] = creator.as_str().into();
    }
    view
}
