//! Actor tokens: links that begin a session in a user's name for another user, once. The token is kept as a hash.

use portal_sdk::clock::UnixTime;
use rusqlite::{Connection, Result, params};

use super::record::{Rows as _, record};
use super::{Metadata, Millis, TicketStatus};
use crate::secrets::hash;

record! {
    #[derive(Clone, Debug)]
    pub(crate) struct ActorToken in "actor_tokens" {
        pub(crate) id: String,
        /// The user who is impersonated.
        pub(crate) user_id: String,
        /// The claim `act` of the session's tokens.
        pub(crate) actor: Metadata,
        /// The lifetime of the session in seconds.
        pub(crate) session_secs: i64,
        pub(crate) status: TicketStatus,
        pub(crate) created_at: UnixTime,
        pub(crate) updated_at: UnixTime,
    }
}

pub(crate) fn find(connection: &Connection, id: &str) -> Result<Option<ActorToken>> {
    connection.find("id = ?", [id])
}

/// The token that `text` is, if it is still pending and has not expired.
pub(crate) fn find_open(connection: &Connection, text: &str, now: UnixTime) -> Result<Option<ActorToken>> {
    let is_open = "token_hash = ? AND status = 'pending' AND expires_at > ?";
    connection.find(is_open, params![hash(text), Millis(now)])
}

pub(crate) fn insert(connection: &Connection, token: &ActorToken, text: &str, expires_at: UnixTime) -> Result<()> {
    connection.insert(
        token,
        &[("expires_at", &Millis(expires_at)), ("token_hash", &hash(text))],
    )
}
