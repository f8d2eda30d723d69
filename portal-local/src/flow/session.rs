//! Who is signed in at a client: beginning, finding and ending sessions.

use portal_sdk::clock::UnixTime;
use rusqlite::Connection;

use super::{new_device, organization, task};
use crate::app::App;
use crate::mint::TokenUse;
use crate::store::{Client, DevBrowser, NewSession, Session, SessionStatus, StoreError};
use crate::store::{clients, sessions, settings, users};

/// A session that is never used, where no shorter time is set.
const ABANDONED_AFTER_SECS: u32 = 30 * 24 * 60 * 60;

/// Signs `user_id` in at `client`. In single-session mode this replaces whoever was signed in there; otherwise the
/// others stay, and applications see the new one.
pub(crate) fn begin_session(
    connection: &Connection,
    client: &Client,
    user_id: &str,
    now: UnixTime,
) -> Result<Session, StoreError> {
    let settings = settings::read(connection)?;
    let is_sole = settings.single_session_mode;
    for previous in sessions::live_of_client(connection, &client.id, now)? {
        if is_sole || previous.user_id == user_id {
            sessions::end(connection, &previous.id, SessionStatus::Replaced, now)?;
        }
    }
    let new = NewSession {
        client_id: &client.id,
        user_id,
        is_sole,
        expire_at: later(now, settings.session_lifetime_secs),
        abandon_at: later(now, settings.inactivity_timeout_secs.unwrap_or(ABANDONED_AFTER_SECS)),
    };
    let session = sessions::insert(connection, &new, now)?;
    clients::set_active(connection, &client.id, &session.id, now)?;
    users::signed_in(connection, user_id, now)?;
    new_device::tell(connection, &session, now)?;
    task::settle_new(connection, session, now)
}

fn later(now: UnixTime, secs: u32) -> UnixTime {
    now.plus_millis(i64::from(secs) * 1_000)
}

/// An application used the session, which keeps it from being abandoned.
pub(crate) fn use_session(connection: &Connection, session: &Session, now: UnixTime) -> Result<(), StoreError> {
    let timeout = settings::read(connection)?.inactivity_timeout_secs;
    sessions::touch(connection, session, timeout.map(|secs| later(now, secs)), now)?;
    Ok(())
}

/// A token for a session as it is now.
pub(crate) fn session_token(
    app: &App,
    connection: &Connection,
    session: &Session,
    token_use: TokenUse<'_>,
    now: UnixTime,
) -> Result<String, StoreError> {
    let organization = organization::active_claims(connection, session)?;
    Ok(app.mint.session_token(session, organization, token_use, now)?)
}

/// The session that applications see in this browser, if somebody is signed in, with the client that holds it.
pub(crate) fn live_session(
    connection: &Connection,
    dev_browser: &DevBrowser,
    now: UnixTime,
) -> Result<Option<(Client, Session)>, StoreError> {
    let Some(client) = clients::find_of_dev_browser(connection, dev_browser)? else {
        return Ok(None);
    };
    let Some(id) = &client.last_active_session_id else {
        return Ok(None);
    };
    let session = sessions::find(connection, id, now)?;
    Ok(session.filter(Session::is_live).map(|session| (client, session)))
}

/// Everybody who is signed in in this browser, the first to sign in first.
pub(crate) fn live_sessions(
    connection: &Connection,
    dev_browser: &DevBrowser,
    now: UnixTime,
) -> Result<Vec<Session>, StoreError> {
    Ok(match clients::find_of_dev_browser(connection, dev_browser)? {
        Some(client) => sessions::live_of_client(connection, &client.id, now)?,
        None => Vec::new(),
    })
}

/// Makes one of the accounts that are signed in in this browser the one that applications see; `None` if it is not
/// signed in there.
pub(crate) fn choose_session(
    connection: &Connection,
    dev_browser: &DevBrowser,
    session_id: &str,
    now: UnixTime,
) -> Result<Option<Session>, StoreError> {
    let live = live_sessions(connection, dev_browser, now)?;
    let Some(chosen) = live.into_iter().find(|session| session.id == session_id) else {
        return Ok(None);
    };
    clients::set_active(connection, &chosen.client_id, &chosen.id, now)?;
    Ok(Some(chosen))
}

/// Ends a live session and marks its client as changed.
pub(crate) fn end_session(
    connection: &Connection,
    session: &Session,
    status: SessionStatus,
    now: UnixTime,
) -> Result<(), StoreError> {
    sessions::end(connection, &session.id, status, now)?;
    clients::forget_session(connection, &session.client_id, &session.id, now)?;
    Ok(())
}

/// Ends every session of a user but `kept`, from elsewhere.
pub(crate) fn end_sessions_of(
    connection: &Connection,
    user_id: &str,
    kept: Option<&str>,
    now: UnixTime,
) -> Result<(), StoreError> {
    for session in sessions::of_user(connection, user_id, now)? {
        if session.is_live() && kept != Some(session.id.as_str()) {
            end_session(connection, &session, SessionStatus::Revoked, now)?;
        }
    }
    Ok(())
}
