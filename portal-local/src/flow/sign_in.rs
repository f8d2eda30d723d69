//! Signing in: who, then a password or a code.

use std::sync::Arc;

use portal_sdk::clock::UnixTime;
use rusqlite::Connection;

use super::lockout::{self, Tries};
use super::restriction::{Use, check_address};
use super::session::begin_session;
use super::{Delivery, Field, FlowError, Outcome, check_email_address, code};
use crate::clock::Millis as _;
use crate::password;
use crate::state::App;
use crate::store::{AttemptStatus, DevBrowser, Session, SignIn, StoreError, Strategy, Subject, User};
use crate::store::{clients, email_addresses, second_factors, sign_ins, users, verifications};

pub(super) const ATTEMPT_LIFETIME_MILLIS: i64 = 24 * 60 * 60 * 1_000;

/// An attempt that is not finished, and whose it is.
#[derive(Clone, Debug)]
pub(crate) struct PendingSignIn {
    pub(crate) sign_in: SignIn,
    pub(crate) user: User,
}

/// The next step after a proven first factor.
#[derive(Clone, Debug)]
pub(crate) enum SignInStep {
    Complete(Box<Session>),
    /// The account has a second factor.
    SecondFactor,
}

/// Starts an attempt for the account that `identifier` names.
pub(crate) fn start_sign_in(
    connection: &Connection,
    dev_browser: &DevBrowser,
    identifier: &str,
    now: UnixTime,
) -> Outcome<SignIn> {
    let identifier = match check_email_address(identifier, Field::Identifier) {
        Ok(identifier) => identifier,
        Err(error) => return Ok(Err(error)),
    };
    let Some(address) = email_addresses::find_verified(connection, &identifier)? else {
        return Ok(Err(FlowError::IdentifierNotFound));
    };
    if users::find(connection, &address.user_id)?.is_some_and(|user| user.banned) {
        return Ok(Err(FlowError::Banned));
    }
    if let Err(error) = check_address(connection, &identifier, Use::SignIn)? {
        return Ok(Err(error));
    }
    let client = clients::of_dev_browser(connection, dev_browser, now)?;
    let previous = sign_ins::current(connection, &client)?;
    let abandon_at = now.plus_millis(ATTEMPT_LIFETIME_MILLIS);
    let sign_in = sign_ins::insert(connection, &client, &identifier, &address.user_id, now, abandon_at)?;
    // A restart in the same browser sends no other code, because the last one stays valid.
    let normalize = email_addresses::normalize;
    if let Some(previous) = previous.filter(|one| normalize(&one.identifier) == normalize(&identifier)) {
        let (from, to) = (Subject::SignIn(&previous.id), Subject::SignIn(&sign_in.id));
        verifications::carry_over(connection, from, to, now)?;
    }
    Ok(Ok(sign_in))
}

/// The browser's attempt, if it has one that waits for its first factor.
pub(crate) fn pending_sign_in(
    connection: &Connection,
    dev_browser: &DevBrowser,
    now: UnixTime,
) -> Result<Option<PendingSignIn>, StoreError> {
    let found = find_attempt(connection, dev_browser, now)?;
    Ok(found.filter(|pending| pending.sign_in.status == AttemptStatus::NeedsFirstFactor))
}

/// The browser's attempt, wherever it stands, unless it was given up.
pub(super) fn find_attempt(
    connection: &Connection,
    dev_browser: &DevBrowser,
    now: UnixTime,
) -> Result<Option<PendingSignIn>, StoreError> {
    let Some(client) = clients::find_of_dev_browser(connection, dev_browser)? else {
        return Ok(None);
    };
    let current = sign_ins::current(connection, &client)?;
    let Some(sign_in) = current.filter(|attempt| attempt.abandon_at > now) else {
        return Ok(None);
    };
    let Some(user_id) = &sign_in.user_id else {
        return Ok(None);
    };
    Ok(users::find(connection, user_id)?.map(|user| PendingSignIn { sign_in, user }))
}

/// Checks a password; the right one signs in, or leads to the second factor.
///
/// The hash is computed between two transactions, because a transaction blocks all other requests.
pub(crate) async fn attempt_password(
    app: &Arc<App>,
    dev_browser: &DevBrowser,
    password: String,
) -> Outcome<SignInStep> {
    if password.is_empty() {
        return Ok(Err(FlowError::Missing { field: Field::Password }));
    }
    let now = app.now();
    let browser = dev_browser.clone();
    let pending = app
        .store
        .transaction(move |connection| {
            let Some(pending) = pending_sign_in(connection, &browser, now)? else {
                return Ok(Err(FlowError::AttemptLost));
            };
            let Some(hash) = pending.user.password_hash.clone() else {
                return Ok(Err(FlowError::NoPassword));
            };
            let begun = lockout::begin_password(connection, &pending.user, now)?;
            Ok(begun.map(|()| (pending, hash)))
        })
        .await?;
    let (pending, hash) = match pending {
        Ok(pending) => pending,
        Err(error) => return Ok(Err(error)),
    };
    let is_correct = app.blocking(move || password::verify(&password, &hash)).await?;

    let browser = dev_browser.clone();
    let now = app.now();
    app.store
        .transaction(move |connection| conclude_password(connection, &browser, &pending, is_correct, now))
        .await
}

/// Acts on a password that was compared with what `checked` held. Time has passed since: the browser may be in another
/// attempt, for another account; the password may be another; parallel guesses may have locked the account. None of
/// these may profit from the comparison.
fn conclude_password(
    connection: &Connection,
    dev_browser: &DevBrowser,
    checked: &PendingSignIn,
    is_correct: bool,
    now: UnixTime,
) -> Outcome<SignInStep> {
    let Some(pending) = pending_sign_in(connection, dev_browser, now)? else {
        return Ok(Err(FlowError::AttemptLost));
    };
    if pending.sign_in.id != checked.sign_in.id || pending.user.password_hash != checked.user.password_hash {
        return Ok(Err(FlowError::AttemptLost));
    }
    if !is_correct {
        return lockout::failed(connection, &pending.user, now).map(Err);
    }
    if let Err(error) = lockout::passed(connection, &pending.user, now)? {
        return Ok(Err(error));
    }
    if pending.user.password_compromised {
        return Ok(Err(FlowError::PasswordCompromised));
    }
    first_factor_proven(connection, dev_browser, &pending, now).map(Ok)
}

/// Refuses a locked or banned account, even with proven factors, because an administrator may have barred it since the
/// attempt began.
pub(super) fn refuse_barred(user: &User, now: UnixTime) -> Result<(), FlowError> {
    if user.banned {
        return Err(FlowError::Banned);
    }
    match user.locked_for_millis(now) {
        Some(millis) => Err(FlowError::Locked {
            retry_after_secs: (millis + 999) / 1_000,
        }),
        None => Ok(()),
    }
}

/// Sends a code to the address that was entered: the first one, or another on request.
pub(crate) fn send_sign_in_code(
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
    let strategy = Strategy::EmailCode;
    if is_request {
        code::send(connection, subject, strategy, &delivery, now)
    } else {
        code::send_first(connection, subject, strategy, &delivery, now)
    }
}

/// Checks a code; the right one signs in, or leads to the second factor.
pub(crate) fn attempt_sign_in_code(
    connection: &Connection,
    dev_browser: &DevBrowser,
    entered: &str,
    now: UnixTime,
) -> Outcome<SignInStep> {
    let Some(pending) = pending_sign_in(connection, dev_browser, now)? else {
        return Ok(Err(FlowError::AttemptLost));
    };
    let subject = Subject::SignIn(&pending.sign_in.id);
    let tries = Tries::Account(&pending.user.id);
    match code::check(connection, subject, Strategy::EmailCode, tries, entered, now)? {
        Ok(()) => first_factor_proven(connection, dev_browser, &pending, now).map(Ok),
        Err(error) => Ok(Err(error)),
    }
}

/// Signs in, unless the account has a second factor.
pub(super) fn first_factor_proven(
    connection: &Connection,
    dev_browser: &DevBrowser,
    pending: &PendingSignIn,
    now: UnixTime,
) -> Result<SignInStep, StoreError> {
    if second_factors::has_totp(connection, &pending.user.id)? {
        sign_ins::await_second_factor(connection, &pending.sign_in.id, now)?;
        return Ok(SignInStep::SecondFactor);
    }
    let client = clients::of_dev_browser(connection, dev_browser, now)?;
    let session = begin_session(connection, &client, &pending.user.id, now)?;
    sign_ins::complete(connection, &pending.sign_in.id, &session.id)?;
    Ok(SignInStep::Complete(Box::new(session)))
}

#[cfg(test)]
mod tests {
    use super::super::MOST_WRONG_PASSWORDS;
    use super::*;
    use crate::store::{Location, NewUser, Store, dev_browsers};

    const NOW: UnixTime = UnixTime::from_secs(1_800_000_000);

    fn account(connection: &Connection, address: &str) {
        let new = NewUser {
            id: None,
            email_address: address.to_owned(),
            strategy: Strategy::EmailCode,
            password_hash: Some(format!("hash of {address}")),
            first_name: None,
            last_name: None,
        };
        users::insert(connection, &new, NOW).unwrap();
    }

    fn start(connection: &Connection, browser: &DevBrowser, address: &str) -> PendingSignIn {
        start_sign_in(connection, browser, address, NOW).unwrap().unwrap();
        pending_sign_in(connection, browser, NOW).unwrap().unwrap()
    }

    #[tokio::test]
    async fn a_compared_password_is_worth_nothing_for_another_attempt() {
        let (store, _) = Store::open(&Location::Memory, NOW).unwrap();
        let work = |connection: &rusqlite::Transaction<'_>| {
            account(connection, "eve@example.com");
            account(connection, "ada@example.com");
            let browser = dev_browsers::insert(connection, "dvb_1".into(), "token", NOW)?;
            let eves = start(connection, &browser, "eve@example.com");
            start(connection, &browser, "ada@example.com");
            let outcome = conclude_password(connection, &browser, &eves, true, NOW)?;
            assert_eq!(outcome.unwrap_err(), FlowError::AttemptLost);
            Ok(())
        };
        store.transaction(work).await.unwrap();
    }

    #[tokio::test]
    async fn a_right_password_does_not_open_an_account_that_was_locked_meanwhile() {
        let (store, _) = Store::open(&Location::Memory, NOW).unwrap();
        let work = |connection: &rusqlite::Transaction<'_>| {
            account(connection, "ada@example.com");
            let browser = dev_browsers::insert(connection, "dvb_1".into(), "token", NOW)?;
            let pending = start(connection, &browser, "ada@example.com");
            for _ in 0..MOST_WRONG_PASSWORDS {
                let user = users::find(connection, &pending.user.id)?.unwrap();
                lockout::begin_password(connection, &user, NOW)?.unwrap();
                conclude_password(connection, &browser, &pending, false, NOW)?.unwrap_err();
            }
            let outcome = conclude_password(connection, &browser, &pending, true, NOW)?;
            assert!(matches!(outcome, Err(FlowError::Locked { .. })));
            Ok(())
        };
        store.transaction(work).await.unwrap();
    }

    #[tokio::test]
    async fn passwords_tried_at_the_same_moment_count_each_other() {
        let (store, _) = Store::open(&Location::Memory, NOW).unwrap();
        let work = |connection: &rusqlite::Transaction<'_>| {
            account(connection, "ada@example.com");
            let browser = dev_browsers::insert(connection, "dvb_1".into(), "token", NOW)?;
            let pending = start(connection, &browser, "ada@example.com");
            let begin = || {
                let user = users::find(connection, &pending.user.id)?.unwrap();
                lockout::begin_password(connection, &user, NOW)
            };
            let mut compared = 0;
            for _ in 0..60 {
                compared += u32::from(begin()?.is_ok());
            }
            assert_eq!(compared, MOST_WRONG_PASSWORDS);
            let outcome = conclude_password(connection, &browser, &pending, true, NOW)?;
            assert!(
                matches!(outcome, Err(FlowError::Locked { .. })),
                "the right one comes too late"
            );
            Ok(())
        };
        store.transaction(work).await.unwrap();
    }
}
