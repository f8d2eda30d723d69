//! Clients: what one browser holds at this instance, its session and its attempts to sign in or up.

use portal_sdk::clock::UnixTime;
use rusqlite::{Connection, OptionalExtension as _, params};

use super::{DevBrowser, Millis};
use crate::ids;

#[derive(Clone, Debug)]
pub(crate) struct Client {
    pub(crate) id: String,
    pub(crate) sign_in_id: Option<String>,
    pub(crate) sign_up_id: Option<String>,
    /// When somebody last signed in or out here; becomes `__client_uat`.
    pub(crate) updated_at: UnixTime,
}

pub(crate) fn find(connection: &Connection, id: &str) -> rusqlite::Result<Option<Client>> {
    connection
        .prepare_cached("SELECT id, sign_in_id, sign_up_id, updated_at FROM clients WHERE id = ?")?
        .query_row([id], |row| {
            Ok(Client {
                id: row.get(0)?,
                sign_in_id: row.get(1)?,
                sign_up_id: row.get(2)?,
                updated_at: row.get::<_, Millis>(3)?.0,
            })
        })
        .optional()
}

/// The development browser's client; a new one if it has none yet.
pub(crate) fn of_dev_browser(
    connection: &Connection,
    dev_browser: &DevBrowser,
    now: UnixTime,
) -> rusqlite::Result<Client> {
    if let Some(client_id) = &dev_browser.client_id
        && let Some(client) = find(connection, client_id)?
    {
        return Ok(client);
    }
    let client = Client {
        id: ids::new_id(ids::CLIENT, now),
        sign_in_id: None,
        sign_up_id: None,
        updated_at: now,
    };
    connection.execute(
        "INSERT INTO clients (id, created_at, updated_at) VALUES (?, ?, ?)",
        params![client.id, Millis(now), Millis(now)],
    )?;
    connection.execute(
        "UPDATE dev_browsers SET client_id = ? WHERE id = ?",
        params![client.id, dev_browser.id],
    )?;
    Ok(client)
}

pub(crate) fn set_sign_in(connection: &Connection, client_id: &str, sign_in_id: &str) -> rusqlite::Result<()> {
    connection.execute(
        "UPDATE clients SET sign_in_id = ? WHERE id = ?",
        [sign_in_id, client_id],
    )?;
    Ok(())
}

pub(crate) fn set_sign_up(connection: &Connection, client_id: &str, sign_up_id: &str) -> rusqlite::Result<()> {
    connection.execute(
        "UPDATE clients SET sign_up_id = ? WHERE id = ?",
        [sign_up_id, client_id],
    )?;
    Ok(())
}

/// Somebody signed in (`session_id`) or out (`None`).
pub(crate) fn set_session(
    connection: &Connection,
    client_id: &str,
    session_id: Option<&str>,
    now: UnixTime,
) -> rusqlite::Result<()> {
    connection.execute(
        "UPDATE clients SET last_active_session_id = ?, updated_at = ? WHERE id = ?",
        params![session_id, Millis(now), client_id],
    )?;
    Ok(())
}
