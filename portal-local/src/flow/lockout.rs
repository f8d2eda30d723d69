//! Counts wrong passwords and codes per account or address.
//!
//! The count belongs to no attempt, because a new attempt must not give new tries.

use super::sign_in::refuse_barred;
use super::{Flow, FlowError, FlowFailure, Outcome};
use crate::clock::Millis as _;
use crate::store::code_limits::CodeLimit;
use crate::store::{Result, User, code_limits, users};

/// The number of tries that locks the account or the address.
// Clerk: user lockout, `guides/secure/user-lockout`.
pub(crate) const MOST_WRONG_PASSWORDS: u32 = 10;
pub(crate) const LOCKED_FOR_MILLIS: i64 = 60 * 60 * 1_000;

/// The counter that a wrong code increments.
#[derive(Clone, Copy, Debug)]
pub(super) enum Tries<'a> {
    /// The counter of an account, shared with wrong passwords.
    Account(&'a str),
    /// The counter of an address without an account.
    Address(&'a str),
}

impl Tries<'_> {
    /// Returns an error while the account or the address is locked.
    pub(super) fn refuse_locked(self, flow: &Flow<'_>) -> Outcome<()> {
        match self {
            Self::Account(id) => {
                let user = users::find(flow.db, id)?.ok_or(FlowError::AttemptLost)?;
                Ok(refuse_barred(&user, flow.now)?)
            }
            Self::Address(address) => {
                let until = code_limits::find(flow.db, address)?.locked_until;
                let left = until.map_or(0, |until| until.millis_since(flow.now));
                if left > 0 { Err(locked(left).into()) } else { Ok(()) }
            }
        }
    }

    /// Counts a wrong code.
    ///
    /// # Errors
    ///
    /// Returns [`FlowError::Locked`] if it was the last try.
    pub(super) fn count_wrong(self, flow: &Flow<'_>) -> Outcome<()> {
        match self {
            Self::Account(id) => match users::find(flow.db, id)? {
                Some(user) => count_wrong_try(flow, &user),
                None => Ok(()),
            },
            Self::Address(address) => {
                let before = code_limits::find(flow.db, address)?;
                // An expired lock resets the count.
                let wrong = before.locked_until.map_or(before.wrong, |_| 0).saturating_add(1);
                let is_last = wrong >= MOST_WRONG_PASSWORDS;
                let locked_until = is_last.then(|| flow.now.plus_millis(LOCKED_FOR_MILLIS));
                code_limits::set(flow.db, address, CodeLimit { wrong, locked_until })?;
                match is_last {
                    true => Err(FlowFailure::RefusedAndRecorded(locked(LOCKED_FOR_MILLIS))),
                    false => Ok(()),
                }
            }
        }
    }

    /// Resets an address's count after a right code.
    ///
    /// The count of an account is reset at its next sign-in.
    pub(super) fn forget(self, flow: &Flow<'_>) -> Result<()> {
        match self {
            Self::Account(_) => Ok(()),
            Self::Address(address) => Ok(code_limits::forget(flow.db, address)?),
        }
    }
}

fn locked(millis: i64) -> FlowError {
    FlowError::Locked {
        retry_after_secs: (millis + 999) / 1_000,
    }
}

/// The current number of wrong tries. An expired lock resets it.
fn wrong_tries(user: &User) -> u32 {
    match user.locked_until {
        Some(_) => 0,
        None => user.failed_attempts,
    }
}

fn count_wrong_try(flow: &Flow<'_>, user: &User) -> Outcome<()> {
    let wrong = wrong_tries(user).saturating_add(1);
    if wrong < MOST_WRONG_PASSWORDS {
        users::set_failures(flow.db, &user.id, wrong, None)?;
        return Ok(());
    }
    Err(lock(flow, user)?)
}

/// Locks the account, even for callers with the right credentials. Returns the refusal.
pub(super) fn lock(flow: &Flow<'_>, user: &User) -> Result<FlowFailure> {
    let until = flow.now.plus_millis(LOCKED_FOR_MILLIS);
    users::set_failures(flow.db, &user.id, MOST_WRONG_PASSWORDS, Some(until))?;
    Ok(FlowFailure::RefusedAndRecorded(locked(LOCKED_FOR_MILLIS)))
}

/// Counts a password as wrong before it is compared.
///
/// The comparison is slow and runs outside transactions. Counting first means that concurrent requests cannot compare
/// more passwords than the limit allows. [`passed`] resets the count.
pub(super) fn begin_password(flow: &Flow<'_>, user: &User) -> Outcome<()> {
    refuse_barred(user, flow.now)?;
    let before = wrong_tries(user);
    if before >= MOST_WRONG_PASSWORDS {
        // All tries are in use by comparisons that are running or whose requests were aborted.
        return Err(lock(flow, user)?);
    }
    users::set_failures(flow.db, &user.id, before + 1, None)?;
    Ok(())
}

/// Returns the refusal of a wrong password, and locks the account after the last try.
///
/// The try was counted by [`begin_password`]. `user` is the account as stored after the comparison.
pub(super) fn failed(flow: &Flow<'_>, user: &User) -> Result<FlowFailure> {
    if let Err(error) = refuse_barred(user, flow.now) {
        return Ok(error.into());
    }
    match wrong_tries(user) >= MOST_WRONG_PASSWORDS {
        true => lock(flow, user),
        false => Ok(FlowError::PasswordIncorrect.into()),
    }
}

/// Resets the count after a right password.
///
/// Refuses if the account was locked during the comparison.
pub(super) fn passed(flow: &Flow<'_>, user: &User) -> Outcome<()> {
    refuse_barred(user, flow.now)?;
    users::set_failures(flow.db, &user.id, 0, None)?;
    Ok(())
}
