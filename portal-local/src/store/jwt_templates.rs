//! JWT templates: the claims, the lifetime and the leeway of tokens for other services.

use portal_sdk::clock::UnixTime;

use super::record::record;
use super::{Db, Metadata, Millis, Result};

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

pub(crate) fn find(db: Db<'_>, id: &str) -> Result<Option<JwtTemplate>> {
    db.find("id = ?", [id])
}

pub(crate) fn find_by_name(db: Db<'_>, name: &str) -> Result<Option<JwtTemplate>> {
    db.find("name = ?", [name])
}

/// Every template, the latest first.
pub(crate) fn all(db: Db<'_>) -> Result<Vec<JwtTemplate>> {
    db.latest_first("TRUE", [])
}

/// Adds the template, or writes it over the one with its id.
pub(crate) fn put(db: Db<'_>, template: &JwtTemplate) -> Result<()> {
    if find(db, &template.id)?.is_none() {
        return db.insert(template, &[]);
    }
    db.set::<JwtTemplate>(
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
pub(crate) fn delete(db: Db<'_>, id: &str) -> Result<bool> {
    db.changed("DELETE FROM jwt_templates WHERE id = ?", [id])
}
