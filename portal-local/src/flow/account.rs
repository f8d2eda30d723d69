//! Changes of a user's own account: addresses, password, devices, deletion.

use std::sync::Arc;

use portal_sdk::clock::UnixTime;
use rusqlite::Connection;

use super::lockout::{self, Tries};
use super::membership::is_last_manager;
use super::password_reset::prepare;
use super::restriction::{Use, check_address};
use super::session::{end_session, end_sessions_of};
use super::sign_in::refuse_barred;
use super::{Delivery, Field, FlowError, Outcome, check_email_address, code, complete_task_of};
use crate::password;
use crate::state::App;
use crate::store::{EmailAddress, Session, SessionStatus, StoreError, Strategy, Subject, Task, User};
use crate::store::{email_addresses, memberships, organizations, sessions, settings, users};

/// The confirmation that the user types to delete their account.
pub(crate) const DELETE_PHRASE: &str = "Delete account";

/// Adds an address and sends the code that verifies it. Returns its ID.
pub(crate) fn add_email_address(
    connection: &Connection,
    user_id: &str,
    text: &str,
    application_name: &str,
    now: UnixTime,
) -> Outcome<String> {
    let address = match check_email_address(text, Field::EmailAddress) {
        Ok(address) => address,
        Err(error) => return Ok(Err(error)),
    };
    if let Err(error) = check_address(connection, &address, Use::Add)? {
        return Ok(Err(error));
    }
    if email_addresses::find_verified(connection, &address)?.is_some() {
        return Ok(Err(FlowError::IdentifierExists));
    }
    let own = email_addresses::of_user(connection, user_id)?;
    let wanted = email_addresses::normalize(&address);
    let known = own
        .into_iter()
        .find(|one| email_addresses::normalize(&one.address) == wanted);
    let id = match known {
        // It was added before and never proven.
        Some(known) => known.id,
        None => email_addresses::insert_unverified(connection, user_id, &address, now)?,
    };
    let sent = code::send_first(
        connection,
        Subject::EmailAddress(&id),
        Strategy::EmailCode,
        &delivery(&address, application_name),
        now,
    )?;
    Ok(sent.map(|()| id))
}

/// Sends another code to an address that waits for its proof.
pub(crate) fn send_address_code(
    connection: &Connection,
    address: &EmailAddress,
    application_name: &str,
    now: UnixTime,
) -> Outcome<()> {
    let delivery = delivery(&address.address, application_name);
    code::send(
        connection,
        Subject::EmailAddress(&address.id),
        Strategy::EmailCode,
        &delivery,
        now,
    )
}

/// Checks the code for an address; the right one proves it.
pub(crate) fn verify_email_address(
    connection: &Connection,
    address: &EmailAddress,
    entered: &str,
    now: UnixTime,
) -> Outcome<()> {
    let (subject, tries) = (Subject::EmailAddress(&address.id), Tries::Address(&address.address));
    if let Err(error) = code::check(connection, subject, Strategy::EmailCode, tries, entered, now)? {
        return Ok(Err(error));
    }
    // Check again: since the start, settings may have changed and another user may have verified the same address.
    if let Err(error) = check_address(connection, &address.address, Use::Add)? {
        return Ok(Err(error));
    }
    if email_addresses::find_verified(connection, &address.address)?.is_some() {
        return Ok(Err(FlowError::IdentifierExists));
    }
    email_addresses::set_verified(connection, &address.id, now)?;
    Ok(Ok(()))
}

/// Makes a proven address of the user's the one that is shown.
pub(crate) fn make_primary(connection: &Connection, user_id: &str, address_id: &str, now: UnixTime) -> Outcome<()> {
    let own = email_addresses::of_user(connection, user_id)?;
    if !own.iter().any(|one| one.id == address_id && one.verified_at.is_some()) {
        return Ok(Err(FlowError::IdentifierNotFound));
    }
    users::set_primary_email_address(connection, user_id, address_id, now)?;
    Ok(Ok(()))
}

/// Removes an address from the account, unless it is the primary one or the last one for sign-in.
pub(crate) fn remove_email_address(connection: &Connection, user_id: &str, address_id: &str) -> Outcome<()> {
    // As the account is at this moment: a request beside this one may have made the address primary.
    let Some(user) = users::find(connection, user_id)? else {
        return Ok(Err(FlowError::AttemptLost));
    };
    let own = email_addresses::of_user(connection, &user.id)?;
    let Some(address) = own.iter().find(|one| one.id == address_id) else {
        // A second click: it is gone already.
        return Ok(Ok(()));
    };
    let verified = own.iter().filter(|one| one.verified_at.is_some()).count();
    if address.verified_at.is_some() && verified == 1 {
        return Ok(Err(FlowError::LastIdentification));
    }
    if user.primary_email_address_id.as_deref() == Some(address_id) {
        return Ok(Err(FlowError::PrimaryAddress));
    }
    email_addresses::delete(connection, address_id)?;
    Ok(Ok(()))
}

/// Changes the password, or sets the first one.
pub(crate) async fn change_password(
    app: &Arc<App>,
    session: &Session,
    user: &User,
    current: String,
    new: String,
    sign_out_others: bool,
) -> Outcome<()> {
    if let Err(error) = refuse_barred(user, app.now()) {
        return Ok(Err(error));
    }
    if user.password_hash.is_some()
        && let Err(error) = prove_current(app, user, current).await?
    {
        return Ok(Err(error));
    }
    Ok(replace_password(app, session, user, new, sign_out_others)
        .await?
        .map(|_| ()))
}

/// Checks the password that the account has.
async fn prove_current(app: &Arc<App>, user: &User, entered: String) -> Outcome<()> {
    if entered.is_empty() {
        let field = Field::CurrentPassword;
        return Ok(Err(FlowError::Missing { field }));
    }
    let (user_id, now) = (user.id.clone(), app.now());
    let begun = app
        .store
        .transaction(move |connection| {
            let found = users::find(connection, &user_id)?;
            let Some((user, hash)) = found.and_then(|user| user.password_hash.clone().map(|hash| (user, hash))) else {
                return Ok(Err(FlowError::AttemptLost));
            };
            Ok(lockout::begin_password(connection, &user, now)?.map(|()| hash))
        })
        .await?;
    let hash = match begun {
        Ok(hash) => hash,
        Err(error) => return Ok(Err(error)),
    };
    let compared = hash.clone();
    let is_correct = app.blocking(move || password::verify(&entered, &hash)).await?;
    let user_id = user.id.clone();
    let concluded = app
        .store
        .transaction(move |connection| {
            let found = users::find(connection, &user_id)?;
            let Some(user) = found.filter(|user| user.password_hash.as_ref() == Some(&compared)) else {
                return Ok(Err(FlowError::AttemptLost));
            };
            match is_correct {
                true => lockout::passed(connection, &user, now),
                false => lockout::failed(connection, &user, now).map(Err),
            }
        })
        .await?;
    Ok(concluded.map_err(|error| match error {
        FlowError::PasswordIncorrect => FlowError::CurrentPasswordIncorrect,
        error => error,
    }))
}

/// Sets a new password for a session with the reset task.
///
/// The old password is not checked, because it is compromised.
pub(crate) async fn reset_compromised_password(
    app: &Arc<App>,
    session: &Session,
    user: &User,
    new: String,
    sign_out_others: bool,
) -> Outcome<Session> {
    if let Err(error) = refuse_barred(user, app.now()) {
        return Ok(Err(error));
    }
    replace_password(app, session, user, new, sign_out_others).await
}

/// Replaces the password of `user`. Returns the updated session.
async fn replace_password(
    app: &Arc<App>,
    session: &Session,
    user: &User,
    new: String,
    sign_out_others: bool,
) -> Outcome<Session> {
    let (old, user_id, session_id) = (user.password_hash.clone(), user.id.clone(), session.id.clone());
    let id = user.id.clone();
    let identifier = app
        .store
        .transaction(move |connection| primary_address(connection, &id))
        .await?;
    let hash = match prepare(app, new, identifier, old.clone()).await? {
        Ok(hash) => hash,
        Err(error) => return Ok(Err(error)),
    };
    let now = app.now();
    app.store
        .transaction(move |connection| {
            // The compared password is outdated: a concurrent request changed it.
            let found = users::find(connection, &user_id)?;
            let Some(user) = found.filter(|user| user.password_hash == old) else {
                return Ok(Err(FlowError::AttemptLost));
            };
            // Guesses beside this request may have locked the account.
            if let Err(error) = refuse_barred(&user, now) {
                return Ok(Err(error));
            }
            if !sessions::find(connection, &session_id, now)?.is_some_and(|session| session.is_live()) {
                return Ok(Err(FlowError::AttemptLost));
            }
            set_password(connection, &user_id, &hash, now)?;
            if sign_out_others {
                end_sessions_of(connection, &user_id, Some(&session_id), now)?;
            }
            Ok(sessions::find(connection, &session_id, now)?.ok_or(FlowError::AttemptLost))
        })
        .await
}

/// Sets a password, which is not compromised, and completes the reset task of all sessions.
pub(crate) fn set_password(
    connection: &Connection,
    user_id: &str,
    hash: &str,
    now: UnixTime,
) -> Result<(), StoreError> {
    users::set_password(connection, user_id, hash, now)?;
    complete_task_of(connection, user_id, Task::ResetPassword, now)
}

/// Takes the password away; no session of the user's waits for a new one any more.
pub(crate) fn remove_password(connection: &Connection, user_id: &str, now: UnixTime) -> Result<(), StoreError> {
    users::remove_password(connection, user_id, now)?;
    complete_task_of(connection, user_id, Task::ResetPassword, now)
}

fn primary_address(connection: &Connection, user_id: &str) -> Result<String, StoreError> {
    let Some(user) = users::find(connection, user_id)? else {
        return Ok(String::new());
    };
    let address = match &user.primary_email_address_id {
        Some(id) => email_addresses::find(connection, id)?,
        None => None,
    };
    Ok(address.map(|address| address.address).unwrap_or_default())
}

/// The devices on which the user is signed in, the one used last first.
pub(crate) fn devices(connection: &Connection, user_id: &str, now: UnixTime) -> Result<Vec<Session>, StoreError> {
    let mut live = sessions::of_user(connection, user_id, now)?;
    live.retain(Session::is_live);
    live.sort_by_key(|session| std::cmp::Reverse(session.last_active_at));
    Ok(live)
}

/// Signs one of the user's devices out, from another one. Nothing happens if it was signed out already.
pub(crate) fn sign_out_device(
    connection: &Connection,
    user_id: &str,
    session_id: &str,
    now: UnixTime,
) -> Result<(), StoreError> {
    let found = sessions::find(connection, session_id, now)?;
    if let Some(session) = found.filter(|session| session.user_id == user_id && session.is_live()) {
        end_session(connection, &session, SessionStatus::Revoked, now)?;
    }
    Ok(())
}

/// Deletes the account, unless an organization depends on it.
pub(crate) fn delete_account(connection: &Connection, user_id: &str, phrase: &str, now: UnixTime) -> Outcome<()> {
    let Some(user) = users::find(connection, user_id)? else {
        return Ok(Err(FlowError::AttemptLost));
    };
    if !(settings::read(connection)?.delete_self_enabled && user.delete_self_enabled) {
        return Ok(Err(FlowError::DeletionDisabled));
    }
    if !phrase.trim().eq_ignore_ascii_case(DELETE_PHRASE) {
        let expected = DELETE_PHRASE.to_owned();
        return Ok(Err(FlowError::ConfirmationWrong { expected }));
    }
    let mut orphans = Vec::new();
    for membership in memberships::of_user(connection, &user.id)? {
        if is_last_manager(connection, &membership)?
            && let Some(organization) = organizations::find(connection, &membership.organization_id)?
        {
            orphans.push(organization.name);
        }
    }
    if !orphans.is_empty() {
        let organizations = orphans.join(", ");
        return Ok(Err(FlowError::SoleManager { organizations }));
    }
    end_sessions_of(connection, &user.id, None, now)?;
    users::delete(connection, &user.id)?;
    Ok(Ok(()))
}

fn delivery(address: &str, application_name: &str) -> Delivery {
    Delivery {
        to: address.to_owned(),
        application_name: application_name.to_owned(),
    }
}
