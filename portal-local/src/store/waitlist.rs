//! The waitlist: addresses that want to be invited.

use portal_sdk::clock::UnixTime;
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::email_addresses::normalize;
use super::{Millis, words};
use crate::ids;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WaitlistStatus {
    Pending,
    Invited,
    Rejected,
    /// The account exists.
    Completed,
}

words!(WaitlistStatus {
    Pending = "pending",
    Invited = "invited",
    Rejected = "rejected",
    Completed = "completed",
});

#[derive(Clone, Debug)]
pub(crate) struct WaitlistEntry {
    pub(crate) id: String,
    pub(crate) address: String,
    pub(crate) status: WaitlistStatus,
    pub(crate) invited_at: Option<UnixTime>,
    pub(crate) created_at: UnixTime,
    pub(crate) updated_at: UnixTime,
}

const COLUMNS: &str = "id, address, status, created_at, updated_at, invited_at";

fn read(row: &Row<'_>) -> rusqlite::Result<WaitlistEntry> {
    Ok(WaitlistEntry {
        id: row.get(0)?,
        address: row.get(1)?,
        status: row.get(2)?,
        created_at: row.get::<_, Millis>(3)?.0,
        updated_at: row.get::<_, Millis>(4)?.0,
        invited_at: row.get::<_, Option<Millis>>(5)?.map(|at| at.0),
    })
}

pub(crate) fn find(connection: &Connection, id: &str) -> rusqlite::Result<Option<WaitlistEntry>> {
    connection
        .prepare_cached(&format!("SELECT {COLUMNS} FROM waitlist_entries WHERE id = ?"))?
        .query_row([id], read)
        .optional()
}

/// Every entry, the latest first.
pub(crate) fn all(connection: &Connection) -> rusqlite::Result<Vec<WaitlistEntry>> {
    connection
        .prepare_cached(&format!(
            "SELECT {COLUMNS} FROM waitlist_entries ORDER BY created_at DESC, rowid DESC"
        ))?
        .query_map([], read)?
        .collect()
}

/// The entry of an address: the one there is, or a new one.
pub(crate) fn join(connection: &Connection, address: &str, now: UnixTime) -> rusqlite::Result<WaitlistEntry> {
    connection.execute(
        "INSERT INTO waitlist_entries (id, address, address_norm, status, created_at, updated_at)
         VALUES (?1, ?2, ?3, 'pending', ?4, ?4) ON CONFLICT (address_norm) DO NOTHING",
        params![
            ids::new_id(ids::WAITLIST_ENTRY, now),
            address,
            normalize(address),
            Millis(now)
        ],
    )?;
    connection
        .prepare_cached(&format!(
            "SELECT {COLUMNS} FROM waitlist_entries WHERE address_norm = ?"
        ))?
        .query_row([normalize(address)], read)
}

pub(crate) fn delete(connection: &Connection, id: &str) -> rusqlite::Result<()> {
    connection.execute("DELETE FROM waitlist_entries WHERE id = ?", [id])?;
    Ok(())
}

pub(crate) fn set_status(
    connection: &Connection,
    address: &str,
    status: WaitlistStatus,
    now: UnixTime,
) -> rusqlite::Result<()> {
    connection.execute(
        "UPDATE waitlist_entries SET status = ?1, updated_at = ?2,
                invited_at = CASE ?1 WHEN 'invited' THEN ?2 ELSE invited_at END WHERE address_norm = ?3",
        params![status, Millis(now), normalize(address)],
    )?;
    Ok(())
}
