//! Sign-in tokens: links that sign one person in, once. The token is kept as a hash.

use portal_sdk::clock::UnixTime;
use rusqlite::params;

use super::record::record;
use super::{Db, Millis, Result, TicketStatus};
use crate::secrets::hash;

record! {
    #[derive(Clone, Debug)]
    pub(crate) struct SignInToken in "sign_in_tokens" {
        pub(crate) id: String,
        pub(crate) user_id: String,
        /// The organization that signing in activates.
        pub(crate) organization_id: Option<String>,
        pub(crate) status: TicketStatus,
        pub(crate) created_at: UnixTime,
        pub(crate) updated_at: UnixTime,
    }
}

pub(crate) fn find(db: Db<'_>, id: &str) -> Result<Option<SignInToken>> {
    db.find("id = ?", [id])
}

/// The token that `text` is, if it was not used, withdrawn or forgotten for too long.
pub(crate) fn find_open(db: Db<'_>, text: &str) -> Result<Option<SignInToken>> {
    let is_open = "token_hash = ? AND status = 'pending' AND expires_at > ?";
    db.find(is_open, params![hash(text), Millis(db.now)])
}

pub(crate) fn insert(db: Db<'_>, token: &SignInToken, text: &str, expires_at: UnixTime) -> Result<()> {
    db.insert(
        token,
        &[("expires_at", &Millis(expires_at)), ("token_hash", &hash(text))],
    )
}
