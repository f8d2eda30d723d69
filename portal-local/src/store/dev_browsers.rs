//! Development browsers: which browser is asking, across the origins of the application and the portal.

use portal_sdk::clock::UnixTime;
use rusqlite::{Connection, OptionalExtension as _, params};

use super::Millis;
use crate::secrets::hash;

#[derive(Clone, Debug)]
pub(crate) struct DevBrowser {
    pub(crate) id: String,
    /// The application's origin, learnt from the last address this browser was allowed to return to.
    pub(crate) home_origin: Option<String>,
}

/// The browser that `token` names. Only tokens that this instance signed are ever stored, and they are too long to
/// guess, so a known hash proves the signature as well.
pub(crate) fn find_by_token(connection: &Connection, token: &str) -> rusqlite::Result<Option<DevBrowser>> {
    connection
        .prepare_cached("SELECT id, home_origin FROM dev_browsers WHERE token_hash = ?")?
        .query_row([hash(token)], |row| {
            Ok(DevBrowser {
                id: row.get(0)?,
                home_origin: row.get(1)?,
            })
        })
        .optional()
}

pub(crate) fn insert(connection: &Connection, id: String, token: &str, now: UnixTime) -> rusqlite::Result<DevBrowser> {
    connection.execute(
        "INSERT INTO dev_browsers (id, token_hash, created_at) VALUES (?, ?, ?)",
        params![id, hash(token), Millis(now)],
    )?;
    Ok(DevBrowser { id, home_origin: None })
}

pub(crate) fn set_home_origin(connection: &Connection, id: &str, origin: &str) -> rusqlite::Result<()> {
    connection.execute("UPDATE dev_browsers SET home_origin = ? WHERE id = ?", [origin, id])?;
    Ok(())
}
