//! Two-step verification: setting up an authenticator app, backup codes, and removing both.

use super::code::plain_code;
use super::{Flow, FlowError, Outcome, task};
use crate::clock::Millis as _;
use crate::secrets::{random_backup_code, read_backup_code};
use crate::store::second_factors::{self, TotpSetup};
use crate::store::{Result, SecondFactor, Session, Task, sessions};
use crate::totp::TotpSecret;

/// The number of backup codes in a new set.
const BACKUP_CODES: u32 = 10;
/// A secret that was on a screen for longer than this may have been seen by others; there will be a new one.
const SETUP_MILLIS: i64 = 60 * 60 * 1_000;

impl Flow<'_> {
    /// The secret that a session sets up: the same one whenever the page is opened again, unless that was long ago. `None`
    /// if there is an authenticator already.
    pub(crate) fn begin_totp(&self, session: &Session) -> Result<Option<TotpSecret>> {
        if self.has_totp(&session.user_id)? {
            return Ok(None);
        }
        if let Some(secret) = open_setup(self, session)? {
            return Ok(Some(secret));
        }
        let setup = TotpSetup {
            session_id: session.id.clone(),
            secret: TotpSecret::random(),
            created_at: self.now,
        };
        second_factors::put_totp_setup(self.db, &setup)?;
        Ok(Some(setup.secret))
    }

    /// Verifies a code of the app, which sign-in then requires. Returns the first backup codes.
    pub(crate) fn enable_totp(&self, session: &Session, entered: &str) -> Outcome<Vec<String>> {
        let user_id = &session.user_id;
        let setup = open_setup(self, session)?;
        let is_late = self.has_totp(user_id)?;
        let secret = setup.filter(|_| !is_late).ok_or(FlowError::AttemptLost)?;
        let code = plain_code(entered)?;
        let step = secret.step_of(&code, self.now).ok_or(FlowError::CodeNotCurrent)?;
        self.install_totp(user_id, &secret, Some(step))?;
        second_factors::delete_totp_setup(self.db, &session.id)?;
        sessions::set_second_factor_at(self.db, &session.id)?;
        self.new_backup_codes(user_id)
    }

    /// Adds an authenticator to a user and completes the set-up task of all their sessions.
    ///
    /// `last_step` is the time step of the code that verified it, so that this code cannot be replayed.
    pub(crate) fn install_totp(&self, user_id: &str, secret: &TotpSecret, last_step: Option<i64>) -> Result<()> {
        second_factors::enable_totp(self.db, user_id, secret, last_step)?;
        self.complete_task_of(user_id, Task::SetupMfa)
    }

    /// Returns new backup codes, which replace all earlier ones.
    pub(crate) fn new_backup_codes(&self, user_id: &str) -> Outcome<Vec<String>> {
        if !self.has_totp(user_id)? {
            return Err(FlowError::AttemptLost.into());
        }
        let codes: Vec<String> = (0..BACKUP_CODES).map(|_| random_backup_code()).collect();
        second_factors::set_backup_codes(self.db, user_id, &codes)?;
        Ok(codes)
    }

    /// Keeps these backup codes in place of all that there were.
    pub(crate) fn replace_backup_codes(&self, user_id: &str, codes: &[String]) -> Outcome<()> {
        let codes: Option<Vec<String>> = codes.iter().map(|code| read_backup_code(code)).collect();
        match codes {
            Some(codes) => Ok(second_factors::set_backup_codes(self.db, user_id, &codes)?),
            None => Err(FlowError::BackupCodeMalformed.into()),
        }
    }

    /// Returns `true` if the user has an authenticator app.
    pub(crate) fn has_totp(&self, user_id: &str) -> Result<bool> {
        Ok(self.second_factor(user_id)?.secret.is_some())
    }

    /// The user's second factor.
    pub(crate) fn second_factor(&self, user_id: &str) -> Result<SecondFactor> {
        second_factors::find(self.db, user_id)
    }

    /// Removes the authenticator and the backup codes.
    ///
    /// If the instance requires an authenticator, the user's live sessions get the task to set up a new one.
    pub(crate) fn remove_totp(&self, user_id: &str) -> Result<()> {
        if !self.has_totp(user_id)? {
            return Ok(());
        }
        second_factors::disable_totp(self.db, user_id)?;
        sessions::forget_second_factor(self.db, user_id)?;
        if !self.settings.mfa_required {
            return Ok(());
        }
        for session in sessions::live_of_user(self.db, user_id)? {
            task::add(self, &session, Task::SetupMfa)?;
        }
        Ok(())
    }

    /// Removes the backup codes and keeps the authenticator.
    pub(crate) fn remove_backup_codes(&self, user_id: &str) -> Result<()> {
        second_factors::set_backup_codes(self.db, user_id, &[])
    }
}

fn open_setup(flow: &Flow<'_>, session: &Session) -> Result<Option<TotpSecret>> {
    let found = second_factors::find_totp_setup(flow.db, &session.id)?;
    let open = found.filter(|setup| flow.now.follows_within(SETUP_MILLIS, setup.created_at));
    Ok(open.map(|setup| setup.secret))
}
