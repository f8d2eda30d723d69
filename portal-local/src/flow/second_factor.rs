//! The second step of signing in: a code of the authenticator app, or a backup code.

use portal_sdk::clock::UnixTime;
use rusqlite::Connection;

use super::code::{MOST_WRONG, plain_code};
use super::lockout::lock;
use super::session::begin_session;
use super::sign_in::{PendingSignIn, find_attempt, refuse_barred};
use super::{Field, FlowError, Outcome};
use crate::secrets::read_backup_code;
use crate::store::{AttemptStatus, DevBrowser, SecondFactor, Session, StoreError, User};
use crate::store::{clients, second_factors, sessions, sign_ins, users};

/// The method of a second factor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SecondFactorMethod {
    Totp,
    BackupCode,
}

/// The accepted kind of proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Proof {
    /// A code of the authenticator, with its time step.
    Totp(i64),
    BackupCode,
}

/// An attempt that waits for its second factor.
#[derive(Clone, Debug)]
pub(crate) struct PendingSecondFactor {
    pub(crate) sign_in: PendingSignIn,
    pub(crate) has_backup_codes: bool,
}

/// The browser's attempt, if its first factor is proven and the second one is not.
pub(crate) fn pending_second_factor(
    connection: &Connection,
    dev_browser: &DevBrowser,
    now: UnixTime,
) -> Result<Option<PendingSecondFactor>, StoreError> {
    let Some(found) = find_attempt(connection, dev_browser, now)? else {
        return Ok(None);
    };
    let is_waiting = found.sign_in.status == AttemptStatus::NeedsSecondFactor;
    // A password that was changed meanwhile makes what the old one proved worthless.
    let is_outdated = found.user.password_updated_at > found.sign_in.first_factor_at;
    let second_factor = second_factors::find(connection, &found.user.id)?;
    if !is_waiting || is_outdated || second_factor.secret.is_none() {
        return Ok(None);
    }
    Ok(Some(PendingSecondFactor {
        sign_in: found,
        has_backup_codes: second_factor.backup_codes > 0,
    }))
}

/// Checks a code and, if it is a right one, signs in.
pub(crate) fn attempt_second_factor(
    connection: &Connection,
    dev_browser: &DevBrowser,
    method: SecondFactorMethod,
    entered: &str,
    now: UnixTime,
) -> Outcome<Session> {
    let Some(pending) = pending_second_factor(connection, dev_browser, now)? else {
        return Ok(Err(FlowError::AttemptLost));
    };
    let PendingSignIn { sign_in, user } = pending.sign_in;
    if let Err(error) = prove(connection, &user, method, entered, now)? {
        return Ok(Err(error));
    }
    let client = clients::of_dev_browser(connection, dev_browser, now)?;
    let session = begin_session(connection, &client, &user.id, now)?;
    sessions::set_first_factor_at(connection, &session.id, sign_in.first_factor_at.unwrap_or(now))?;
    sessions::set_second_factor_at(connection, &session.id, now)?;
    sign_ins::complete(connection, &sign_in.id, &session.id)?;
    Ok(Ok(session))
}

/// Checks a code of the authenticator; a right one counts as a new proof.
pub(crate) fn reverify_totp(connection: &Connection, session: &Session, entered: &str, now: UnixTime) -> Outcome<()> {
    // As the account is at this moment: parallel guesses may have locked it.
    let Some(user) = users::find(connection, &session.user_id)? else {
        return Ok(Err(FlowError::AttemptLost));
    };
    if let Err(error) = prove(connection, &user, SecondFactorMethod::Totp, entered, now)? {
        return Ok(Err(error));
    }
    sessions::set_second_factor_at(connection, &session.id, now)?;
    Ok(Ok(()))
}

/// Checks a code for an application, which counts the wrong ones itself. Says what kind of code it is.
pub(crate) fn check_for_application(
    connection: &Connection,
    user_id: &str,
    entered: &str,
    now: UnixTime,
) -> Outcome<SecondFactorMethod> {
    let held = second_factors::find(connection, user_id)?;
    let is_totp = plain_code(entered).is_ok();
    let method = match is_totp {
        true => SecondFactorMethod::Totp,
        false => SecondFactorMethod::BackupCode,
    };
    let proof = match check(connection, user_id, &held, method, entered, now)? {
        Ok(Some(proof)) => proof,
        Ok(None) => return Ok(Err(FlowError::CodeNotCurrent)),
        Err(error) => return Ok(Err(error)),
    };
    accept(connection, user_id, &held, proof)?;
    Ok(Ok(method))
}

/// Checks a code and counts a wrong one; too many of them lock the account, as wrong passwords do.
fn prove(
    connection: &Connection,
    user: &User,
    method: SecondFactorMethod,
    entered: &str,
    now: UnixTime,
) -> Outcome<()> {
    if let Err(error) = refuse_barred(user, now) {
        return Ok(Err(error));
    }
    let held = second_factors::find(connection, &user.id)?;
    match check(connection, &user.id, &held, method, entered, now)? {
        Ok(Some(proof)) => accept(connection, &user.id, &held, proof).map(Ok),
        Ok(None) => count_wrong_code(connection, user, &held, now).map(Err),
        Err(error) => Ok(Err(error)),
    }
}

/// Returns the proof by the entered code; `None` if the code is wrong.
fn check(
    connection: &Connection,
    user_id: &str,
    held: &SecondFactor,
    method: SecondFactorMethod,
    entered: &str,
    now: UnixTime,
) -> Outcome<Option<Proof>> {
    let Some(secret) = &held.secret else {
        return Ok(Err(FlowError::AttemptLost));
    };
    if entered.trim().is_empty() {
        return Ok(Err(FlowError::Missing { field: Field::Code }));
    }
    match method {
        SecondFactorMethod::Totp => {
            let code = match plain_code(entered) {
                Ok(code) => code,
                Err(error) => return Ok(Err(error)),
            };
            Ok(match secret.step_of(&code, now) {
                // Refuse a replayed code: an attacker may have observed it.
                Some(step) if held.last_step >= Some(step) => Err(FlowError::CodeReplayed),
                step => Ok(step.map(Proof::Totp)),
            })
        }
        SecondFactorMethod::BackupCode => {
            let Some(code) = read_backup_code(entered) else {
                return Ok(Err(FlowError::BackupCodeMalformed));
            };
            let is_right = second_factors::take_backup_code(connection, user_id, &code)?;
            Ok(Ok(is_right.then_some(Proof::BackupCode)))
        }
    }
}

fn accept(connection: &Connection, user_id: &str, held: &SecondFactor, proof: Proof) -> Result<(), StoreError> {
    let last_step = match proof {
        Proof::Totp(step) => Some(step),
        Proof::BackupCode => held.last_step,
    };
    Ok(second_factors::accept(connection, user_id, last_step)?)
}

fn count_wrong_code(
    connection: &Connection,
    user: &User,
    held: &SecondFactor,
    now: UnixTime,
) -> Result<FlowError, StoreError> {
    let wrong = held.wrong_codes.saturating_add(1);
    if wrong < MOST_WRONG {
        second_factors::set_wrong_codes(connection, &user.id, wrong)?;
        let tries_left = MOST_WRONG - wrong;
        return Ok(FlowError::CodeIncorrect { tries_left });
    }
    // After the lock there are as many tries again.
    second_factors::set_wrong_codes(connection, &user.id, 0)?;
    lock(connection, user, now)
}
