//! Second factors: the secret of a user's authenticator app, and backup codes.

use portal_sdk::clock::UnixTime;
use rusqlite::{Connection, OptionalExtension as _, params};

use super::Millis;
use crate::secrets::hash_code;
use crate::totp::TotpSecret;

#[derive(Clone, Debug, Default)]
pub(crate) struct SecondFactor {
    /// `None` without an authenticator.
    pub(crate) secret: Option<TotpSecret>,
    pub(crate) enabled_at: Option<UnixTime>,
    pub(crate) disabled_at: Option<UnixTime>,
    /// The time step of the last accepted code. Earlier codes are used up with it.
    pub(crate) last_step: Option<i64>,
    /// Wrong codes since the last right one.
    pub(crate) wrong_codes: u32,
    pub(crate) backup_codes: u32,
}

pub(crate) fn find(connection: &Connection, user_id: &str) -> rusqlite::Result<SecondFactor> {
    let found = connection
        .prepare_cached(
            "SELECT secret, enabled_at, disabled_at, last_step, wrong_codes,
                    (SELECT count(*) FROM backup_codes WHERE backup_codes.user_id = second_factors.user_id)
             FROM second_factors WHERE user_id = ?",
        )?
        .query_row([user_id], |row| {
            Ok(SecondFactor {
                secret: row.get(0)?,
                enabled_at: row.get::<_, Option<Millis>>(1)?.map(|at| at.0),
                disabled_at: row.get::<_, Option<Millis>>(2)?.map(|at| at.0),
                last_step: row.get(3)?,
                wrong_codes: row.get(4)?,
                backup_codes: row.get(5)?,
            })
        })
        .optional()?;
    Ok(found.unwrap_or_default())
}

pub(crate) fn has_totp(connection: &Connection, user_id: &str) -> rusqlite::Result<bool> {
    Ok(find(connection, user_id)?.secret.is_some())
}

/// Sets the user's authenticator, replacing an earlier one. `last_step` is the step of the code that verified it.
pub(crate) fn enable_totp(
    connection: &Connection,
    user_id: &str,
    secret: &TotpSecret,
    last_step: Option<i64>,
    now: UnixTime,
) -> rusqlite::Result<()> {
    connection.execute(
        "INSERT INTO second_factors (user_id, secret, enabled_at, last_step) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (user_id) DO UPDATE SET secret = ?2, enabled_at = ?3, last_step = ?4, wrong_codes = 0",
        params![user_id, secret, Millis(now), last_step],
    )?;
    Ok(())
}

/// Takes the authenticator away, and the backup codes with it.
pub(crate) fn disable_totp(connection: &Connection, user_id: &str, now: UnixTime) -> rusqlite::Result<()> {
    connection.execute(
        "UPDATE second_factors SET secret = NULL, disabled_at = ?, last_step = NULL, wrong_codes = 0 WHERE user_id = ?",
        params![Millis(now), user_id],
    )?;
    set_backup_codes(connection, user_id, &[])
}

/// A code was right: it is used up, and the wrong ones before it are forgotten.
pub(crate) fn accept(connection: &Connection, user_id: &str, last_step: Option<i64>) -> rusqlite::Result<()> {
    connection.execute(
        "UPDATE second_factors SET last_step = ?, wrong_codes = 0 WHERE user_id = ?",
        params![last_step, user_id],
    )?;
    Ok(())
}

pub(crate) fn set_wrong_codes(connection: &Connection, user_id: &str, wrong_codes: u32) -> rusqlite::Result<()> {
    connection.execute(
        "UPDATE second_factors SET wrong_codes = ? WHERE user_id = ?",
        params![wrong_codes, user_id],
    )?;
    Ok(())
}

/// Keeps these backup codes, and no others.
pub(crate) fn set_backup_codes(connection: &Connection, user_id: &str, codes: &[String]) -> rusqlite::Result<()> {
    connection.execute("DELETE FROM backup_codes WHERE user_id = ?", [user_id])?;
    for code in codes {
        connection.execute(
            "INSERT OR IGNORE INTO backup_codes (user_id, code_hash) VALUES (?, ?)",
            params![user_id, hash_code(user_id, code)],
        )?;
    }
    Ok(())
}

/// Uses a backup code up. Says whether there was such a code.
pub(crate) fn take_backup_code(connection: &Connection, user_id: &str, code: &str) -> rusqlite::Result<bool> {
    let taken = connection.execute(
        "DELETE FROM backup_codes WHERE user_id = ? AND code_hash = ?",
        params![user_id, hash_code(user_id, code)],
    )?;
    Ok(taken > 0)
}

/// The secret that a session was shown, and when.
pub(crate) fn find_totp_setup(
    connection: &Connection,
    session_id: &str,
) -> rusqlite::Result<Option<(TotpSecret, UnixTime)>> {
    connection
        .prepare_cached("SELECT secret, created_at FROM totp_setups WHERE session_id = ?")?
        .query_row([session_id], |row| Ok((row.get(0)?, row.get::<_, Millis>(1)?.0)))
        .optional()
}

pub(crate) fn put_totp_setup(
    connection: &Connection,
    session_id: &str,
    secret: &TotpSecret,
    now: UnixTime,
) -> rusqlite::Result<()> {
    connection.execute(
        "INSERT OR REPLACE INTO totp_setups (session_id, secret, created_at) VALUES (?, ?, ?)",
        params![session_id, secret, Millis(now)],
    )?;
    Ok(())
}

pub(crate) fn delete_totp_setup(connection: &Connection, session_id: &str) -> rusqlite::Result<()> {
    connection.execute("DELETE FROM totp_setups WHERE session_id = ?", [session_id])?;
    Ok(())
}
