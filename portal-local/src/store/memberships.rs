//! Memberships: who belongs to an organization, in which role.

use portal_sdk::clock::UnixTime;
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::{Metadata, Millis};
use crate::ids;

#[derive(Clone, Debug)]
pub(crate) struct Membership {
    pub(crate) id: String,
    pub(crate) organization_id: String,
    pub(crate) user_id: String,
    pub(crate) role_key: String,
    pub(crate) public_metadata: Metadata,
    pub(crate) private_metadata: Metadata,
    pub(crate) created_at: UnixTime,
    pub(crate) updated_at: UnixTime,
}

/// A membership with the shown fields of its user.
#[derive(Clone, Debug)]
pub(crate) struct Member {
    pub(crate) membership: Membership,
    pub(crate) role_name: String,
    pub(crate) first_name: Option<String>,
    pub(crate) last_name: Option<String>,
    /// The primary address.
    pub(crate) identifier: Option<String>,
    pub(crate) image_id: Option<String>,
    pub(crate) banned: bool,
}

const COLUMNS: &str = "memberships.id, memberships.organization_id, memberships.user_id, memberships.role_key, \
                       memberships.public_metadata, memberships.private_metadata, memberships.created_at, \
                       memberships.updated_at";

fn read(row: &Row<'_>) -> rusqlite::Result<Membership> {
    Ok(Membership {
        id: row.get(0)?,
        organization_id: row.get(1)?,
        user_id: row.get(2)?,
        role_key: row.get(3)?,
        public_metadata: row.get(4)?,
        private_metadata: row.get(5)?,
        created_at: row.get::<_, Millis>(6)?.0,
        updated_at: row.get::<_, Millis>(7)?.0,
    })
}

pub(crate) fn find(
    connection: &Connection,
    organization_id: &str,
    user_id: &str,
) -> rusqlite::Result<Option<Membership>> {
    connection
        .prepare_cached(&format!(
            "SELECT {COLUMNS} FROM memberships WHERE organization_id = ? AND user_id = ?"
        ))?
        .query_row([organization_id, user_id], read)
        .optional()
}

/// The user's memberships, the oldest first.
pub(crate) fn of_user(connection: &Connection, user_id: &str) -> rusqlite::Result<Vec<Membership>> {
    connection
        .prepare_cached(&format!(
            "SELECT {COLUMNS} FROM memberships WHERE user_id = ? ORDER BY created_at, rowid"
        ))?
        .query_map([user_id], read)?
        .collect()
}

/// Members whose name, address or id contains `query`, the oldest first, and how many there are.
pub(crate) fn search(
    connection: &Connection,
    organization_id: &str,
    query: &str,
    limit: u32,
    offset: u32,
) -> rusqlite::Result<(Vec<Member>, u32)> {
    const FROM: &str = "FROM memberships
         JOIN users ON users.id = memberships.user_id
         JOIN roles ON roles.key = memberships.role_key
         LEFT JOIN email_addresses ON email_addresses.id = users.primary_email_address_id
         WHERE memberships.organization_id = ?1 AND (?2 = '' OR users.id = ?2 OR instr(lower(
             coalesce(users.first_name, '') || ' ' || coalesce(users.last_name, '') || ' ' ||
             coalesce(email_addresses.address, '')), lower(?2)) > 0)";
    let members = connection
        .prepare_cached(&format!(
            "SELECT {COLUMNS}, roles.name, users.first_name, users.last_name, email_addresses.address, users.banned,
                    (SELECT images.id FROM images WHERE images.owner_id = users.id)
             {FROM} ORDER BY memberships.created_at, memberships.rowid LIMIT ?3 OFFSET ?4"
        ))?
        .query_map(params![organization_id, query, limit, offset], |row| {
            Ok(Member {
                membership: read(row)?,
                role_name: row.get(8)?,
                first_name: row.get(9)?,
                last_name: row.get(10)?,
                identifier: row.get(11)?,
                banned: row.get(12)?,
                image_id: row.get(13)?,
            })
        })?
        .collect::<Result<_, _>>()?;
    let count = connection
        .prepare_cached(&format!("SELECT count(*) {FROM}"))?
        .query_row(params![organization_id, query], |row| row.get(0))?;
    Ok((members, count))
}

/// Every membership, the latest first.
pub(crate) fn all(connection: &Connection) -> rusqlite::Result<Vec<Membership>> {
    connection
        .prepare_cached(&format!(
            "SELECT {COLUMNS} FROM memberships ORDER BY created_at DESC, rowid DESC"
        ))?
        .query_map([], read)?
        .collect()
}

/// Writes both kinds of metadata.
pub(crate) fn set_metadata(connection: &Connection, membership: &Membership, now: UnixTime) -> rusqlite::Result<()> {
    connection.execute(
        "UPDATE memberships SET public_metadata = ?, private_metadata = ?, updated_at = ? WHERE id = ?",
        params![
            membership.public_metadata,
            membership.private_metadata,
            Millis(now),
            membership.id
        ],
    )?;
    Ok(())
}

/// Returns the IDs of an organization's members.
pub(crate) fn user_ids(connection: &Connection, organization_id: &str) -> rusqlite::Result<Vec<String>> {
    connection
        .prepare_cached("SELECT user_id FROM memberships WHERE organization_id = ?")?
        .query_map([organization_id], |row| row.get(0))?
        .collect()
}

pub(crate) fn count(connection: &Connection, organization_id: &str) -> rusqlite::Result<u32> {
    connection
        .prepare_cached("SELECT count(*) FROM memberships WHERE organization_id = ?")?
        .query_row([organization_id], |row| row.get(0))
}

/// Returns the number of members besides `user_id` with both permissions.
pub(crate) fn others_with_permissions(
    connection: &Connection,
    organization_id: &str,
    user_id: &str,
    permissions: [&str; 2],
) -> rusqlite::Result<u32> {
    connection
        .prepare_cached(
            "SELECT count(*) FROM memberships WHERE organization_id = ?1 AND user_id <> ?2
               AND role_key IN (SELECT role_key FROM role_permissions WHERE permission_key = ?3)
               AND role_key IN (SELECT role_key FROM role_permissions WHERE permission_key = ?4)",
        )?
        .query_row(
            params![organization_id, user_id, permissions[0], permissions[1]],
            |row| row.get(0),
        )
}

pub(crate) fn insert(
    connection: &Connection,
    organization_id: &str,
    user_id: &str,
    role_key: &str,
    metadata: (&Metadata, &Metadata),
    now: UnixTime,
) -> rusqlite::Result<()> {
    connection.execute(
        "INSERT INTO memberships (id, organization_id, user_id, role_key, public_metadata, private_metadata,
                created_at, updated_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7)",
        params![
            ids::new_id(ids::MEMBERSHIP, now),
            organization_id,
            user_id,
            role_key,
            metadata.0,
            metadata.1,
            Millis(now)
        ],
    )?;
    Ok(())
}

pub(crate) fn set_role(connection: &Connection, id: &str, role_key: &str, now: UnixTime) -> rusqlite::Result<()> {
    connection.execute(
        "UPDATE memberships SET role_key = ?, updated_at = ? WHERE id = ?",
        params![role_key, Millis(now), id],
    )?;
    Ok(())
}

pub(crate) fn delete(connection: &Connection, id: &str) -> rusqlite::Result<()> {
    connection.execute("DELETE FROM memberships WHERE id = ?", [id])?;
    Ok(())
}
