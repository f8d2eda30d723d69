//! Organizations.

use portal_sdk::clock::UnixTime;
use rusqlite::params;

use super::record::record;
use super::{Db, Metadata, Millis, Result};

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
pub(crate) fn find(db: Db<'_>, id_or_slug: &str) -> Result<Option<Organization>> {
    db.find("id = ?1 OR slug = ?1", [id_or_slug])
}

/// Organizations whose name or slug contains `query` or whose id is `query` (empty: all of them), the latest first.
pub(crate) fn search(db: Db<'_>, query: &str) -> Result<Vec<Organization>> {
    let is_like = "(?1 = '' OR id = ?1 OR instr(lower(name), lower(?1)) > 0 OR instr(slug, lower(?1)) > 0)";
    db.latest_first(is_like, [query])
}

/// Returns the latest organization that `user_id` created under this name since `since`.
pub(crate) fn created_since(db: Db<'_>, user_id: &str, name: &str, since: UnixTime) -> Result<Option<Organization>> {
    let is_recent = "created_by = ? AND name = ? AND created_at >= ? ORDER BY created_at DESC, rowid DESC LIMIT 1";
    db.find(is_recent, params![user_id, name, Millis(since)])
}

pub(crate) fn insert(db: Db<'_>, organization: &Organization) -> Result<()> {
    db.insert(organization, &[])
}

/// Writes everything that can change.
pub(crate) fn update(db: Db<'_>, organization: &Organization) -> Result<()> {
    db.set::<Organization>(
        &organization.id,
        &[
            ("name", &organization.name),
            ("slug", &organization.slug),
            ("max_allowed_memberships", &organization.max_allowed_memberships),
            ("admin_delete_enabled", &organization.admin_delete_enabled),
            ("public_metadata", &organization.public_metadata),
            ("private_metadata", &organization.private_metadata),
            ("created_at", &Millis(organization.created_at)),
            ("updated_at", &Millis(db.now)),
        ],
    )
}

/// Removes the organization with its memberships and invitations; sessions forget it.
pub(crate) fn delete(db: Db<'_>, id: &str) -> Result<()> {
    db.delete::<Organization>(id)
}
