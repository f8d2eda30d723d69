//! Refresh tokens: each is replaced when it is used.

use portal_sdk::clock::UnixTime;
use rusqlite::params;

use super::record::record;
use super::{Db, Millis, Result, Session};
use crate::secrets::{hash, random_token};

/// The number of latest tokens of one session that are valid.
const MOST_PER_SESSION: u32 = 256;

record! {
    #[derive(Clone, Debug)]
    pub(crate) struct RefreshToken in "refresh_tokens" {
        pub(crate) session_id: String,
        pub(crate) expire_at: UnixTime,
        pub(crate) replaced_at: Option<UnixTime>,
        /// `true` if the application may use the cookie suffix of the plain publishable key.
        pub(crate) for_plain_key: bool,
    }
}

/// Makes a token for `session`, as long-lived as the session itself.
pub(crate) fn issue(db: Db<'_>, session: &Session, for_plain_key: bool) -> Result<String> {
    let text = random_token();
    let token = RefreshToken {
        session_id: session.id.clone(),
        expire_at: session.expire_at,
        replaced_at: None,
        for_plain_key,
    };
    db.insert(&token, &[("token_hash", &hash(&text))])?;
    // Each handshake issues one, and no use replaces those of a browser that forgot its cookies.
    db.run(
        "DELETE FROM refresh_tokens WHERE session_id = ?1 AND rowid <= (
            SELECT rowid FROM refresh_tokens WHERE session_id = ?1 ORDER BY rowid DESC LIMIT 1 OFFSET ?2)",
        params![session.id, MOST_PER_SESSION],
    )?;
    Ok(text)
}

pub(crate) fn find(db: Db<'_>, token: &str) -> Result<Option<RefreshToken>> {
    db.find("token_hash = ?", [hash(token)])
}

/// The token was used; the first use counts.
pub(crate) fn replace(db: Db<'_>, token: &str) -> Result<()> {
    let replace = "UPDATE refresh_tokens SET replaced_at = ? WHERE token_hash = ? AND replaced_at IS NULL";
    db.run(replace, params![Millis(db.now), hash(token)])
}

/// Deletes the tokens of a session that were replaced before `moment` and are no longer valid.
pub(crate) fn forget_replaced(db: Db<'_>, session_id: &str, moment: UnixTime) -> Result<()> {
    let delete = "DELETE FROM refresh_tokens WHERE session_id = ? AND replaced_at < ?";
    db.run(delete, params![session_id, Millis(moment)])
}
