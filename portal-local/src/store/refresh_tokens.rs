//! Refresh tokens: each is replaced when it is used.

use portal_sdk::clock::UnixTime;
use rusqlite::{Connection, OptionalExtension as _, params};

use super::{Millis, Session};
use crate::secrets::{hash, random_token};

/// The number of latest tokens of one session that are valid.
const MOST_PER_SESSION: u32 = 256;

#[derive(Clone, Debug)]
pub(crate) struct RefreshToken {
    pub(crate) session_id: String,
    pub(crate) expire_at: UnixTime,
    pub(crate) replaced_at: Option<UnixTime>,
    /// `true` if the application may use the cookie suffix of the plain publishable key.
    pub(crate) for_plain_key: bool,
}

/// Makes a token for `session`, as long-lived as the session itself.
pub(crate) fn issue(connection: &Connection, session: &Session, for_plain_key: bool) -> rusqlite::Result<String> {
    let token = random_token();
    connection.execute(
        "INSERT INTO refresh_tokens (token_hash, session_id, expire_at, for_plain_key) VALUES (?, ?, ?, ?)",
        params![hash(&token), session.id, Millis(session.expire_at), for_plain_key],
    )?;
    // Each handshake issues one, and no use replaces those of a browser that forgot its cookies.
    connection.execute(
        "DELETE FROM refresh_tokens WHERE session_id = ?1 AND rowid <= (
            SELECT rowid FROM refresh_tokens WHERE session_id = ?1 ORDER BY rowid DESC LIMIT 1 OFFSET ?2)",
        params![session.id, MOST_PER_SESSION],
    )?;
    Ok(token)
}

pub(crate) fn find(connection: &Connection, token: &str) -> rusqlite::Result<Option<RefreshToken>> {
    connection
        .prepare_cached(
            "SELECT session_id, expire_at, replaced_at, for_plain_key FROM refresh_tokens WHERE token_hash = ?",
        )?
        .query_row([hash(token)], |row| {
            Ok(RefreshToken {
                session_id: row.get(0)?,
                expire_at: row.get::<_, Millis>(1)?.0,
                replaced_at: row.get::<_, Option<Millis>>(2)?.map(|at| at.0),
                for_plain_key: row.get(3)?,
            })
        })
        .optional()
}

/// The token was used; the first use counts.
pub(crate) fn replace(connection: &Connection, token: &str, now: UnixTime) -> rusqlite::Result<()> {
    connection.execute(
        "UPDATE refresh_tokens SET replaced_at = ? WHERE token_hash = ? AND replaced_at IS NULL",
        params![Millis(now), hash(token)],
    )?;
    Ok(())
}

/// Deletes the tokens of a session that were replaced before `moment` and are no longer valid.
pub(crate) fn forget_replaced(connection: &Connection, session_id: &str, moment: UnixTime) -> rusqlite::Result<()> {
    connection.execute(
        "DELETE FROM refresh_tokens WHERE session_id = ? AND replaced_at < ?",
        params![session_id, Millis(moment)],
    )?;
    Ok(())
}
