//! Attempts to sign up; a client has one at a time. The entered values are kept here until the address is verified.

use portal_sdk::clock::UnixTime;
use rusqlite::{Connection, OptionalExtension as _, params};

use super::{AttemptStatus, Client, ExternalProfile, Millis, StoreError, clients};
use crate::ids;

#[derive(Clone, Debug)]
pub(crate) struct SignUp {
    pub(crate) id: String,
    pub(crate) email_address: String,
    pub(crate) password_hash: Option<String>,
    pub(crate) first_name: Option<String>,
    pub(crate) last_name: Option<String>,
    /// The profile from the external provider, if the sign-up started there.
    pub(crate) external_profile: Option<ExternalProfile>,
    pub(crate) status: AttemptStatus,
    /// Set if the address is proven and something else is missing.
    pub(crate) email_verified_at: Option<UnixTime>,
    pub(crate) abandon_at: UnixTime,
}

/// The client's attempt, finished or not.
pub(crate) fn current(connection: &Connection, client: &Client) -> Result<Option<SignUp>, StoreError> {
    let found = connection
        .prepare_cached(
            "SELECT id, email_address, password_hash, first_name, last_name, status, abandon_at,
                    email_verified_at, external_profile
             FROM sign_ups WHERE id = ?",
        )?
        .query_row([&client.sign_up_id], |row| {
            let external_profile: Option<String> = row.get(8)?;
            let sign_up = SignUp {
                id: row.get(0)?,
                email_address: row.get(1)?,
                password_hash: row.get(2)?,
                first_name: row.get(3)?,
                last_name: row.get(4)?,
                external_profile: None,
                status: row.get(5)?,
                abandon_at: row.get::<_, Millis>(6)?.0,
                email_verified_at: row.get::<_, Option<Millis>>(7)?.map(|at| at.0),
            };
            Ok((sign_up, external_profile))
        })
        .optional()?;
    let Some((mut sign_up, external_profile)) = found else {
        return Ok(None);
    };
    if let Some(text) = external_profile {
        sign_up.external_profile = Some(serde_json::from_str(&text)?);
    }
    Ok(Some(sign_up))
}

/// Keeps `sign_up` and makes it the client's current attempt.
pub(crate) fn insert(
    connection: &Connection,
    client: &Client,
    sign_up: &SignUp,
    now: UnixTime,
) -> Result<(), StoreError> {
    let external_profile = match &sign_up.external_profile {
        Some(profile) => Some(serde_json::to_string(profile)?),
        None => None,
    };
    connection.execute(
        "INSERT INTO sign_ups (id, client_id, email_address, password_hash, first_name, last_name, external_profile,
                               status, abandon_at, created_at)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        params![
            sign_up.id,
            client.id,
            sign_up.email_address,
            sign_up.password_hash,
            sign_up.first_name,
            sign_up.last_name,
            external_profile,
            sign_up.status,
            Millis(sign_up.abandon_at),
            Millis(now)
        ],
    )?;
    clients::set_sign_up(connection, &client.id, &sign_up.id)?;
    // Nothing reads an attempt again that is not its client's current one.
    connection.execute(
        "DELETE FROM sign_ups WHERE client_id = ? AND id != ?",
        params![client.id, sign_up.id],
    )?;
    Ok(())
}

pub(crate) fn new_id(now: UnixTime) -> String {
    ids::new_id(ids::SIGN_UP, now)
}

/// Records that the address is verified; the attempt continues.
pub(crate) fn set_email_verified(connection: &Connection, id: &str, now: UnixTime) -> rusqlite::Result<()> {
    connection.execute(
        "UPDATE sign_ups SET email_verified_at = ? WHERE id = ?",
        params![Millis(now), id],
    )?;
    Ok(())
}

/// Deletes the attempt once the user exists.
pub(crate) fn complete(connection: &Connection, id: &str, user_id: &str, session_id: &str) -> rusqlite::Result<()> {
    connection.execute(
        "UPDATE sign_ups SET status = ?, created_user_id = ?, created_session_id = ?, password_hash = NULL,
                external_profile = NULL WHERE id = ?",
        params![AttemptStatus::Complete, user_id, session_id, id],
    )?;
    Ok(())
}
