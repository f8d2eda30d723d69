//! Wrong codes per address, for addresses without an account.

use portal_sdk::clock::UnixTime;
use rusqlite::{Connection, Result, params};

use super::Millis;
use super::email_addresses::normalize;
use super::record::{Rows as _, record};

record! {
    #[derive(Clone, Copy, Debug, Default)]
    pub(crate) struct CodeLimit in "code_limits" {
        pub(crate) wrong: u32,
        pub(crate) locked_until: Option<UnixTime>,
    }
}

/// The stored limit of an address; the default if missing.
pub(crate) fn find(connection: &Connection, address: &str) -> Result<CodeLimit> {
    let found = connection.find("address_norm = ?", [normalize(address)])?;
    Ok(found.unwrap_or_default())
}

pub(crate) fn set(connection: &Connection, address: &str, limit: CodeLimit, now: UnixTime) -> Result<()> {
    let locked_until = limit.locked_until.map(Millis);
    connection.run(
        "INSERT INTO code_limits (address_norm, wrong, locked_until, updated_at) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (address_norm) DO UPDATE SET wrong = ?2, locked_until = ?3, updated_at = ?4",
        params![normalize(address), limit.wrong, locked_until, Millis(now)],
    )
}

/// Resets the count of an address.
pub(crate) fn forget(connection: &Connection, address: &str) -> Result<()> {
    connection.run("DELETE FROM code_limits WHERE address_norm = ?", [normalize(address)])
}
