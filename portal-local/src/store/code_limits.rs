//! Wrong codes per address, for addresses without an account.

use portal_sdk::clock::UnixTime;
use rusqlite::params;

use super::email_addresses::normalize;
use super::record::record;
use super::{Db, Millis, Result};

record! {
    #[derive(Clone, Copy, Debug, Default)]
    pub(crate) struct CodeLimit in "code_limits" {
        pub(crate) wrong: u32,
        pub(crate) locked_until: Option<UnixTime>,
    }
}

/// The stored limit of an address; the default if missing.
pub(crate) fn find(db: Db<'_>, address: &str) -> Result<CodeLimit> {
    let found = db.find("address_norm = ?", [normalize(address)])?;
    Ok(found.unwrap_or_default())
}

pub(crate) fn set(db: Db<'_>, address: &str, limit: CodeLimit) -> Result<()> {
    let locked_until = limit.locked_until.map(Millis);
    db.run(
        "INSERT INTO code_limits (address_norm, wrong, locked_until, updated_at) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (address_norm) DO UPDATE SET wrong = ?2, locked_until = ?3, updated_at = ?4",
        params![normalize(address), limit.wrong, locked_until, Millis(db.now)],
    )
}

/// Resets the count of an address.
pub(crate) fn forget(db: Db<'_>, address: &str) -> Result<()> {
    db.run("DELETE FROM code_limits WHERE address_norm = ?", [normalize(address)])
}
