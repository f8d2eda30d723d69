//! Clients: what one browser holds at this instance, its sessions and its attempts to sign in or up.

use portal_sdk::clock::UnixTime;
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::{DevBrowser, Millis};
use crate::ids;

#[derive(Clone, Debug)]
pub(crate) struct Client {
    pub(crate) id: String,
    /// The session that applications see; it may have ended since.
    pub(crate) last_active_session_id: Option<String>,
    pub(crate) sign_in_id: Option<String>,
    pub(crate) sign_up_id: Option<String>,
    /// The time of the last sign-in or sign-out; becomes `__client_uat`.
    pub(crate) updated_at: UnixTime,
    pub(crate) created_at: UnixTime,
}

const COLUMNS: &str = "clients.id, clients.last_active_session_id, clients.sign_in_id, clients.sign_up_id, clients.updated_at, \
     clients.created_at";

fn read(row: &Row<'_>) -> rusqlite::Result<Client> {
    Ok(Client {
        id: row.get(0)?,
        last_active_session_id: row.get(1)?,
        sign_in_id: row.get(2)?,
        sign_up_id: row.get(3)?,
        updated_at: row.get::<_, Millis>(4)?.0,
        created_at: row.get::<_, Millis>(5)?.0,
    })
}

pub(crate) fn find(connection: &Connection, id: &str) -> rusqlite::Result<Option<Client>> {
    connection
        .prepare_cached(&format!("SELECT {COLUMNS} FROM clients WHERE id = ?"))?
        .query_row([id], read)
        .optional()
}

/// Every client, the latest first.
pub(crate) fn all(connection: &Connection) -> rusqlite::Result<Vec<Client>> {
    connection
        .prepare_cached(&format!(
            "SELECT {COLUMNS} FROM clients ORDER BY created_at DESC, rowid DESC"
        ))?
        .query_map([], read)?
        .collect()
}

/// The client that a development browser has by now. (The link is looked up each time: a request that runs beside this
/// one may have just made it.)
pub(crate) fn find_of_dev_browser(
    connection: &Connection,
    dev_browser: &DevBrowser,
) -> rusqlite::Result<Option<Client>> {
    connection
        .prepare_cached(&format!(
            "SELECT {COLUMNS} FROM clients JOIN dev_browsers ON dev_browsers.client_id = clients.id
             WHERE dev_browsers.id = ?"
        ))?
        .query_row([&dev_browser.id], read)
        .optional()
}

/// The development browser's client; a new one if it has none yet.
pub(crate) fn of_dev_browser(
    connection: &Connection,
    dev_browser: &DevBrowser,
    now: UnixTime,
) -> rusqlite::Result<Client> {
    if let Some(client) = find_of_dev_browser(connection, dev_browser)? {
        return Ok(client);
    }
    let client = insert(connection, now)?;
    connection.execute(
        "UPDATE dev_browsers SET client_id = ? WHERE id = ?",
        params![client.id, dev_browser.id],
    )?;
    Ok(client)
}

/// A client that belongs to no browser yet.
pub(crate) fn insert(connection: &Connection, now: UnixTime) -> rusqlite::Result<Client> {
    let client = Client {
        id: ids::new_id(ids::CLIENT, now),
        last_active_session_id: None,
        sign_in_id: None,
        sign_up_id: None,
        updated_at: now,
        created_at: now,
    };
    connection.execute(
        "INSERT INTO clients (id, created_at, updated_at) VALUES (?, ?, ?)",
        params![client.id, Millis(now), Millis(now)],
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

/// This is the session that applications see from now on.
pub(crate) fn set_active(
    connection: &Connection,
    client_id: &str,
    session_id: &str,
    now: UnixTime,
) -> rusqlite::Result<()> {
    connection.execute(
        "UPDATE clients SET last_active_session_id = ?, updated_at = ? WHERE id = ?",
        params![session_id, Millis(now), client_id],
    )?;
    Ok(())
}

/// Removes an ended session from its client.
///
/// If applications saw this one, the browser is signed out for them until the user chooses another account.
pub(crate) fn forget_session(
    connection: &Connection,
    client_id: &str,
    session_id: &str,
    now: UnixTime,
) -> rusqlite::Result<()> {
    connection.execute(
        "UPDATE clients SET last_active_session_id = nullif(last_active_session_id, ?), updated_at = ? WHERE id = ?",
        params![session_id, Millis(now), client_id],
    )?;
    Ok(())
}
