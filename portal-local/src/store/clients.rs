//! Clients: what one browser holds at this instance, its sessions and its attempts to sign in or up.

use portal_sdk::clock::UnixTime;
use rusqlite::{ToSql, params};

use super::record::record;
use super::{Db, DevBrowser, Millis, Result};
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

pub(crate) fn find(db: Db<'_>, id: &str) -> Result<Option<Client>> {
    db.find("id = ?", [id])
}

/// Every client, the latest first.
pub(crate) fn all(db: Db<'_>) -> Result<Vec<Client>> {
    db.latest_first("TRUE", [])
}

/// The client that a development browser has by now. (The link is looked up each time: a request that runs beside this
/// one may have just made it.)
pub(crate) fn find_of_dev_browser(db: Db<'_>, dev_browser: &DevBrowser) -> Result<Option<Client>> {
    db.find(
        "id = (SELECT client_id FROM dev_browsers WHERE id = ?)",
        [&dev_browser.id],
    )
}

/// The development browser's client; a new one if it has none yet.
pub(crate) fn of_dev_browser(db: Db<'_>, dev_browser: &DevBrowser) -> Result<Client> {
    if let Some(client) = find_of_dev_browser(db, dev_browser)? {
        return Ok(client);
    }
    let client = insert(db)?;
    db.set::<DevBrowser>(&dev_browser.id, &[("client_id", &client.id)])?;
    Ok(client)
}

/// A client that belongs to no browser yet.
pub(crate) fn insert(db: Db<'_>) -> Result<Client> {
    let client = Client {
        id: ids::new_id(ids::CLIENT, db.now),
        last_active_session_id: None,
        sign_in_id: None,
        sign_up_id: None,
        updated_at: db.now,
        created_at: db.now,
    };
    db.insert(&client, &[])?;
    Ok(client)
}

pub(crate) fn set_sign_in(db: Db<'_>, client_id: &str, sign_in_id: &str) -> Result<()> {
    db.set::<Client>(client_id, &[("sign_in_id", &sign_in_id)])
}

pub(crate) fn set_sign_up(db: Db<'_>, client_id: &str, sign_up_id: &str) -> Result<()> {
    db.set::<Client>(client_id, &[("sign_up_id", &sign_up_id)])
}

/// This is the session that applications see from now on.
pub(crate) fn set_active(db: Db<'_>, client_id: &str, session_id: &str) -> Result<()> {
    let active = [
        ("last_active_session_id", &session_id as &dyn ToSql),
        ("updated_at", &Millis(db.now)),
    ];
    db.set::<Client>(client_id, &active)
}

/// Removes an ended session from its client.
///
/// If applications saw this one, the browser is signed out for them until the user chooses another account.
pub(crate) fn forget_session(db: Db<'_>, client_id: &str, session_id: &str) -> Result<()> {
    db.run(
        "UPDATE clients SET last_active_session_id = nullif(last_active_session_id, ?), updated_at = ? WHERE id = ?",
        params![session_id, Millis(db.now), client_id],
    )
}
