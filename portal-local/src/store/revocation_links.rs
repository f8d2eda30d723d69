//! Links that end a session which its owner does not know. The ticket is kept as a hash, and is good once.

use portal_sdk::clock::UnixTime;
use rusqlite::params;

use super::{Db, Millis, Result};
use crate::secrets::hash;

pub(crate) fn insert(db: Db<'_>, ticket: &str, session_id: &str, expires_at: UnixTime) -> Result<()> {
    let insert = "INSERT INTO revocation_links (ticket_hash, session_id, expires_at) VALUES (?, ?, ?)";
    db.run(insert, params![hash(ticket), session_id, Millis(expires_at)])
}

/// Returns the session that the link ends, if the link is still valid.
pub(crate) fn find(db: Db<'_>, ticket: &str) -> Result<Option<String>> {
    let query = "SELECT session_id FROM revocation_links WHERE ticket_hash = ? AND expires_at > ?";
    db.value(query, params![hash(ticket), Millis(db.now)])
}

/// Takes the link out of the store and says which session it ends.
pub(crate) fn take(db: Db<'_>, ticket: &str) -> Result<Option<String>> {
    let found = find(db, ticket)?;
    db.run("DELETE FROM revocation_links WHERE ticket_hash = ?", [hash(ticket)])?;
    Ok(found)
}
