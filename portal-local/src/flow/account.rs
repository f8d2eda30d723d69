//! Changes of a user's own account: addresses, password, devices, deletion.

use super::lockout::Tries;
use super::membership::is_last_manager;
use super::password::NewPassword;
use super::restriction::{Use, check_new_address};
use super::sign_in::refuse_barred;
use super::{BrowserFlows, CodeRequest, Field, Flow, FlowError, FlowFailure, Outcome, check_email_address, code};
use crate::store::{
    EmailAddress, Result, Session, SessionStatus, Strategy, Subject, Task, User, email_addresses, memberships,
    organizations, sessions, users,
};

/// The confirmation that the user types to delete their account.
pub(crate) const DELETE_PHRASE: &str = "Delete account";

impl Flow<'_> {
    /// Adds an address and sends the code that verifies it. Returns its ID.
    pub(crate) fn add_email_address(&self, user_id: &str, text: &str) -> Outcome<String> {
        let address = check_email_address(text, Field::EmailAddress)?;
        check_new_address(self, &address, Use::Add)?;
        let own = email_addresses::of_user(self.db, user_id)?;
        let wanted = email_addresses::normalize(&address);
        let known = own
            .into_iter()
            .find(|one| email_addresses::normalize(&one.address) == wanted);
        let id = match known {
            // It was added before and never proven.
            Some(known) => known.id,
            None => email_addresses::insert_unverified(self.db, user_id, &address)?,
        };
        // If no code may be sent now, the address is kept: the user asks for the code later.
        code::send(
            self,
            Subject::EmailAddress(&id),
            Strategy::EmailCode,
            &address,
            CodeRequest::First,
        )
        .map_err(FlowFailure::recorded)?;
        Ok(id)
    }

    /// Sends another code to an address that waits for its proof.
    pub(crate) fn send_address_code(&self, address: &EmailAddress) -> Outcome<()> {
        code::send(
            self,
            Subject::EmailAddress(&address.id),
            Strategy::EmailCode,
            &address.address,
            CodeRequest::Another,
        )
    }

    /// Checks the code for an address; the right one proves it.
    pub(crate) fn verify_email_address(&self, address: &EmailAddress, entered: &str) -> Outcome<()> {
        let (subject, tries) = (Subject::EmailAddress(&address.id), Tries::Address(&address.address));
        code::check(self, subject, Strategy::EmailCode, tries, entered)?;
        // Check again: since the start, settings may have changed and another user may have verified the same address.
        // The code is used all the same.
        check_new_address(self, &address.address, Use::Add).map_err(FlowFailure::recorded)?;
        email_addresses::set_verified(self.db, &address.id)?;
        Ok(())
    }

    /// Makes a proven address of the user's the one that is shown.
    pub(crate) fn make_primary(&self, user_id: &str, address_id: &str) -> Outcome<()> {
        let own = email_addresses::of_user(self.db, user_id)?;
        if !own.iter().any(|one| one.id == address_id && one.verified_at.is_some()) {
            return Err(FlowError::IdentifierNotFound.into());
        }
        users::set_primary_email_address(self.db, user_id, Some(address_id))?;
        Ok(())
    }

    /// Removes an address from the account, unless it is the primary one or the last one for sign-in.
    pub(crate) fn remove_email_address(&self, user_id: &str, address_id: &str) -> Outcome<()> {
        // As the account is at this moment: a request beside this one may have made the address primary.
        let user = users::find(self.db, user_id)?.ok_or(FlowError::AttemptLost)?;
        let own = email_addresses::of_user(self.db, &user.id)?;
        let Some(address) = own.iter().find(|one| one.id == address_id) else {
            // A second click: it is gone already.
            return Ok(());
        };
        let verified = own.iter().filter(|one| one.verified_at.is_some()).count();
        if address.verified_at.is_some() && verified == 1 {
            return Err(FlowError::LastIdentification.into());
        }
        if user.primary_email_address_id.as_deref() == Some(address_id) {
            return Err(FlowError::PrimaryAddress.into());
        }
        email_addresses::delete(self.db, address_id)?;
        Ok(())
    }

    /// Sets a password, which is not compromised, and completes the reset task of all sessions.
    pub(crate) fn set_password(&self, user_id: &str, hash: &str) -> Result<()> {
        users::set_password(self.db, user_id, hash)?;
        self.complete_task_of(user_id, Task::ResetPassword)
    }

    /// Takes the password away; no session of the user's waits for a new one any more.
    pub(crate) fn remove_password(&self, user_id: &str) -> Result<()> {
        users::remove_password(self.db, user_id)?;
        self.complete_task_of(user_id, Task::ResetPassword)
    }

    /// The devices on which the user is signed in, the one used last first.
    pub(crate) fn devices(&self, user_id: &str) -> Result<Vec<Session>> {
        let mut live = sessions::live_of_user(self.db, user_id)?;
        live.sort_by_key(|session| std::cmp::Reverse(session.last_active_at));
        Ok(live)
    }

    /// Signs one of the user's devices out, from another one. Nothing happens if it was signed out already.
    pub(crate) fn sign_out_device(&self, user_id: &str, session_id: &str) -> Result<()> {
        let found = sessions::find(self.db, session_id)?;
        if let Some(session) = found.filter(|session| session.user_id == user_id && session.is_live()) {
            self.end_session(&session, SessionStatus::Revoked)?;
        }
        Ok(())
    }

    /// Deletes the account, unless an organization depends on it.
    pub(crate) fn delete_account(&self, user_id: &str, phrase: &str) -> Outcome<()> {
        let user = users::find(self.db, user_id)?.ok_or(FlowError::AttemptLost)?;
        if !(self.settings.delete_self_enabled && user.delete_self_enabled) {
            return Err(FlowError::DeletionDisabled.into());
        }
        if !phrase.trim().eq_ignore_ascii_case(DELETE_PHRASE) {
            let expected = DELETE_PHRASE.to_owned();
            return Err(FlowError::ConfirmationWrong { expected }.into());
        }
        let mut orphans = Vec::new();
        for membership in memberships::of_user(self.db, &user.id)? {
            if is_last_manager(self, &membership)?
                && let Some(organization) = organizations::find(self.db, &membership.organization_id)?
            {
                orphans.push(organization.name);
            }
        }
        if !orphans.is_empty() {
            let organizations = orphans.join(", ");
            return Err(FlowError::SoleManager { organizations }.into());
        }
        self.end_sessions_of(&user.id, None)?;
        users::delete(self.db, &user.id)?;
        Ok(())
    }
}

impl BrowserFlows {
    /// Changes the password, or sets the first one.
    pub(crate) async fn change_password(
        &self,
        session: &Session,
        user: &User,
        current: String,
        new: NewPassword,
    ) -> Outcome<()> {
        refuse_barred(user, self.now())?;
        if user.password_hash.is_some() {
            self.prove_current(user, current).await?;
        }
        self.replace_password(session, user, new).await?;
        Ok(())
    }

    /// Sets a new password for a session with the reset task. Returns the updated session.
    ///
    /// The old password is not checked, because it is compromised.
    pub(crate) async fn reset_compromised_password(
        &self,
        session: &Session,
        user: &User,
        new: NewPassword,
    ) -> Outcome<Session> {
        refuse_barred(user, self.now())?;
        self.replace_password(session, user, new).await
    }

    /// Checks the password that the account has.
    async fn prove_current(&self, user: &User, entered: String) -> Outcome<()> {
        if entered.is_empty() {
            let field = Field::CurrentPassword;
            return Err(FlowError::Missing { field }.into());
        }
        let proven = self.compare_password(&user.id, entered, FlowError::AttemptLost, |_| Ok(()));
        proven.await.map_err(|failure| {
            failure.map(|error| match error {
                FlowError::PasswordIncorrect => FlowError::CurrentPasswordIncorrect,
                error => error,
            })
        })
    }

    /// Replaces the password of `user`. Returns the updated session.
    async fn replace_password(&self, session: &Session, user: &User, new: NewPassword) -> Outcome<Session> {
        let id = user.id.clone();
        let primary = self.run(move |flow| email_addresses::primary(flow.db, &id));
        let identifier = primary.await?.map(|address| address.address).unwrap_or_default();
        let (old, user_id, session_id) = (user.password_hash.clone(), user.id.clone(), session.id.clone());
        let hash = self.prepare_password(new.text, identifier, old.clone()).await?;
        self.run(move |flow| {
            // The compared password is outdated: a concurrent request changed it.
            let found = users::find(flow.db, &user_id)?;
            let user = found
                .filter(|user| user.password_hash == old)
                .ok_or(FlowError::AttemptLost)?;
            // Guesses beside this request may have locked the account.
            refuse_barred(&user, flow.now)?;
            if !sessions::find(flow.db, &session_id)?.is_some_and(|session| session.is_live()) {
                return Err(FlowError::AttemptLost.into());
            }
            flow.set_password(&user_id, &hash)?;
            if new.sign_out_others {
                flow.end_sessions_of(&user_id, Some(&session_id))?;
            }
            Ok(sessions::find(flow.db, &session_id)?.ok_or(FlowError::AttemptLost)?)
        })
        .await
    }
}
