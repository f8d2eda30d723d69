//! Two-step verification: setting up an authenticator app, backup codes, and removing both.

use portal_sdk::clock::UnixTime;
use rusqlite::Connection;

use super::code::plain_code;
use super::{FlowError, Outcome, complete_task_of, task};
use crate::clock::Millis as _;
use crate::secrets::{random_backup_code, read_backup_code};
use crate::store::{SecondFactor, Session, StoreError, Task};
use crate::store::{second_factors, sessions, settings};
use crate::totp::TotpSecret;

/// The number of backup codes in a new set.
const BACKUP_CODES: u32 = 10;
/// A secret that was on a screen for longer than this may have been seen by others; there will be a new one.
const SETUP_MILLIS: i64 = 60 * 60 * 1_000;

/// The secret that a session sets up: the same one whenever the page is opened again, unless that was long ago. `None`
/// if there is an authenticator already.
pub(crate) fn begin_totp(
    connection: &Connection,
    session: &Session,
    now: UnixTime,
) -> Result<Option<TotpSecret>, StoreError> {
    if second_factors::has_totp(connection, &session.user_id)? {
        return Ok(None);
    }
    if let Some(secret) = open_setup(connection, session, now)? {
        return Ok(Some(secret));
    }
    let secret = TotpSecret::random();
    second_factors::put_totp_setup(connection, &session.id, &secret, now)?;
    Ok(Some(secret))
}

fn open_setup(connection: &Connection, session: &Session, now: UnixTime) -> Result<Option<TotpSecret>, StoreError> {
    let found = second_factors::find_totp_setup(connection, &session.id)?;
    let open = found.filter(|(_, since)| now.follows_within(SETUP_MILLIS, *since));
    Ok(open.map(|(secret, _)| secret))
}

/// Verifies a code of the app, which sign-in then requires. Returns the first backup codes.
pub(crate) fn enable_totp(
    connection: &Connection,
    session: &Session,
    entered: &str,
    now: UnixTime,
) -> Outcome<Vec<String>> {
    let user_id = &session.user_id;
    let setup = open_setup(connection, session, now)?;
    let is_late = second_factors::has_totp(connection, user_id)?;
    let Some(secret) = setup.filter(|_| !is_late) else {
        return Ok(Err(FlowError::AttemptLost));
    };
    let code = match plain_code(entered) {
        Ok(code) => code,
        Err(error) => return Ok(Err(error)),
    };
    let Some(step) = secret.step_of(&code, now) else {
        return Ok(Err(FlowError::CodeNotCurrent));
    };
    install_totp(connection, user_id, &secret, Some(step), now)?;
    second_factors::delete_totp_setup(connection, &session.id)?;
    sessions::set_second_factor_at(connection, &session.id, now)?;
    new_backup_codes(connection, user_id)
}

/// Adds an authenticator to a user and completes the set-up task of all their sessions.
///
/// `last_step` is the time step of the code that verified it, so that this code cannot be replayed.
pub(crate) fn install_totp(
    connection: &Connection,
    user_id: &str,
    secret: &TotpSecret,
    last_step: Option<i64>,
    now: UnixTime,
) -> Result<(), StoreError> {
    second_factors::enable_totp(connection, user_id, secret, last_step, now)?;
    complete_task_of(connection, user_id, Task::SetupMfa, now)
}

/// Returns new backup codes, which replace all earlier ones.
pub(crate) fn new_backup_codes(connection: &Connection, user_id: &str) -> Outcome<Vec<String>> {
    if !second_factors::has_totp(connection, user_id)? {
        return Ok(Err(FlowError::AttemptLost));
    }
    let codes: Vec<String> = (0..BACKUP_CODES).map(|_| random_backup_code()).collect();
    second_factors::set_backup_codes(connection, user_id, &codes)?;
    Ok(Ok(codes))
}

/// Keeps these backup codes in place of all that there were.
pub(crate) fn replace_backup_codes(connection: &Connection, user_id: &str, codes: &[String]) -> Outcome<()> {
    let codes: Option<Vec<String>> = codes.iter().map(|code| read_backup_code(code)).collect();
    match codes {
        Some(codes) => Ok(Ok(second_factors::set_backup_codes(connection, user_id, &codes)?)),
        None => Ok(Err(FlowError::BackupCodeMalformed)),
    }
}

/// Returns `true` if the user has an authenticator app.
pub(crate) fn has_totp(connection: &Connection, user_id: &str) -> Result<bool, StoreError> {
    Ok(second_factors::has_totp(connection, user_id)?)
}

/// The user's second factor.
pub(crate) fn second_factor(connection: &Connection, user_id: &str) -> Result<SecondFactor, StoreError> {
    Ok(second_factors::find(connection, user_id)?)
}

/// Removes the authenticator and the backup codes.
///
/// If the instance requires an authenticator, the user's live sessions get the task to set up a new one.
pub(crate) fn remove_totp(connection: &Connection, user_id: &str, now: UnixTime) -> Result<(), StoreError> {
    if !second_factors::has_totp(connection, user_id)? {
        return Ok(());
    }
    second_factors::disable_totp(connection, user_id, now)?;
    sessions::forget_second_factor(connection, user_id)?;
    if !settings::read(connection)?.mfa_required {
        return Ok(());
    }
    for session in sessions::of_user(connection, user_id, now)? {
        if session.is_live() {
            task::add(connection, &session, Task::SetupMfa, now)?;
        }
    }
    Ok(())
}

/// Removes the backup codes and keeps the authenticator.
pub(crate) fn remove_backup_codes(connection: &Connection, user_id: &str) -> Result<(), StoreError> {
    Ok(second_factors::set_backup_codes(connection, user_id, &[])?)
}
