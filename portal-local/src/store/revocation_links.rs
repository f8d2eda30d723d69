//! Links that end a session which its owner does not know. The ticket is kept as a hash, and is good once.

use portal_sdk::clock::UnixTime;
use rusqlite::{Connection, OptionalExtension as _, params};

use super::Millis;
use crate::secrets::hash;

pub(crate) fn insert(
    connection: &Connection,
    ticket: &str,
    session_id: &str,
    expires_at: UnixTime,
) -> rusqlite::Result<()> {
    connection.execute(
        "INSERT INTO revocation_links (ticket_hash, session_id, expires_at) VALUES (?, ?, ?)",
        params![hash(ticket), session_id, Millis(expires_at)],
    )?;
    Ok(())
}

/// Returns the session that the link ends, if the link is still valid.
pub(crate) fn find(connection: &Connection, ticket: &str, now: UnixTime) -> rusqlite::Result<Option<String>> {
    connection
        .prepare_cached("SELECT session_id FROM revocation_links WHERE ticket_hash = ? AND expires_at > ?")?
        .query_row(params![hash(ticket), Millis(now)], |row| row.get(0))
        .optional()
}

/// Takes the link out of the store and says which session it ends.
pub(crate) fn take(connection: &Connection, ticket: &str, now: UnixTime) -> rusqlite::Result<Option<String>> {
    let row: Option<(String, Millis)> = connection
        .query_row(
            "DELETE FROM revocation_links WHERE ticket_hash = ? RETURNING session_id, expires_at",
            [hash(ticket)],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .optional()?;
    Ok(row.filter(|(_, expires_at)| expires_at.0 > now).map(|(id, _)| id))
}
