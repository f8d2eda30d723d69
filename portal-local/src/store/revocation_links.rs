//! Links that end a session which its owner does not know. The ticket is kept as a hash, and is good once.

use portal_sdk::clock::UnixTime;
use rusqlite::{Connection, Result, params};

use super::Millis;
use super::record::Rows as _;
use crate::secrets::hash;

pub(crate) fn insert(connection: &Connection, ticket: &str, session_id: &str, expires_at: UnixTime) -> Result<()> {
    let insert = "INSERT INTO revocation_links (ticket_hash, session_id, expires_at) VALUES (?, ?, ?)";
    connection.run(insert, params![hash(ticket), session_id, Millis(expires_at)])
}

/// Returns the session that the link ends, if the link is still valid.
pub(crate) fn find(connection: &Connection, ticket: &str, now: UnixTime) -> Result<Option<String>> {
    let query = "SELECT session_id FROM revocation_links WHERE ticket_hash = ? AND expires_at > ?";
    connection.value(query, params![hash(ticket), Millis(now)])
}

/// Takes the link out of the store and says which session it ends.
pub(crate) fn take(connection: &Connection, ticket: &str, now: UnixTime) -> Result<Option<String>> {
    let found = find(connection, ticket, now)?;
    connection.run("DELETE FROM revocation_links WHERE ticket_hash = ?", [hash(ticket)])?;
    Ok(found)
}
