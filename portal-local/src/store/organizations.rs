//! Organizations.

use portal_sdk::clock::UnixTime;
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::{Metadata, Millis};
use crate::ids;

#[derive(Clone, Debug)]
pub(crate) struct Organization {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) slug: String,
    pub(crate) created_by: Option<String>,
    pub(crate) image_id: Option<String>,
    /// 0 is without limit.
    pub(crate) max_allowed_memberships: u32,
    pub(crate) admin_delete_enabled: bool,
    pub(crate) public_metadata: Metadata,
    pub(crate) private_metadata: Metadata,
    pub(crate) created_at: UnixTime,
    pub(crate) updated_at: UnixTime,
}

const COLUMNS: &str = "id, name, slug, created_by, max_allowed_memberships, admin_delete_enabled, public_metadata, \
                       private_metadata, created_at, updated_at";
const IMAGE_ID: &str = "(SELECT images.id FROM images WHERE images.owner_id = organizations.id)";

fn read(row: &Row<'_>) -> rusqlite::Result<Organization> {
    Ok(Organization {
        id: row.get(0)?,
        name: row.get(1)?,
        slug: row.get(2)?,
        created_by: row.get(3)?,
        max_allowed_memberships: row.get(4)?,
        admin_delete_enabled: row.get(5)?,
        public_metadata: row.get(6)?,
        private_metadata: row.get(7)?,
        created_at: row.get::<_, Millis>(8)?.0,
        updated_at: row.get::<_, Millis>(9)?.0,
        image_id: row.get(10)?,
    })
}

pub(crate) fn new_id(now: UnixTime) -> String {
    ids::new_id(ids::ORGANIZATION, now)
}

/// The organization with this id or, since no slug contains an underscore, this slug.
pub(crate) fn find(connection: &Connection, id_or_slug: &str) -> rusqlite::Result<Option<Organization>> {
    connection
        .prepare_cached(&format!(
            "SELECT {COLUMNS}, {IMAGE_ID} FROM organizations WHERE id = ?1 OR slug = ?1"
        ))?
        .query_row([id_or_slug], read)
        .optional()
}

/// Organizations whose name or slug contains `query` or whose id is `query` (empty: all of them), the latest first.
pub(crate) fn search(connection: &Connection, query: &str) -> rusqlite::Result<Vec<Organization>> {
    connection
        .prepare_cached(&format!(
            "SELECT {COLUMNS}, {IMAGE_ID} FROM organizations
             WHERE ?1 = '' OR id = ?1 OR instr(lower(name), lower(?1)) > 0 OR instr(slug, lower(?1)) > 0
             ORDER BY created_at DESC, rowid DESC"
        ))?
        .query_map([query], read)?
        .collect()
}

/// Returns the latest organization that `user_id` created under this name since `since`.
pub(crate) fn created_since(
    connection: &Connection,
    user_id: &str,
    name: &str,
    since: UnixTime,
) -> rusqlite::Result<Option<Organization>> {
    connection
        .prepare_cached(&format!(
            "SELECT {COLUMNS}, {IMAGE_ID} FROM organizations WHERE created_by = ? AND name = ? AND created_at >= ?
             ORDER BY created_at DESC, rowid DESC LIMIT 1"
        ))?
        .query_row(params![user_id, name, Millis(since)], read)
        .optional()
}

pub(crate) fn insert(connection: &Connection, organization: &Organization) -> rusqlite::Result<()> {
    connection.execute(
        &format!("INSERT INTO organizations ({COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)"),
        params![
            organization.id,
            organization.name,
            organization.slug,
            organization.created_by,
            organization.max_allowed_memberships,
            organization.admin_delete_enabled,
            organization.public_metadata,
            organization.private_metadata,
            Millis(organization.created_at),
            Millis(organization.updated_at)
        ],
    )?;
    Ok(())
}

/// Writes everything that can change.
pub(crate) fn update(connection: &Connection, organization: &Organization, now: UnixTime) -> rusqlite::Result<()> {
    connection.execute(
        "UPDATE organizations SET name = ?, slug = ?, max_allowed_memberships = ?, admin_delete_enabled = ?,
                public_metadata = ?, private_metadata = ?, created_at = ?, updated_at = ? WHERE id = ?",
        params![
            organization.name,
            organization.slug,
            organization.max_allowed_memberships,
            organization.admin_delete_enabled,
            organization.public_metadata,
            organization.private_metadata,
            Millis(organization.created_at),
            Millis(now),
            organization.id
        ],
    )?;
    Ok(())
}

/// Removes the organization with its memberships and invitations; sessions forget it.
pub(crate) fn delete(connection: &Connection, id: &str) -> rusqlite::Result<()> {
    connection.execute("DELETE FROM organizations WHERE id = ?", [id])?;
    Ok(())
}
