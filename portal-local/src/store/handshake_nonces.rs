//! Handshake payloads that wait to be fetched, each once and not for long.

use portal_sdk::clock::UnixTime;
use rusqlite::{Connection, params};

use super::record::Rows as _;
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
    connection.run("DELETE FROM handshake_nonces WHERE expire_at <= ?", [Millis(now)])?;
    connection.run(
        "INSERT INTO handshake_nonces (nonce_hash, directives, expire_at) VALUES (?, ?, ?)",
        params![hash(nonce), serde_json::to_string(directives)?, Millis(expire_at)],
    )?;
    Ok(())
}

/// Takes the payload out of the store: the second caller finds nothing.
pub(crate) fn take(connection: &Connection, nonce: &str, now: UnixTime) -> Result<Option<Vec<String>>, StoreError> {
    let taken: Option<Option<String>> = connection.value(
        "DELETE FROM handshake_nonces WHERE nonce_hash = ?1 RETURNING iif(expire_at > ?2, directives, NULL)",
        params![hash(nonce), Millis(now)],
    )?;
    match taken.flatten() {
        Some(directives) => Ok(Some(serde_json::from_str(&directives)?)),
        None => Ok(None),
    }
}
