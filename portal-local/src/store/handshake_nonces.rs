//! Handshake payloads that wait to be fetched, each once and not for long.

use portal_sdk::clock::UnixTime;
use rusqlite::params;

use super::{Db, Millis, Result};
use crate::secrets::hash;

pub(crate) fn insert(db: Db<'_>, nonce: &str, directives: &[String], expire_at: UnixTime) -> Result<()> {
    // Delete unfetched payloads too: they hold tokens in plain text.
    db.run("DELETE FROM handshake_nonces WHERE expire_at <= ?", [Millis(db.now)])?;
    db.run(
        "INSERT INTO handshake_nonces (nonce_hash, directives, expire_at) VALUES (?, ?, ?)",
        params![hash(nonce), serde_json::to_string(directives)?, Millis(expire_at)],
    )
}

/// Takes the payload out of the store: the second caller finds nothing.
pub(crate) fn take(db: Db<'_>, nonce: &str) -> Result<Option<Vec<String>>> {
    let taken: Option<Option<String>> = db.value(
        "DELETE FROM handshake_nonces WHERE nonce_hash = ?1 RETURNING CASE WHEN expire_at > ?2 THEN directives END",
        params![hash(nonce), Millis(db.now)],
    )?;
    match taken.flatten() {
        Some(directives) => Ok(Some(serde_json::from_str(&directives)?)),
        None => Ok(None),
    }
}
