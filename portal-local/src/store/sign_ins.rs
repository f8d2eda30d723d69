//! Attempts to sign in; a client has one at a time.

use portal_sdk::clock::UnixTime;
use rusqlite::{Connection, OptionalExtension as _, params};

use super::{Client, Millis, clients, words};
use crate::ids;

/// The state of an attempt to sign in or up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AttemptStatus {
    NeedsFirstFactor,
    /// The first factor is proven, and the account has another one.
    NeedsSecondFactor,
    /// A code allowed a new password, which has not come yet.
    NeedsNewPassword,
    MissingRequirements,
    Complete,
}

words!(AttemptStatus {
    NeedsFirstFactor = "needs_first_factor",
    NeedsSecondFactor = "needs_second_factor",
    NeedsNewPassword = "needs_new_password",
    MissingRequirements = "missing_requirements",
    Complete = "complete",
});

#[derive(Clone, Debug)]
pub(crate) struct SignIn {
    pub(crate) id: String,
    /// The identifier that the user typed.
    pub(crate) identifier: String,
    pub(crate) user_id: Option<String>,
    pub(crate) status: AttemptStatus,
    /// Some while the attempt waits for its second factor.
    pub(crate) first_factor_at: Option<UnixTime>,
    pub(crate) abandon_at: UnixTime,
}

/// The client's attempt, finished or not.
pub(crate) fn current(connection: &Connection, client: &Client) -> rusqlite::Result<Option<SignIn>> {
    connection
        .prepare_cached(
            "SELECT id, identifier, user_id, status, abandon_at, first_factor_at FROM sign_ins WHERE id = ?",
        )?
        .query_row([&client.sign_in_id], |row| {
            Ok(SignIn {
                id: row.get(0)?,
                identifier: row.get(1)?,
                user_id: row.get(2)?,
                status: row.get(3)?,
                abandon_at: row.get::<_, Millis>(4)?.0,
                first_factor_at: row.get::<_, Option<Millis>>(5)?.map(|at| at.0),
            })
        })
        .optional()
}

/// Starts an attempt and makes it the client's current one.
pub(crate) fn insert(
    connection: &Connection,
    client: &Client,
    identifier: &str,
    user_id: &str,
    now: UnixTime,
    abandon_at: UnixTime,
) -> rusqlite::Result<SignIn> {
    let sign_in = SignIn {
        id: ids::new_id(ids::SIGN_IN, now),
        identifier: identifier.to_owned(),
        user_id: Some(user_id.to_owned()),
        status: AttemptStatus::NeedsFirstFactor,
        first_factor_at: None,
        abandon_at,
    };
    connection.execute(
        "INSERT INTO sign_ins (id, client_id, identifier, user_id, status, abandon_at, created_at)
         VALUES (?, ?, ?, ?, ?, ?, ?)",
        params![
            sign_in.id,
            client.id,
            sign_in.identifier,
            sign_in.user_id,
            sign_in.status,
            Millis(abandon_at),
            Millis(now)
        ],
    )?;
    clients::set_sign_in(connection, &client.id, &sign_in.id)?;
    // Nothing reads an attempt again that is not its client's current one.
    connection.execute(
        "DELETE FROM sign_ins WHERE client_id = ? AND id != ?",
        params![client.id, sign_in.id],
    )?;
    Ok(sign_in)
}

pub(crate) fn set_status(connection: &Connection, id: &str, status: AttemptStatus) -> rusqlite::Result<()> {
    connection.execute("UPDATE sign_ins SET status = ? WHERE id = ?", params![status, id])?;
    Ok(())
}

/// The first factor is proven; the second one is still to come.
pub(crate) fn await_second_factor(connection: &Connection, id: &str, now: UnixTime) -> rusqlite::Result<()> {
    connection.execute(
        "UPDATE sign_ins SET status = ?, first_factor_at = ? WHERE id = ?",
        params![AttemptStatus::NeedsSecondFactor, Millis(now), id],
    )?;
    Ok(())
}

pub(crate) fn complete(connection: &Connection, id: &str, session_id: &str) -> rusqlite::Result<()> {
    connection.execute(
        "UPDATE sign_ins SET status = ?, created_session_id = ? WHERE id = ?",
        params![AttemptStatus::Complete, session_id, id],
    )?;
    Ok(())
}
