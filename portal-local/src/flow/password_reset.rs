//! A forgotten password: a code to the address, then a new password.

use super::lockout::Tries;
use super::password::NewPassword;
use super::sign_in::{PendingSignIn, SignInStep, find_attempt, first_factor_proven, refuse_barred};
use super::{BrowserFlow, BrowserFlows, CodeRequest, Flow, FlowError, Outcome, code};
use crate::store::{AttemptStatus, Result, Strategy, Subject, sign_ins};

/// The state of a password reset.
#[derive(Clone, Debug)]
pub(crate) enum PasswordReset {
    /// Waits for its code.
    Code(PendingSignIn),
    /// Waits for the new password.
    Password(PendingSignIn),
}

impl BrowserFlow<'_> {
    /// The browser's attempt, if it can become or be a reset.
    pub(crate) fn pending_password_reset(&self) -> Result<Option<PasswordReset>> {
        let found = find_attempt(self)?;
        Ok(found.and_then(|pending| match pending.sign_in.status {
            AttemptStatus::NeedsFirstFactor => Some(PasswordReset::Code(pending)),
            AttemptStatus::NeedsNewPassword => Some(PasswordReset::Password(pending)),
            AttemptStatus::NeedsSecondFactor | AttemptStatus::MissingRequirements | AttemptStatus::Complete => None,
        }))
    }

    /// Checks a code; the right one allows a new password.
    pub(crate) fn attempt_reset_code(&self, entered: &str) -> Outcome<()> {
        let Some(PasswordReset::Code(pending)) = self.pending_password_reset()? else {
            return Err(FlowError::AttemptLost.into());
        };
        let tries = Tries::Account(&pending.user.id);
        let (subject, strategy) = (Subject::SignIn(&pending.sign_in.id), Strategy::ResetPasswordEmailCode);
        code::check(self, subject, strategy, tries, entered)?;
        sign_ins::set_status(self.db, &pending.sign_in.id, AttemptStatus::NeedsNewPassword)?;
        Ok(())
    }
}

impl Flow<'_> {
    /// Sends a code that allows a new password: the first one, or another on request.
    pub(crate) fn send_reset_code(&self, pending: &PendingSignIn, request: CodeRequest) -> Outcome<()> {
        let subject = Subject::SignIn(&pending.sign_in.id);
        let strategy = Strategy::ResetPasswordEmailCode;
        code::send(self, subject, strategy, &pending.sign_in.identifier, request)
    }
}

impl BrowserFlows {
    /// Sets the new password and signs in, or leads to the second factor.
    #[expect(
        clippy::redundant_closure_for_method_calls,
        reason = "a path to a method of `BrowserFlow<'_>` names one lifetime, not every one"
    )]
    pub(crate) async fn set_reset_password(&self, new: NewPassword) -> Outcome<SignInStep> {
        let Some(PasswordReset::Password(pending)) = self.run(|flow| flow.pending_password_reset()).await? else {
            return Err(FlowError::AttemptLost.into());
        };
        let old = pending.user.password_hash.clone();
        let identifier = pending.sign_in.identifier.clone();
        let hash = self.prepare_password(new.text, identifier, old).await?;
        self.run(move |flow| {
            // A request beside this one may have finished the attempt, or begun another.
            let pending = match flow.pending_password_reset()? {
                Some(PasswordReset::Password(current)) if current.sign_in.id == pending.sign_in.id => current,
                _ => return Err(FlowError::AttemptLost.into()),
            };
            refuse_barred(&pending.user, flow.now)?;
            let user_id = &pending.user.id;
            flow.set_password(user_id, &hash)?;
            if new.sign_out_others {
                flow.end_sessions_of(user_id, None)?;
            }
            Ok(first_factor_proven(flow, &pending)?)
        })
        .await
    }
}
