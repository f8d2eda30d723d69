//! The second step of signing in: a code of the authenticator app, or a backup code.

use super::code::{MOST_WRONG, plain_code};
use super::lockout::lock;
use super::sign_in::{PendingSignIn, find_attempt, refuse_barred};
use super::{BrowserFlow, Field, Flow, FlowError, FlowFailure, Outcome};
use crate::secrets::read_backup_code;
use crate::store::{AttemptStatus, Result, SecondFactor, Session, User, second_factors, sessions, sign_ins, users};

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

impl BrowserFlow<'_> {
    /// The browser's attempt, if its first factor is proven and the second one is not.
    pub(crate) fn pending_second_factor(&self) -> Result<Option<PendingSecondFactor>> {
        let Some(found) = find_attempt(self)? else {
            return Ok(None);
        };
        let is_waiting = found.sign_in.status == AttemptStatus::NeedsSecondFactor;
        // A password that was changed meanwhile makes what the old one proved worthless.
        let is_outdated = found.user.password_updated_at > found.sign_in.first_factor_at;
        let second_factor = second_factors::find(self.db, &found.user.id)?;
        if !is_waiting || is_outdated || second_factor.secret.is_none() {
            return Ok(None);
        }
        Ok(Some(PendingSecondFactor {
            sign_in: found,
            has_backup_codes: second_factor.backup_codes > 0,
        }))
    }

    /// Checks a code and, if it is a right one, signs in.
    pub(crate) fn attempt_second_factor(&self, method: SecondFactorMethod, entered: &str) -> Outcome<Session> {
        let pending = self.pending_second_factor()?.ok_or(FlowError::AttemptLost)?;
        let PendingSignIn { sign_in, user } = pending.sign_in;
        prove(self, &user, method, entered)?;
        let session = self.sign_in(&user.id)?;
        sessions::set_first_factor_at(self.db, &session.id, sign_in.first_factor_at.unwrap_or(self.now))?;
        sessions::set_second_factor_at(self.db, &session.id)?;
        sign_ins::complete(self.db, &sign_in.id, &session.id)?;
        Ok(session)
    }
}

impl Flow<'_> {
    /// Checks a code of the authenticator; a right one counts as a new proof.
    pub(crate) fn reverify_totp(&self, session: &Session, entered: &str) -> Outcome<()> {
        // As the account is at this moment: parallel guesses may have locked it.
        let user = users::find(self.db, &session.user_id)?.ok_or(FlowError::AttemptLost)?;
        prove(self, &user, SecondFactorMethod::Totp, entered)?;
        sessions::set_second_factor_at(self.db, &session.id)?;
        Ok(())
    }

    /// Checks a code for an application, which counts the wrong ones itself. Says what kind of code it is.
    pub(crate) fn check_for_application(&self, user_id: &str, entered: &str) -> Outcome<SecondFactorMethod> {
        let held = second_factors::find(self.db, user_id)?;
        let is_totp = plain_code(entered).is_ok();
        let (method, wrong) = match is_totp {
            true => (SecondFactorMethod::Totp, FlowError::CodeNotCurrent),
            false => (SecondFactorMethod::BackupCode, FlowError::BackupCodeIncorrect),
        };
        let proof = check(self, user_id, &held, method, entered)?.ok_or(wrong)?;
        accept(self, user_id, &held, proof)?;
        Ok(method)
    }
}

/// Checks a code and counts a wrong one; too many of them lock the account, as wrong passwords do.
fn prove(flow: &Flow<'_>, user: &User, method: SecondFactorMethod, entered: &str) -> Outcome<()> {
    refuse_barred(user, flow.now)?;
    let held = second_factors::find(flow.db, &user.id)?;
    match check(flow, &user.id, &held, method, entered)? {
        Some(proof) => Ok(accept(flow, &user.id, &held, proof)?),
        None => Err(count_wrong_code(flow, user, &held)?),
    }
}

/// Returns the proof by the entered code; `None` if the code is wrong.
fn check(
    flow: &Flow<'_>,
    user_id: &str,
    held: &SecondFactor,
    method: SecondFactorMethod,
    entered: &str,
) -> Outcome<Option<Proof>> {
    let secret = held.secret.as_ref().ok_or(FlowError::AttemptLost)?;
    if entered.trim().is_empty() {
        return Err(FlowError::Missing { field: Field::Code }.into());
    }
    match method {
        SecondFactorMethod::Totp => {
            let code = plain_code(entered)?;
            match secret.step_of(&code, flow.now) {
                // Refuse a replayed code: an attacker may have observed it.
                Some(step) if held.last_step >= Some(step) => Err(FlowError::CodeReplayed.into()),
                step => Ok(step.map(Proof::Totp)),
            }
        }
        SecondFactorMethod::BackupCode => {
            let code = read_backup_code(entered).ok_or(FlowError::BackupCodeMalformed)?;
            let is_right = second_factors::take_backup_code(flow.db, user_id, &code)?;
            Ok(is_right.then_some(Proof::BackupCode))
        }
    }
}

fn accept(flow: &Flow<'_>, user_id: &str, held: &SecondFactor, proof: Proof) -> Result<()> {
    let last_step = match proof {
        Proof::Totp(step) => Some(step),
        Proof::BackupCode => held.last_step,
    };
    second_factors::accept(flow.db, user_id, last_step)
}

fn count_wrong_code(flow: &Flow<'_>, user: &User, held: &SecondFactor) -> Result<FlowFailure> {
    let wrong = held.wrong_codes.saturating_add(1);
    if wrong < MOST_WRONG {
        second_factors::set_wrong_codes(flow.db, &user.id, wrong)?;
        let tries_left = MOST_WRONG - wrong;
        let error = FlowError::CodeIncorrect { tries_left };
        return Ok(FlowFailure::RefusedAndRecorded(error));
    }
    // After the lock there are as many tries again.
    second_factors::set_wrong_codes(flow.db, &user.id, 0)?;
    lock(flow, user)
}
