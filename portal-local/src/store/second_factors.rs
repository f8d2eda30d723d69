//! Second factors: the secret of a user's authenticator app, and backup codes.

use portal_sdk::clock::UnixTime;
use rusqlite::params;

use super::record::record;
use super::{Db, Millis, Result};
use crate::secrets::hash_code;
use crate::totp::TotpSecret;

record! {
    #[derive(Clone, Debug, Default)]
    pub(crate) struct SecondFactor in "second_factors" {
        /// `None` without an authenticator.
        pub(crate) secret: Option<TotpSecret>,
        pub(crate) enabled_at: Option<UnixTime>,
        pub(crate) disabled_at: Option<UnixTime>,
        /// The time step of the last accepted code. Earlier codes are used up with it.
        pub(crate) last_step: Option<i64>,
        /// Wrong codes since the last right one.
        pub(crate) wrong_codes: u32,
        pub(crate) backup_codes: u32
            = "(SELECT count(*) FROM backup_codes WHERE backup_codes.user_id = second_factors.user_id)",
    }
}

record! {
    /// The secret that a session was shown.
    #[derive(Clone, Debug)]
    pub(crate) struct TotpSetup in "totp_setups" {
        pub(crate) session_id: String,
        pub(crate) secret: TotpSecret,
        pub(crate) created_at: UnixTime,
    }
}

pub(crate) fn find(db: Db<'_>, user_id: &str) -> Result<SecondFactor> {
    Ok(db.find("user_id = ?", [user_id])?.unwrap_or_default())
}

/// Sets the user's authenticator, replacing an earlier one. `last_step` is the step of the code that verified it.
pub(crate) fn enable_totp(db: Db<'_>, user_id: &str, secret: &TotpSecret, last_step: Option<i64>) -> Result<()> {
    db.run(
        "INSERT INTO second_factors (user_id, secret, enabled_at, last_step) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (user_id) DO UPDATE SET secret = ?2, enabled_at = ?3, last_step = ?4, wrong_codes = 0",
        params![user_id, secret, Millis(db.now), last_step],
    )
}

/// Takes the authenticator away, and the backup codes with it.
pub(crate) fn disable_totp(db: Db<'_>, user_id: &str) -> Result<()> {
    db.run(
        "UPDATE second_factors SET secret = NULL, disabled_at = ?, last_step = NULL, wrong_codes = 0 WHERE user_id = ?",
        params![Millis(db.now), user_id],
    )?;
    set_backup_codes(db, user_id, &[])
}

/// A code was right: it is used up, and the wrong ones before it are forgotten.
pub(crate) fn accept(db: Db<'_>, user_id: &str, last_step: Option<i64>) -> Result<()> {
    let accept = "UPDATE second_factors SET last_step = ?, wrong_codes = 0 WHERE user_id = ?";
    db.run(accept, params![last_step, user_id])
}

pub(crate) fn set_wrong_codes(db: Db<'_>, user_id: &str, wrong_codes: u32) -> Result<()> {
    let count = "UPDATE second_factors SET wrong_codes = ? WHERE user_id = ?";
    db.run(count, params![wrong_codes, user_id])
}

/// Keeps these backup codes, and no others.
pub(crate) fn set_backup_codes(db: Db<'_>, user_id: &str, codes: &[String]) -> Result<()> {
    db.run("DELETE FROM backup_codes WHERE user_id = ?", [user_id])?;
    for code in codes {
        let add = "INSERT OR IGNORE INTO backup_codes (user_id, code_hash) VALUES (?, ?)";
        db.run(add, params![user_id, hash_code(user_id, code)])?;
    }
    Ok(())
}

/// Uses a backup code up. Says whether there was such a code.
pub(crate) fn take_backup_code(db: Db<'_>, user_id: &str, code: &str) -> Result<bool> {
    let take = "DELETE FROM backup_codes WHERE user_id = ? AND code_hash = ?";
    db.changed(take, params![user_id, hash_code(user_id, code)])
}

pub(crate) fn find_totp_setup(db: Db<'_>, session_id: &str) -> Result<Option<TotpSetup>> {
    db.find("session_id = ?", [session_id])
}

pub(crate) fn put_totp_setup(db: Db<'_>, setup: &TotpSetup) -> Result<()> {
    delete_totp_setup(db, &setup.session_id)?;
    db.insert(setup, &[])
}

pub(crate) fn delete_totp_setup(db: Db<'_>, session_id: &str) -> Result<()> {
    db.run("DELETE FROM totp_setups WHERE session_id = ?", [session_id])
}
