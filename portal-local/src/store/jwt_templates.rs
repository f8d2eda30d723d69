//! JWT templates: the claims, the lifetime and the leeway of tokens for other services.

use portal_sdk::clock::UnixTime;
use rusqlite::{Connection, Result};

use super::record::{Rows as _, record};
use super::{Metadata, Millis};

record! {
    #[derive(Clone, Debug)]
    pub(crate) struct JwtTemplate in "jwt_templates" {
        pub(crate) id: String,
        pub(crate) name: String,
        pub(crate) claims: Metadata,
        pub(crate) lifetime_secs: i64,
        pub(crate) allowed_clock_skew_secs: i64,
        pub(crate) created_at: UnixTime,
        pub(crate) updated_at: UnixTime,
    }
}

pub(crate) fn find(connection: &Connection, id: &str) -> Result<Option<JwtTemplate>> {
    connection.find("id = ?", [id])
}

pub(crate) fn find_by_name(connection: &Connection, name: &str) -> Result<Option<JwtTemplate>> {
    connection.find("name = ?", [name])
}

/// Every template, the latest first.
pub(crate) fn all(connection: &Connection) -> Result<Vec<JwtTemplate>> {
    connection.latest_first("TRUE", [])
}

/// Adds the template, or writes it over the one with its id.
pub(crate) fn put(connection: &Connection, template: &JwtTemplate) -> Result<()> {
    if find(connection, &template.id)?.is_none() {
        return connection.insert(template, &[]);
    }
    connection.set::<JwtTemplate>(
        &template.id,
        &[
            ("name", &template.name),
            ("claims", &template.claims),
            ("lifetime_secs", &template.lifetime_secs),
            ("allowed_clock_skew_secs", &template.allowed_clock_skew_secs),
            ("updated_at", &Millis(template.updated_at)),
        ],
    )
}

/// Removes the template. Returns `false` if there was none.
pub(crate) fn delete(connection: &Connection, id: &str) -> Result<bool> {
    connection.changed("DELETE FROM jwt_templates WHERE id = ?", [id])
}
