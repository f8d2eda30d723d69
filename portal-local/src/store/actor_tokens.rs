//! Actor tokens: links that begin a session in a user's name for another user, once. The token is kept as a hash.

use portal_sdk::clock::UnixTime;
use rusqlite::{Connection, Row, params};

use super::tickets::Tickets;
use super::{Metadata, Millis, TicketStatus};
use crate::ids;
use crate::secrets::hash;

#[derive(Clone, Debug)]
pub(crate) struct ActorToken {
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

const COLUMNS: &str = "id, user_id, actor, session_secs, status, created_at, updated_at";

const TABLE: Tickets<ActorToken> = Tickets {
    table: "actor_tokens",
    columns: COLUMNS,
    read,
};

fn read(row: &Row<'_>) -> rusqlite::Result<ActorToken> {
    Ok(ActorToken {
        id: row.get(0)?,
        user_id: row.get(1)?,
        actor: row.get(2)?,
        session_secs: row.get(3)?,
        status: row.get(4)?,
        created_at: row.get::<_, Millis>(5)?.0,
        updated_at: row.get::<_, Millis>(6)?.0,
    })
}

pub(crate) fn new_id(now: UnixTime) -> String {
    ids::new_id(ids::ACTOR_TOKEN, now)
}

pub(crate) fn find(connection: &Connection, id: &str) -> rusqlite::Result<Option<ActorToken>> {
    TABLE.one(connection, "id = ?", [id])
}

/// The token that `text` is, if it is still pending and has not expired.
pub(crate) fn find_open(connection: &Connection, text: &str, now: UnixTime) -> rusqlite::Result<Option<ActorToken>> {
    TABLE.one(
        connection,
        "token_hash = ? AND status = 'pending' AND expires_at > ?",
        params![hash(text), Millis(now)],
    )
}

pub(crate) fn insert(
    connection: &Connection,
    token: &ActorToken,
    text: &str,
    expires_at: UnixTime,
) -> rusqlite::Result<()> {
    connection.execute(
        &format!(
            "INSERT INTO actor_tokens ({COLUMNS}, expires_at, token_hash) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)"
        ),
        params![
            token.id,
            token.user_id,
            token.actor,
            token.session_secs,
            token.status,
            Millis(token.created_at),
            Millis(token.updated_at),
            Millis(expires_at),
            hash(text)
        ],
    )?;
    Ok(())
}

pub(crate) fn set_status(
    connection: &Connection,
    id: &str,
    status: TicketStatus,
    now: UnixTime,
) -> rusqlite::Result<()> {
    TABLE.set_status(connection, id, status, now)
}
