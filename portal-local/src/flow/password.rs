//! Passwords between transactions: hashing one takes tens of milliseconds, and a transaction blocks all other requests.

use super::lockout;
use super::{BrowserFlow, BrowserFlows, Field, FlowError, FlowFailure, Outcome};
use crate::password;
use crate::store::{StoreError, User, users};

/// A password that replaces another one.
#[derive(Clone)]
pub(crate) struct NewPassword {
    pub(crate) text: String,
    /// Ends the user's other sessions.
    pub(crate) sign_out_others: bool,
}

impl BrowserFlows {
    /// Compares `entered` with the password of `user_id`; if it is the right one, `then` runs.
    ///
    /// The try is counted before the comparison. Meanwhile, the password may have changed, or parallel guesses may have
    /// locked the account: neither may profit from the comparison. An account without a password is refused with
    /// `without`.
    pub(super) async fn compare_password<T, F>(
        &self,
        user_id: &str,
        entered: String,
        without: FlowError,
        then: F,
    ) -> Outcome<T>
    where
        T: Send + 'static,
        F: FnOnce(&BrowserFlow<'_>) -> Outcome<T> + Send + 'static,
    {
        let id = user_id.to_owned();
        let begun = self.run(move |flow| {
            let user = users::find(flow.db, &id)?.ok_or(FlowError::AttemptLost)?;
            let hash = user.password_hash.clone().ok_or(without)?;
            lockout::begin_password(flow, &user)?;
            Ok::<_, FlowFailure>((user, hash))
        });
        let (compared, hash): (User, String) = begun.await?;
        let is_correct = self.blocking(move || password::verify(&entered, &hash)).await?;
        self.run(move |flow| {
            let found = users::find(flow.db, &compared.id)?;
            let user = found.filter(|user| user.password_hash == compared.password_hash);
            let user = user.ok_or(FlowError::AttemptLost)?;
            if !is_correct {
                return Err(lockout::failed(flow, &user)?);
            }
            lockout::passed(flow, &user)?;
            then(flow)
        })
        .await
    }

    /// Returns the hash of a new password that may replace the one with the hash `old`.
    pub(super) async fn prepare_password(
        &self,
        new: String,
        identifier: String,
        old: Option<String>,
    ) -> Outcome<String> {
        if new.is_empty() {
            return Err(FlowError::Missing { field: Field::Password }.into());
        }
        password::check_policy(&new, &identifier).map_err(FlowError::from)?;
        let prepared = self
            .blocking(move || {
                if old.is_some_and(|old| password::verify(&new, &old)) {
                    return Ok(None);
                }
                password::hash(&new).map(Some)
            })
            .await?;
        match prepared {
            Ok(Some(hash)) => Ok(hash),
            Ok(None) => Err(FlowError::PasswordUnchanged.into()),
            Err(_) => Err(StoreError::interrupted().into()),
        }
    }
}
