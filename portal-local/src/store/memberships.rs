//! Memberships: who belongs to an organization, in which role.

use portal_sdk::clock::UnixTime;
use rusqlite::params;

use super::record::{Cells, Record as _, record};
use super::{Db, Metadata, Millis, Result};
use crate::ids;

record! {
    #[derive(Clone, Debug)]
    pub(crate) struct Membership in "memberships" {
        pub(crate) id: String,
        pub(crate) organization_id: String,
        pub(crate) user_id: String,
        pub(crate) role_key: String,
        pub(crate) public_metadata: Metadata,
        pub(crate) private_metadata: Metadata,
        pub(crate) created_at: UnixTime,
        pub(crate) updated_at: UnixTime,
    }
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
    pub(crate) banned: bool,
    pub(crate) image_id: Option<String>,
}

impl Member {
    /// Reads the fields of the role and the user, which follow the membership's.
    fn read(membership: Membership, cells: &mut Cells<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            membership,
            role_name: cells.cell()?,
            first_name: cells.cell()?,
            last_name: cells.cell()?,
            identifier: cells.cell()?,
            banned: cells.cell()?,
            image_id: cells.cell()?,
        })
    }
}

pub(crate) fn find(db: Db<'_>, organization_id: &str, user_id: &str) -> Result<Option<Membership>> {
    db.find("organization_id = ? AND user_id = ?", [organization_id, user_id])
}

/// The membership with this ID.
pub(crate) fn find_by_id(db: Db<'_>, id: &str) -> Result<Option<Membership>> {
    db.find("id = ?", [id])
}

/// A membership with the shown fields of its user, also one that was just deleted; `None` if its user is deleted.
pub(crate) fn member(db: Db<'_>, membership: &Membership) -> Result<Option<Member>> {
    let select = "SELECT roles.name, users.first_name, users.last_name, email_addresses.address, users.banned,
                         (SELECT images.id FROM images WHERE images.owner_id = users.id)
         FROM users JOIN roles ON roles.key = ?2
         LEFT JOIN email_addresses ON email_addresses.id = users.primary_email_address_id WHERE users.id = ?1";
    let mut found = db.rows(select, [&membership.user_id, &membership.role_key], |cells| {
        Member::read(membership.clone(), cells)
    })?;
    Ok(found.pop())
}

/// The user's memberships, the oldest first.
pub(crate) fn of_user(db: Db<'_>, user_id: &str) -> Result<Vec<Membership>> {
    db.oldest_first("user_id = ?", [user_id])
}

/// Members whose name, address or id contains `query`, the oldest first, and how many there are.
pub(crate) fn search(
    db: Db<'_>,
    organization_id: &str,
    query: &str,
    limit: u32,
    offset: u32,
) -> Result<(Vec<Member>, u32)> {
    const FROM: &str = "FROM memberships
         JOIN users ON users.id = memberships.user_id
         JOIN roles ON roles.key = memberships.role_key
         LEFT JOIN email_addresses ON email_addresses.id = users.primary_email_address_id
         WHERE memberships.organization_id = ?1 AND (?2 = '' OR users.id = ?2 OR instr(lower(
             coalesce(users.first_name, '') || ' ' || coalesce(users.last_name, '') || ' ' ||
             coalesce(email_addresses.address, '')), lower(?2)) > 0)";
    let columns: Vec<String> = Membership::COLUMNS
        .iter()
        .map(|column| format!("memberships.{column}"))
        .collect();
    let select = format!(
        "SELECT {}, roles.name, users.first_name, users.last_name, email_addresses.address, users.banned,
                (SELECT images.id FROM images WHERE images.owner_id = users.id)
         {FROM} ORDER BY memberships.created_at, memberships.rowid LIMIT ?3 OFFSET ?4",
        columns.join(", ")
    );
    let members = db.rows(&select, params![organization_id, query, limit, offset], |cells| {
        Member::read(Membership::read(cells)?, cells)
    })?;
    let count = db.value(&format!("SELECT count(*) {FROM}"), [organization_id, query])?;
    Ok((members, count.unwrap_or_default()))
}

/// Every membership, the latest first.
pub(crate) fn all(db: Db<'_>) -> Result<Vec<Membership>> {
    db.latest_first("TRUE", [])
}

/// Writes both kinds of metadata.
pub(crate) fn set_metadata(db: Db<'_>, membership: &Membership) -> Result<()> {
    db.set::<Membership>(
        &membership.id,
        &[
            ("public_metadata", &membership.public_metadata),
            ("private_metadata", &membership.private_metadata),
            ("updated_at", &Millis(db.now)),
        ],
    )
}

/// Returns the IDs of an organization's members.
pub(crate) fn user_ids(db: Db<'_>, organization_id: &str) -> Result<Vec<String>> {
    db.values(
        "SELECT user_id FROM memberships WHERE organization_id = ?",
        [organization_id],
    )
}

pub(crate) fn count(db: Db<'_>, organization_id: &str) -> Result<u32> {
    let count = db.value(
        "SELECT count(*) FROM memberships WHERE organization_id = ?",
        [organization_id],
    )?;
    Ok(count.unwrap_or_default())
}

/// Returns the number of members besides `user_id` with both permissions.
pub(crate) fn others_with_permissions(
    db: Db<'_>,
    organization_id: &str,
    user_id: &str,
    permissions: [&str; 2],
) -> Result<u32> {
    let count = db.value(
        "SELECT count(*) FROM memberships WHERE organization_id = ?1 AND user_id <> ?2
           AND role_key IN (SELECT role_key FROM role_permissions WHERE permission_key = ?3)
           AND role_key IN (SELECT role_key FROM role_permissions WHERE permission_key = ?4)",
        [organization_id, user_id, permissions[0], permissions[1]],
    )?;
    Ok(count.unwrap_or_default())
}

pub(crate) fn insert(
    db: Db<'_>,
    organization_id: &str,
    user_id: &str,
    role_key: &str,
    metadata: (&Metadata, &Metadata),
) -> Result<Membership> {
    let new = Membership {
        id: ids::new_id(ids::MEMBERSHIP, db.now),
        organization_id: organization_id.to_owned(),
        user_id: user_id.to_owned(),
        role_key: role_key.to_owned(),
        public_metadata: metadata.0.clone(),
        private_metadata: metadata.1.clone(),
        created_at: db.now,
        updated_at: db.now,
    };
    db.insert(&new, &[])?;
    Ok(new)
}

pub(crate) fn set_role(db: Db<'_>, id: &str, role_key: &str) -> Result<()> {
    db.set::<Membership>(id, &[("role_key", &role_key), ("updated_at", &Millis(db.now))])
}

pub(crate) fn delete(db: Db<'_>, id: &str) -> Result<()> {
    db.delete::<Membership>(id)
}
