//! The allowlist and the blocklist: addresses, and patterns for all addresses of a domain.

use portal_sdk::clock::UnixTime;
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::{Millis, words};
use crate::ids;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum List {
    Allow,
    Block,
}

words!(List {
    Allow = "allow",
    Block = "block",
});

#[derive(Clone, Debug)]
pub(crate) struct ListedIdentifier {
    pub(crate) id: String,
    /// In lower case.
    pub(crate) identifier: String,
    /// The invitation that was sent along.
    pub(crate) invitation_id: Option<String>,
    pub(crate) created_at: UnixTime,
    pub(crate) updated_at: UnixTime,
}

const COLUMNS: &str = "id, identifier, invitation_id, created_at, updated_at";

fn read(row: &Row<'_>) -> rusqlite::Result<ListedIdentifier> {
    Ok(ListedIdentifier {
        id: row.get(0)?,
        identifier: row.get(1)?,
        invitation_id: row.get(2)?,
        created_at: row.get::<_, Millis>(3)?.0,
        updated_at: row.get::<_, Millis>(4)?.0,
    })
}

/// Every entry of a list, the latest first.
pub(crate) fn all(connection: &Connection, list: List) -> rusqlite::Result<Vec<ListedIdentifier>> {
    connection
        .prepare_cached(&format!(
            "SELECT {COLUMNS} FROM listed_identifiers WHERE list = ? ORDER BY created_at DESC, rowid DESC"
        ))?
        .query_map([list], read)?
        .collect()
}

/// Adds an entry; `None` if the list has it already.
pub(crate) fn insert(
    connection: &Connection,
    list: List,
    identifier: &str,
    invitation_id: Option<&str>,
    now: UnixTime,
) -> rusqlite::Result<Option<ListedIdentifier>> {
    let prefix = match list {
        List::Allow => ids::ALLOWLIST_IDENTIFIER,
        List::Block => ids::BLOCKLIST_IDENTIFIER,
    };
    connection
        .prepare_cached(&format!(
            "INSERT INTO listed_identifiers (id, list, identifier, invitation_id, created_at, updated_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?5) ON CONFLICT (list, identifier) DO NOTHING RETURNING {COLUMNS}"
        ))?
        .query_row(
            params![ids::new_id(prefix, now), list, identifier, invitation_id, Millis(now)],
            read,
        )
        .optional()
}

/// Deletes the entry; returns `true` if it existed.
pub(crate) fn delete(connection: &Connection, list: List, id: &str) -> rusqlite::Result<bool> {
    let removed = connection.execute(
        "DELETE FROM listed_identifiers WHERE list = ? AND id = ?",
        params![list, id],
    )?;
    Ok(removed > 0)
}
