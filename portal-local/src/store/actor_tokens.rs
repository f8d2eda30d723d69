//! Actor tokens: links that begin a session in a user's name for another user, once. The token is kept as a hash.

use portal_sdk::clock::UnixTime;
use rusqlite::params;

use super::record::record;
use super::{Db, Metadata, Millis, Result, TicketStatus};
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

pub(crate) fn find(db: Db<'_>, id: &str) -> Result<Option<ActorToken>> {
    db.find("id = ?", [id])
}

/// The token that `text` is, if it is still pending and has not expired.
pub(crate) fn find_open(db: Db<'_>, text: &str) -> Result<Option<ActorToken>> {
    let is_open = "token_hash = ? AND status = 'pending' AND expires_at > ?";
    db.find(is_open, params![hash(text), Millis(db.now)])
}

pub(crate) fn insert(db: Db<'_>, token: &ActorToken, text: &str, expires_at: UnixTime) -> Result<()> {
    db.insert(
        token,
        &[("expires_at", &Millis(expires_at)), ("token_hash", &hash(text))],
    )
}
