//! Re-verification before sensitive changes.

use std::sync::Arc;

use portal_sdk::clock::UnixTime;
use rusqlite::Connection;

use super::lockout::{self, Tries};
use super::{Delivery, Field, FlowError, Outcome, code};
use crate::password;
use crate::state::App;
use crate::store::{Session, Strategy, Subject, User};
use crate::store::{sessions, users};

/// The time for which a proof counts.
pub(crate) const PROOF_MILLIS: i64 = 10 * 60 * 1_000;

/// Checks the password; the right one counts as a new proof.
pub(crate) async fn reverify_password(app: &Arc<App>, session: &Session, user: &User, entered: String) -> Outcome<()> {
    if entered.is_empty() {
        return Ok(Err(FlowError::Missing { field: Field::Password }));
    }
    let now = app.now();
    let user_id = user.id.clone();
    let begun = app
        .store
        .transaction(move |connection| {
            let Some(user) = users::find(connection, &user_id)? else {
                return Ok(Err(FlowError::AttemptLost));
            };
            let Some(hash) = user.password_hash.clone() else {
                return Ok(Err(FlowError::NoPassword));
            };
            let begun = lockout::begin_password(connection, &user, now)?;
            Ok(begun.map(|()| (user, hash)))
        })
        .await?;
    let (compared, hash) = match begun {
        Ok(begun) => begun,
        Err(error) => return Ok(Err(error)),
    };
    let is_correct = app.blocking(move || password::verify(&entered, &hash)).await?;
    let session_id = session.id.clone();
    app.store
        .transaction(move |connection| {
            let Some(user) = users::find(connection, &compared.id)? else {
                return Ok(Err(FlowError::AttemptLost));
            };
            // The comparison took a while: parallel guesses may have locked the account, the password may be another.
            if user.password_hash != compared.password_hash {
                return Ok(Err(FlowError::AttemptLost));
            }
            if !is_correct {
                return lockout::failed(connection, &user, now).map(Err);
            }
            if let Err(error) = lockout::passed(connection, &user, now)? {
                return Ok(Err(error));
            }
            sessions::set_first_factor_at(connection, &session_id, now)?;
            Ok(Ok(()))
        })
        .await
}

/// Sends a code to the primary address: the first one, or another on request.
pub(crate) fn send_reverify_code(
    connection: &Connection,
    session: &Session,
    delivery: &Delivery,
    is_request: bool,
    now: UnixTime,
) -> Outcome<()> {
    let id = subject_id(session);
    let (subject, strategy) = (Subject::Session(&id), Strategy::EmailCode);
    if is_request {
        code::send(connection, subject, strategy, delivery, now)
    } else {
        code::send_first(connection, subject, strategy, delivery, now)
    }
}

/// Checks a code; the right one counts as a new proof.
pub(crate) fn attempt_reverify_code(
    connection: &Connection,
    session: &Session,
    entered: &str,
    now: UnixTime,
) -> Outcome<()> {
    let id = subject_id(session);
    let (subject, tries) = (Subject::Session(&id), Tries::Account(&session.user_id));
    if let Err(error) = code::check(connection, subject, Strategy::EmailCode, tries, entered, now)? {
        return Ok(Err(error));
    }
    sessions::set_first_factor_at(connection, &session.id, now)?;
    Ok(Ok(()))
}

/// The subject of a session's next re-verification.
///
/// It includes the time of the last one, so a code of that one does not count again.
fn subject_id(session: &Session) -> String {
    format!("{}:{}", session.id, session.proven_at().as_millis())
}
