//! Sign-in tokens: links that sign one person in, once. The token is kept as a hash.

use portal_sdk::clock::UnixTime;
use rusqlite::{Connection, Row, params};

use super::tickets::Tickets;
use super::{Millis, TicketStatus};
use crate::ids;
use crate::secrets::hash;

#[derive(Clone, Debug)]
pub(crate) struct SignInToken {
    pub(crate) id: String,
    pub(crate) user_id: String,
    /// The organization that signing in activates.
    pub(crate) organization_id: Option<String>,
    pub(crate) status: TicketStatus,
    pub(crate) created_at: UnixTime,
    pub(crate) updated_at: UnixTime,
}

const COLUMNS: &str = "id, user_id, status, created_at, updated_at, organization_id";

const TABLE: Tickets<SignInToken> = Tickets {
    table: "sign_in_tokens",
    columns: COLUMNS,
    read,
};

fn read(row: &Row<'_>) -> rusqlite::Result<SignInToken> {
    Ok(SignInToken {
        id: row.get(0)?,
        user_id: row.get(1)?,
        status: row.get(2)?,
        created_at: row.get::<_, Millis>(3)?.0,
        updated_at: row.get::<_, Millis>(4)?.0,
        organization_id: row.get(5)?,
    })
}

pub(crate) fn find(connection: &Connection, id: &str) -> rusqlite::Result<Option<SignInToken>> {
    TABLE.one(connection, "id = ?", [id])
}

/// The token that `text` is, if it was not used, withdrawn or forgotten for too long.
pub(crate) fn find_open(connection: &Connection, text: &str, now: UnixTime) -> rusqlite::Result<Option<SignInToken>> {
    TABLE.one(
        connection,
        "token_hash = ? AND status = 'pending' AND expires_at > ?",
        params![hash(text), Millis(now)],
    )
}

pub(crate) fn insert(
    connection: &Connection,
    user_id: &str,
    organization_id: Option<&str>,
    token: &str,
    expires_at: UnixTime,
    now: UnixTime,
) -> rusqlite::Result<SignInToken> {
    let kept = SignInToken {
        id: ids::new_id(ids::SIGN_IN_TOKEN, now),
        user_id: user_id.to_owned(),
        organization_id: organization_id.map(str::to_owned),
        status: TicketStatus::Pending,
        created_at: now,
        updated_at: now,
    };
    connection.execute(
        &format!(
            "INSERT INTO sign_in_tokens ({COLUMNS}, expires_at, token_hash) VALUES (?1, ?2, ?3, ?5, ?5, ?7, ?4, ?6)"
        ),
        params![
            kept.id,
            kept.user_id,
            kept.status,
            Millis(expires_at),
            Millis(now),
            hash(token),
            kept.organization_id
        ],
    )?;
    Ok(kept)
}

pub(crate) fn set_status(
    connection: &Connection,
    id: &str,
    status: TicketStatus,
    now: UnixTime,
) -> rusqlite::Result<()> {
    TABLE.set_status(connection, id, status, now)
}
