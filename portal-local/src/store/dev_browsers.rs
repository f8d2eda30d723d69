//! Development browsers: which browser is asking, across the origins of the application and the portal.

use portal_sdk::clock::UnixTime;
use rusqlite::{Connection, Result};

use super::Millis;
use super::record::{Rows as _, record};
use crate::secrets::hash;

record! {
    #[derive(Clone, Debug)]
    pub(crate) struct DevBrowser in "dev_browsers" {
        pub(crate) id: String,
        /// The application's origin, learnt from the last address this browser was allowed to return to.
        pub(crate) home_origin: Option<String>,
    }
}

/// The browser that `token` names. Only tokens that this instance signed are ever stored, and they are too long to
/// guess, so a known hash proves the signature as well.
pub(crate) fn find_by_token(connection: &Connection, token: &str) -> Result<Option<DevBrowser>> {
    connection.find("token_hash = ?", [hash(token)])
}

pub(crate) fn insert(connection: &Connection, id: String, token: &str, now: UnixTime) -> Result<DevBrowser> {
    let browser = DevBrowser { id, home_origin: None };
    connection.insert(&browser, &[("token_hash", &hash(token)), ("created_at", &Millis(now))])?;
    Ok(browser)
}

pub(crate) fn set_home_origin(connection: &Connection, id: &str, origin: &str) -> Result<()> {
    connection.set::<DevBrowser>(id, &[("home_origin", &origin)])
}
