//! Sign-in tokens: links that sign one person in, once. The token is kept as a hash.

use portal_sdk::clock::UnixTime;
use rusqlite::{Connection, Result, params};

use super::record::{Rows as _, record};
use super::{Millis, TicketStatus};
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

pub(crate) fn find(connection: &Connection, id: &str) -> Result<Option<SignInToken>> {
    connection.find("id = ?", [id])
}

/// The token that `text` is, if it was not used, withdrawn or forgotten for too long.
pub(crate) fn find_open(connection: &Connection, text: &str, now: UnixTime) -> Result<Option<SignInToken>> {
    let is_open = "token_hash = ? AND status = 'pending' AND expires_at > ?";
    connection.find(is_open, params![hash(text), Millis(now)])
}

pub(crate) fn insert(connection: &Connection, token: &SignInToken, text: &str, expires_at: UnixTime) -> Result<()> {
    connection.insert(
        token,
        &[("expires_at", &Millis(expires_at)), ("token_hash", &hash(text))],
    )
}
