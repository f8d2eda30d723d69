//! Handshake payloads that wait to be fetched, each once and not for long.

use portal_sdk::clock::UnixTime;
use rusqlite::{Connection, OptionalExtension as _, params};

use super::{Millis, StoreError};
use crate::secrets::hash;

pub(crate) fn insert(
    connection: &Connection,
    nonce: &str,
    directives: &[String],
    now: UnixTime,
    expire_at: UnixTime,
) -> Result<(), StoreError> {
    // Delete unfetched payloads too: they hold tokens in plain text.
    connection.execute("DELETE FROM handshake_nonces WHERE expire_at <= ?", [Millis(now)])?;
    connection.execute(
        "INSERT INTO handshake_nonces (nonce_hash, directives, expire_at) VALUES (?, ?, ?)",
        params![hash(nonce), serde_json::to_string(directives)?, Millis(expire_at)],
    )?;
    Ok(())
}

/// Takes the payload out of the store: the second caller finds nothing.
pub(crate) fn take(connection: &Connection, nonce: &str, now: UnixTime) -> Result<Option<Vec<String>>, StoreError> {
    let row: Option<(String, Millis)> = connection
        .query_row(
            "DELETE FROM handshake_nonces WHERE nonce_hash = ? RETURNING directives, expire_at",
            [hash(nonce)],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .optional()?;
    match row {
        Some((directives, expire_at)) if expire_at.0 > now => Ok(Some(serde_json::from_str(&directives)?)),
        _ => Ok(None),
    }
}
