//! Wrong codes per address, for addresses without an account.

use portal_sdk::clock::UnixTime;
use rusqlite::{Connection, OptionalExtension as _, params};

use super::Millis;
use super::email_addresses::normalize;

#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct CodeLimit {
    pub(crate) wrong: u32,
    pub(crate) locked_until: Option<UnixTime>,
}

/// The stored limit of an address; the default if missing.
pub(crate) fn find(connection: &Connection, address: &str) -> rusqlite::Result<CodeLimit> {
    let found = connection
        .prepare_cached("SELECT wrong, locked_until FROM code_limits WHERE address_norm = ?")?
        .query_row([normalize(address)], |row| {
            Ok(CodeLimit {
                wrong: row.get(0)?,
                locked_until: row.get::<_, Option<Millis>>(1)?.map(|at| at.0),
            })
        })
        .optional()?;
    Ok(found.unwrap_or_default())
}

pub(crate) fn set(connection: &Connection, address: &str, limit: CodeLimit, now: UnixTime) -> rusqlite::Result<()> {
    connection.execute(
        "INSERT INTO code_limits (address_norm, wrong, locked_until, updated_at) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (address_norm) DO UPDATE SET wrong = ?2, locked_until = ?3, updated_at = ?4",
        params![
            normalize(address),
            limit.wrong,
            limit.locked_until.map(Millis),
            Millis(now)
        ],
    )?;
    Ok(())
}

/// Resets the count of an address.
pub(crate) fn forget(connection: &Connection, address: &str) -> rusqlite::Result<()> {
    connection.execute("DELETE FROM code_limits WHERE address_norm = ?", [normalize(address)])?;
    Ok(())
}
