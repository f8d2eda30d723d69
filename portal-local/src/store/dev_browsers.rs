//! Development browsers: which browser is asking, across the origins of the application and the portal.

use super::record::record;
use super::{Db, Millis, Result};
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
pub(crate) fn find_by_token(db: Db<'_>, token: &str) -> Result<Option<DevBrowser>> {
    db.find("token_hash = ?", [hash(token)])
}

pub(crate) fn insert(db: Db<'_>, id: String, token: &str) -> Result<DevBrowser> {
    let browser = DevBrowser { id, home_origin: None };
    db.insert(
        &browser,
        &[("token_hash", &hash(token)), ("created_at", &Millis(db.now))],
    )?;
    Ok(browser)
}

pub(crate) fn set_home_origin(db: Db<'_>, id: &str, origin: &str) -> Result<()> {
    db.set::<DevBrowser>(id, &[("home_origin", &origin)])
}
