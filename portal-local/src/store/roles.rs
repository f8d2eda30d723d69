//! Roles and permissions: Clerk's own, which are always there, and those of the application.

use rusqlite::params;

use super::record::record;
use super::{Db, Result};
use crate::ids;

pub(crate) const ADMIN: &str = "org:admin";
pub(crate) const MEMBER: &str = "org:member";

pub(crate) const MANAGE_PROFILE: &str = "org:sys_profile:manage";
pub(crate) const DELETE_PROFILE: &str = "org:sys_profile:delete";
pub(crate) const READ_MEMBERSHIPS: &str = "org:sys_memberships:read";
pub(crate) const MANAGE_MEMBERSHIPS: &str = "org:sys_memberships:manage";
const READ_BILLING: &str = "org:sys_billing:read";

/// Clerk's permissions with their names. They guard Clerk's own pages and never appear in session tokens.
const SYSTEM_PERMISSIONS: [(&str, &str); 9] = [
    (MANAGE_PROFILE, "Manage organization"),
    (DELETE_PROFILE, "Delete organization"),
    (READ_MEMBERSHIPS, "Read members"),
    (MANAGE_MEMBERSHIPS, "Manage members"),
    ("org:sys_domains:read", "Read domains"),
    ("org:sys_domains:manage", "Manage domains"),
    (READ_BILLING, "Read billing"),
    ("org:sys_billing:manage", "Manage billing"),
    ("org:sys_entconns:manage", "Manage enterprise connections"),
];

record! {
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub(crate) struct Role in "roles" {
        pub(crate) id: String,
        pub(crate) key: String,
        pub(crate) name: String,
        pub(crate) description: String,
    }
}

/// Returns `true` for a system permission of Clerk's.
pub(crate) fn is_system(permission_key: &str) -> bool {
    permission_key.starts_with("org:sys_")
}

/// Adds missing system roles and permissions of Clerk's.
pub(crate) fn ensure_system(db: Db<'_>) -> Result<()> {
    for (key, name) in SYSTEM_PERMISSIONS {
        add_permission(db, key, name)?;
    }
    let all: Vec<&str> = SYSTEM_PERMISSIONS.iter().map(|(key, _)| *key).collect();
    if find(db, ADMIN)?.is_none() {
        let names = ("Admin", "Manages the organization and its members");
        put(db, ADMIN, names, &all)?;
    }
    if find(db, MEMBER)?.is_none() {
        let names = ("Member", "Works in the organization");
        put(db, MEMBER, names, &[READ_MEMBERSHIPS, READ_BILLING])?;
    }
    Ok(())
}

/// Creates a role, or changes its name and description, and adds `permissions` to it. Unknown permissions are created.
pub(crate) fn put(db: Db<'_>, key: &str, (name, description): (&str, &str), permissions: &[&str]) -> Result<()> {
    db.run(
        "INSERT INTO roles (id, key, name, description) VALUES (?, ?, ?, ?)
         ON CONFLICT (key) DO UPDATE SET name = excluded.name, description = excluded.description",
        params![ids::new_id(ids::ROLE, db.now), key, name, description],
    )?;
    for permission in permissions {
        add_permission(db, permission, permission)?;
        let add = "INSERT OR IGNORE INTO role_permissions (role_key, permission_key) VALUES (?, ?)";
        db.run(add, [key, permission])?;
    }
    Ok(())
}

fn add_permission(db: Db<'_>, key: &str, name: &str) -> Result<()> {
    let add = "INSERT OR IGNORE INTO permissions (id, key, name) VALUES (?, ?, ?)";
    db.run(add, params![ids::new_id(ids::PERMISSION, db.now), key, name])
}

pub(crate) fn find(db: Db<'_>, key: &str) -> Result<Option<Role>> {
    db.find("key = ?", [key])
}

/// Every role, in the order in which they were made.
pub(crate) fn all(db: Db<'_>) -> Result<Vec<Role>> {
    db.list("TRUE ORDER BY rowid", [])
}

/// The permissions of a role, sorted.
pub(crate) fn permissions(db: Db<'_>, role_key: &str) -> Result<Vec<String>> {
    let query = "SELECT permission_key FROM role_permissions WHERE role_key = ? ORDER BY permission_key";
    db.values(query, [role_key])
}

/// The name of a permission.
pub(crate) fn permission_name(db: Db<'_>, key: &str) -> Result<String> {
    let name = db.value("SELECT name FROM permissions WHERE key = ?", [key])?;
    Ok(name.unwrap_or_else(|| key.to_owned()))
}
