//! Email addresses, each belonging to one user.

use portal_sdk::clock::UnixTime;
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::{Millis, Strategy};
use crate::ids;

#[derive(Clone, Debug)]
pub(crate) struct EmailAddress {
    pub(crate) id: String,
    pub(crate) user_id: String,
    /// As it was typed.
    pub(crate) address: String,
    pub(crate) verified_at: Option<UnixTime>,
    pub(crate) strategy: Option<Strategy>,
    pub(crate) created_at: UnixTime,
    pub(crate) updated_at: UnixTime,
}

const COLUMNS: &str = "id, user_id, address, verified_at, strategy, created_at, updated_at";

fn read(row: &Row<'_>) -> rusqlite::Result<EmailAddress> {
    Ok(EmailAddress {
        id: row.get(0)?,
        user_id: row.get(1)?,
        address: row.get(2)?,
        verified_at: row.get::<_, Option<Millis>>(3)?.map(|at| at.0),
        strategy: row.get(4)?,
        created_at: row.get::<_, Millis>(5)?.0,
        updated_at: row.get::<_, Millis>(6)?.0,
    })
}

/// Normalizes an address, so that spellings of one mailbox compare equal.
pub(crate) fn normalize(address: &str) -> String {
    address.trim().to_lowercase()
}

pub(crate) fn find_verified(connection: &Connection, address: &str) -> rusqlite::Result<Option<EmailAddress>> {
    connection
        .prepare_cached(&format!(
            "SELECT {COLUMNS} FROM email_addresses WHERE address_norm = ? AND verified_at IS NOT NULL"
        ))?
        .query_row([normalize(address)], read)
        .optional()
}

pub(crate) fn of_user(connection: &Connection, user_id: &str) -> rusqlite::Result<Vec<EmailAddress>> {
    connection
        .prepare_cached(&format!(
            "SELECT {COLUMNS} FROM email_addresses WHERE user_id = ? ORDER BY created_at, rowid"
        ))?
        .query_map([user_id], read)?
        .collect()
}

pub(crate) fn find(connection: &Connection, id: &str) -> rusqlite::Result<Option<EmailAddress>> {
    connection
        .prepare_cached(&format!("SELECT {COLUMNS} FROM email_addresses WHERE id = ?"))?
        .query_row([id], read)
        .optional()
}

/// The user's primary address.
pub(crate) fn primary(connection: &Connection, user_id: &str) -> rusqlite::Result<Option<EmailAddress>> {
    connection
        .prepare_cached(&format!(
            "SELECT {COLUMNS} FROM email_addresses
             WHERE id = (SELECT primary_email_address_id FROM users WHERE id = ?)"
        ))?
        .query_row([user_id], read)
        .optional()
}

/// Adds an address that still has to be proven. Returns its id.
pub(crate) fn insert_unverified(
    connection: &Connection,
    user_id: &str,
    address: &str,
    now: UnixTime,
) -> rusqlite::Result<String> {
    let id = ids::new_id(ids::EMAIL_ADDRESS, now);
    connection.execute(
        "INSERT INTO email_addresses (id, user_id, address, address_norm, strategy, created_at, updated_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6)",
        params![
            id,
            user_id,
            address.trim(),
            normalize(address),
            Strategy::EmailCode,
            Millis(now)
        ],
    )?;
    Ok(id)
}

/// Mail to the address arrives.
pub(crate) fn set_verified(connection: &Connection, id: &str, now: UnixTime) -> rusqlite::Result<()> {
    connection.execute(
        "UPDATE email_addresses SET verified_at = ?1, updated_at = ?1 WHERE id = ?2",
        params![Millis(now), id],
    )?;
    Ok(())
}

/// The address is unverified.
pub(crate) fn set_unverified(connection: &Connection, id: &str, now: UnixTime) -> rusqlite::Result<()> {
    connection.execute(
        "UPDATE email_addresses SET verified_at = NULL, updated_at = ? WHERE id = ?",
        params![Millis(now), id],
    )?;
    Ok(())
}

/// Notes how an address was proven.
pub(crate) fn set_strategy(connection: &Connection, id: &str, strategy: Strategy) -> rusqlite::Result<()> {
    connection.execute(
        "UPDATE email_addresses SET strategy = ? WHERE id = ?",
        params![strategy, id],
    )?;
    Ok(())
}

pub(crate) fn delete(connection: &Connection, id: &str) -> rusqlite::Result<()> {
    connection.execute("DELETE FROM email_addresses WHERE id = ?", [id])?;
    Ok(())
}

/// Adds an address whose owner has just proven that mail to it arrives. Returns its id.
pub(crate) fn insert_verified(
    connection: &Connection,
    user_id: &str,
    address: &str,
    strategy: Strategy,
    now: UnixTime,
) -> rusqlite::Result<String> {
    let id = ids::new_id(ids::EMAIL_ADDRESS, now);
    connection.execute(
        "INSERT INTO email_addresses (id, user_id, address, address_norm, verified_at, strategy, created_at, updated_at)
         VALUES (?1, ?2, ?3, ?4, ?6, ?5, ?6, ?6)",
        params![id, user_id, address.trim(), normalize(address), strategy, Millis(now)],
    )?;
    Ok(id)
}
