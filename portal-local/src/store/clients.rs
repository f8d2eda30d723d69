//! Clients: what one browser holds at this instance, its sessions and its attempts to sign in or up.

use portal_sdk::clock::UnixTime;
use rusqlite::{Connection, Result, ToSql, params};

use super::record::{Rows as _, record};
use super::{DevBrowser, Millis};
use crate::ids;

record! {
    #[derive(Clone, Debug)]
    pub(crate) struct Client in "clients" {
        pub(crate) id: String,
        /// The session that applications see; it may have ended since.
        pub(crate) last_active_session_id: Option<String>,
        pub(crate) sign_in_id: Option<String>,
        pub(crate) sign_up_id: Option<String>,
        /// The time of the last sign-in or sign-out; becomes `__client_uat`.
        pub(crate) updated_at: UnixTime,
        pub(crate) created_at: UnixTime,
    }
}

pub(crate) fn find(connection: &Connection, id: &str) -> Result<Option<Client>> {
    connection.find("id = ?", [id])
}

/// Every client, the latest first.
pub(crate) fn all(connection: &Connection) -> Result<Vec<Client>> {
    connection.latest_first("TRUE", [])
}

/// The client that a development browser has by now. (The link is looked up each time: a request that runs beside this
/// one may have just made it.)
pub(crate) fn find_of_dev_browser(connection: &Connection, dev_browser: &DevBrowser) -> Result<Option<Client>> {
    connection.find(
        "id = (SELECT client_id FROM dev_browsers WHERE id = ?)",
        [&dev_browser.id],
    )
}

/// The development browser's client; a new one if it has none yet.
pub(crate) fn of_dev_browser(connection: &Connection, dev_browser: &DevBrowser, now: UnixTime) -> Result<Client> {
    if let Some(client) = find_of_dev_browser(connection, dev_browser)? {
        return Ok(client);
    }
    let client = insert(connection, now)?;
    connection.set::<DevBrowser>(&dev_browser.id, &[("client_id", &client.id)])?;
    Ok(client)
}

/// A client that belongs to no browser yet.
pub(crate) fn insert(connection: &Connection, now: UnixTime) -> Result<Client> {
    let client = Client {
        id: ids::new_id(ids::CLIENT, now),
        last_active_session_id: None,
        sign_in_id: None,
        sign_up_id: None,
        updated_at: now,
        created_at: now,
    };
    connection.insert(&client, &[])?;
    Ok(client)
}

pub(crate) fn set_sign_in(connection: &Connection, client_id: &str, sign_in_id: &str) -> Result<()> {
    connection.set::<Client>(client_id, &[("sign_in_id", &sign_in_id)])
}

pub(crate) fn set_sign_up(connection: &Connection, client_id: &str, sign_up_id: &str) -> Result<()> {
    connection.set::<Client>(client_id, &[("sign_up_id", &sign_up_id)])
}

/// This is the session that applications see from now on.
pub(crate) fn set_active(connection: &Connection, client_id: &str, session_id: &str, now: UnixTime) -> Result<()> {
    let active = [
        ("last_active_session_id", &session_id as &dyn ToSql),
        ("updated_at", &Millis(now)),
    ];
    connection.set::<Client>(client_id, &active)
}

/// Removes an ended session from its client.
///
/// If applications saw this one, the browser is signed out for them until the user chooses another account.
pub(crate) fn forget_session(connection: &Connection, client_id: &str, session_id: &str, now: UnixTime) -> Result<()> {
    connection.run(
        "UPDATE clients SET last_active_session_id = nullif(last_active_session_id, ?), updated_at = ? WHERE id = ?",
        params![session_id, Millis(now), client_id],
    )
}
