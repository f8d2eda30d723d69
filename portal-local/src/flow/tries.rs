//! Wrong passwords and codes, counted per account or address: starting again gives no new tries.

use portal_sdk::clock::UnixTime;
use rusqlite::Connection;

use super::sign_in::refuse_barred;
use super::{FlowError, Outcome};
use crate::store::code_limits::CodeLimit;
use crate::store::{StoreError, User};
use crate::store::{code_limits, users};

/// The last of these locks the account or the address (Clerk: user lockout, `guides/secure/user-lockout`).
pub(crate) const MOST_WRONG_PASSWORDS: u32 = 10;
pub(crate) const LOCKED_FOR_MILLIS: i64 = 60 * 60 * 1_000;

/// With which others a wrong code is counted.
#[derive(Clone, Copy, Debug)]
pub(super) enum Tries<'a> {
    /// Those of an account, wrong passwords included.
    Account(&'a str),
    /// Those of an address that is no account's yet.
    Address(&'a str),
}

impl Tries<'_> {
    /// Refuses while the account or the address is locked.
    pub(super) fn refuse_locked(self, connection: &Connection, now: UnixTime) -> Outcome<()> {
        match self {
            Self::Account(id) => Ok(match users::find(connection, id)? {
                Some(user) => refuse_barred(&user, now),
                None => Err(FlowError::AttemptLost),
            }),
            Self::Address(address) => {
                let until = code_limits::find(connection, address)?.locked_until;
                let left = until.map_or(0, |until| until.millis_since(now));
                Ok(if left > 0 { Err(locked(left)) } else { Ok(()) })
            }
        }
    }

    /// Counts a wrong code. Gives the error to show if that was one too many.
    pub(super) fn count_wrong(self, connection: &Connection, now: UnixTime) -> Result<Option<FlowError>, StoreError> {
        match self {
            Self::Account(id) => match users::find(connection, id)? {
                Some(user) => count_wrong_try(connection, &user, now),
                None => Ok(None),
            },
            Self::Address(address) => {
                let before = code_limits::find(connection, address)?;
                // A lock that has run out takes its count with it.
                let wrong = before.locked_until.map_or(before.wrong, |_| 0).saturating_add(1);
                let is_last = wrong >= MOST_WRONG_PASSWORDS;
                let locked_until = is_last.then(|| now.plus_millis(LOCKED_FOR_MILLIS));
                code_limits::set(connection, address, CodeLimit { wrong, locked_until }, now)?;
                Ok(is_last.then(|| locked(LOCKED_FOR_MILLIS)))
            }
        }
    }

    /// The right code came. An account's count ends at the next sign-in.
    pub(super) fn forget(self, connection: &Connection) -> Result<(), StoreError> {
        match self {
            Self::Account(_) => Ok(()),
            Self::Address(address) => Ok(code_limits::forget(connection, address)?),
        }
    }
}

fn locked(millis: i64) -> FlowError {
    FlowError::Locked {
        retry_after_secs: (millis + 999) / 1_000,
    }
}

/// How many wrong tries count by now. A lock that has run out takes its count with it.
fn wrong_tries(user: &User) -> u32 {
    match user.locked_until {
        Some(_) => 0,
        None => user.failed_attempts,
    }
}

fn count_wrong_try(connection: &Connection, user: &User, now: UnixTime) -> Result<Option<FlowError>, StoreError> {
    let wrong = wrong_tries(user).saturating_add(1);
    if wrong < MOST_WRONG_PASSWORDS {
        users::set_failures(connection, &user.id, wrong, None)?;
        return Ok(None);
    }
    lock(connection, user, now).map(Some)
}

/// Locks the account, for everybody and whatever they know.
pub(super) fn lock(connection: &Connection, user: &User, now: UnixTime) -> Result<FlowError, StoreError> {
    let until = now.plus_millis(LOCKED_FOR_MILLIS);
    users::set_failures(connection, &user.id, MOST_WRONG_PASSWORDS, Some(until))?;
    Ok(locked(LOCKED_FOR_MILLIS))
}

/// Counts a password as wrong before it is compared, because the comparison is slow and happens outside transactions:
/// passwords that are tried at the same moment count each other, so that no more are compared than may be wrong.
/// [`passed`] takes the count back.
pub(super) fn begin_password(connection: &Connection, user: &User, now: UnixTime) -> Outcome<()> {
    if let Err(error) = refuse_barred(user, now) {
        return Ok(Err(error));
    }
    let before = wrong_tries(user);
    if before >= MOST_WRONG_PASSWORDS {
        // As many are being compared at this moment, or their requests were given up.
        return lock(connection, user, now).map(Err);
    }
    users::set_failures(connection, &user.id, before + 1, None)?;
    Ok(Ok(()))
}

/// The compared password was wrong, and was counted when it began. `user` is the account as it is now.
pub(super) fn failed(connection: &Connection, user: &User, now: UnixTime) -> Result<FlowError, StoreError> {
    if let Err(error) = refuse_barred(user, now) {
        return Ok(error);
    }
    match wrong_tries(user) >= MOST_WRONG_PASSWORDS {
        true => lock(connection, user, now),
        false => Ok(FlowError::PasswordIncorrect),
    }
}

/// The compared password was right. It opens nothing if the account was locked while it was compared.
pub(super) fn passed(connection: &Connection, user: &User, now: UnixTime) -> Outcome<()> {
    if let Err(error) = refuse_barred(user, now) {
        return Ok(Err(error));
    }
    users::set_failures(connection, &user.id, 0, None)?;
    Ok(Ok(()))
}
