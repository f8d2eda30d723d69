//! Organizations.

use portal_sdk::clock::UnixTime;
use rusqlite::{Connection, Result, params};

use super::record::{Rows as _, record};
use super::{Metadata, Millis};

record! {
    #[derive(Clone, Debug)]
    pub(crate) struct Organization in "organizations" {
        pub(crate) id: String,
        pub(crate) name: String,
        pub(crate) slug: String,
        pub(crate) created_by: Option<String>,
        pub(crate) image_id: Option<String> = "(SELECT images.id FROM images WHERE images.owner_id = organizations.id)",
        /// 0 is without limit.
        pub(crate) max_allowed_memberships: u32,
        pub(crate) admin_delete_enabled: bool,
        pub(crate) public_metadata: Metadata,
        pub(crate) private_metadata: Metadata,
        pub(crate) created_at: UnixTime,
        pub(crate) updated_at: UnixTime,
    }
}

/// The organization with this id or, since no slug contains an underscore, this slug.
pub(crate) fn find(connection: &Connection, id_or_slug: &str) -> Result<Option<Organization>> {
    connection.find("id = ?1 OR slug = ?1", [id_or_slug])
}

/// Organizations whose name or slug contains `query` or whose id is `query` (empty: all of them), the latest first.
pub(crate) fn search(connection: &Connection, query: &str) -> Result<Vec<Organization>> {
    let is_like = "(?1 = '' OR id = ?1 OR instr(lower(name), lower(?1)) > 0 OR instr(slug, lower(?1)) > 0)";
    connection.latest_first(is_like, [query])
}

/// Returns the latest organization that `user_id` created under this name since `since`.
pub(crate) fn created_since(
    connection: &Connection,
    user_id: &str,
    name: &str,
    since: UnixTime,
) -> Result<Option<Organization>> {
    let is_recent = "created_by = ? AND name = ? AND created_at >= ? ORDER BY created_at DESC, rowid DESC LIMIT 1";
    connection.find(is_recent, params![user_id, name, Millis(since)])
}

pub(crate) fn insert(connection: &Connection, organization: &Organization) -> Result<()> {
    connection.insert(organization, &[])
}

/// Writes everything that can change.
pub(crate) fn update(connection: &Connection, organization: &Organization, now: UnixTime) -> Result<()> {
    connection.set::<Organization>(
        &organization.id,
        &[
            ("name", &organization.name),
            ("slug", &organization.slug),
            ("max_allowed_memberships", &organization.max_allowed_memberships),
            ("admin_delete_enabled", &organization.admin_delete_enabled),
            ("public_metadata", &organization.public_metadata),
            ("private_metadata", &organization.private_metadata),
            ("created_at", &Millis(organization.created_at)),
            ("updated_at", &Millis(now)),
        ],
    )
}

/// Removes the organization with its memberships and invitations; sessions forget it.
pub(crate) fn delete(connection: &Connection, id: &str) -> Result<()> {
    connection.delete::<Organization>(id)
}
