//! A forgotten password: a code to the address, then a new password.

use std::sync::Arc;

use portal_sdk::clock::UnixTime;
use rusqlite::Connection;

use super::lockout::Tries;
use super::session::end_sessions_of;
use super::sign_in::{PendingSignIn, SignInStep, find_attempt, first_factor_proven, refuse_barred};
use super::{Delivery, FlowError, Outcome, code, set_password};
use crate::password;
use crate::state::App;
use crate::store::{AttemptStatus, DevBrowser, StoreError, Strategy, Subject, sign_ins};

/// The state of a password reset.
#[derive(Clone, Debug)]
pub(crate) enum PasswordReset {
    /// Waits for its code.
    Code(PendingSignIn),
    /// Waits for the new password.
    Password(PendingSignIn),
}

/// The browser's attempt, if it can become or be a reset.
pub(crate) fn pending_password_reset(
    connection: &Connection,
    dev_browser: &DevBrowser,
    now: UnixTime,
) -> Result<Option<PasswordReset>, StoreError> {
    let found = find_attempt(connection, dev_browser, now)?;
    Ok(found.and_then(|pending| match pending.sign_in.status {
        AttemptStatus::NeedsFirstFactor => Some(PasswordReset::Code(pending)),
        AttemptStatus::NeedsNewPassword => Some(PasswordReset::Password(pending)),
        AttemptStatus::NeedsSecondFactor | AttemptStatus::MissingRequirements | AttemptStatus::Complete => None,
    }))
}

/// Sends a code that allows a new password: the first one, or another on request.
pub(crate) fn send_reset_code(
    connection: &Connection,
    pending: &PendingSignIn,
    application_name: &str,
    is_request: bool,
    now: UnixTime,
) -> Outcome<()> {
    let delivery = Delivery {
        to: pending.sign_in.identifier.clone(),
        application_name: application_name.to_owned(),
    };
    let subject = Subject::SignIn(&pending.sign_in.id);
    let strategy = Strategy::ResetPasswordEmailCode;
    if is_request {
        code::send(connection, subject, strategy, &delivery, now)
    } else {
        code::send_first(connection, subject, strategy, &delivery, now)
    }
}

/// Checks a code; the right one allows a new password.
pub(crate) fn attempt_reset_code(
    connection: &Connection,
    dev_browser: &DevBrowser,
    entered: &str,
    now: UnixTime,
) -> Outcome<()> {
    let Some(PasswordReset::Code(pending)) = pending_password_reset(connection, dev_browser, now)? else {
        return Ok(Err(FlowError::AttemptLost));
    };
    let tries = Tries::Account(&pending.user.id);
    let (subject, strategy) = (Subject::SignIn(&pending.sign_in.id), Strategy::ResetPasswordEmailCode);
    if let Err(error) = code::check(connection, subject, strategy, tries, entered, now)? {
        return Ok(Err(error));
    }
    sign_ins::set_status(connection, &pending.sign_in.id, AttemptStatus::NeedsNewPassword)?;
    Ok(Ok(()))
}

/// Sets the new password and signs in, or leads to the second factor; the other devices are signed out if the person
/// wishes.
pub(crate) async fn set_reset_password(
    app: &Arc<App>,
    dev_browser: &DevBrowser,
    new: String,
    sign_out_others: bool,
) -> Outcome<SignInStep> {
    let now = app.now();
    let browser = dev_browser.clone();
    let found = app
        .store
        .transaction(move |connection| pending_password_reset(connection, &browser, now))
        .await?;
    let Some(PasswordReset::Password(pending)) = found else {
        return Ok(Err(FlowError::AttemptLost));
    };
    let old = pending.user.password_hash.clone();
    let hash = match prepare(app, new, pending.sign_in.identifier.clone(), old).await? {
        Ok(hash) => hash,
        Err(error) => return Ok(Err(error)),
    };
    let browser = dev_browser.clone();
    let now = app.now();
    app.store
        .transaction(move |connection| {
            // A request beside this one may have finished the attempt, or begun another.
            let pending = match pending_password_reset(connection, &browser, now)? {
                Some(PasswordReset::Password(current)) if current.sign_in.id == pending.sign_in.id => current,
                _ => return Ok(Err(FlowError::AttemptLost)),
            };
            if let Err(error) = refuse_barred(&pending.user, now) {
                return Ok(Err(error));
            }
            let user_id = &pending.user.id;
            set_password(connection, user_id, &hash, now)?;
            if sign_out_others {
                end_sessions_of(connection, user_id, None, now)?;
            }
            first_factor_proven(connection, &browser, &pending, now).map(Ok)
        })
        .await
}

/// The hash of a new password that may replace the one with the hash `old`. Slow, and therefore outside transactions.
pub(super) async fn prepare(app: &App, new: String, identifier: String, old: Option<String>) -> Outcome<String> {
    if new.is_empty() {
        return Ok(Err(FlowError::Missing {
            field: super::Field::Password,
        }));
    }
    if let Err(error) = password::check_policy(&new, &identifier) {
        return Ok(Err(error));
    }
    let prepared = app
        .blocking(move || {
            if old.is_some_and(|old| password::verify(&new, &old)) {
                return Ok(None);
            }
            password::hash(&new).map(Some)
        })
        .await?;
    match prepared {
        Ok(Some(hash)) => Ok(Ok(hash)),
        Ok(None) => Ok(Err(FlowError::PasswordUnchanged)),
        Err(_) => Err(StoreError::interrupted()),
    }
}
