//! The sessions of a client: beginning, finding and ending them.

use std::sync::Once;

use portal_sdk::clock::UnixTime;
use rusqlite::Connection;

use super::{claims, new_device, organization, task};
use crate::clock::Millis as _;
use crate::mint::TokenUse;
use crate::state::App;
use crate::store::{ActorToken, Client, DevBrowser, NewSession, Session, SessionStatus, StoreError};
use crate::store::{clients, sessions, settings, users};

/// The part of a cookie that browsers keep.
const MOST_COOKIE_BYTES: usize = 4_096;
/// A session that is never used, where no shorter time is set.
const ABANDONED_AFTER_SECS: u32 = 30 * 24 * 60 * 60;

/// Signs `user_id` in at `client`.
///
/// In single-session mode, the new session replaces the client's other ones. Otherwise they stay, and applications see
/// the new one.
pub(crate) fn begin_session(
    connection: &Connection,
    client: &Client,
    user_id: &str,
    now: UnixTime,
) -> Result<Session, StoreError> {
    let settings = settings::read(connection)?;
    let new = NewSession {
        client_id: &client.id,
        user_id,
        is_sole: settings.single_session_mode,
        actor: None,
        expire_at: later(now, settings.session_lifetime_secs),
        abandon_at: later(now, settings.inactivity_timeout_secs.unwrap_or(ABANDONED_AFTER_SECS)),
    };
    let session = begin(connection, &new, now)?;
    users::signed_in(connection, user_id, now)?;
    new_device::tell(connection, &session, now)?;
    task::settle_new(connection, session, now)
}

/// Begins a session in which another user acts in the user's name. It does not count as a sign-in of the user: no mail
/// is sent, and what the user still has to do, such as setting a new password, is not for the other one to do.
pub(super) fn impersonate(
    connection: &Connection,
    client: &Client,
    token: &ActorToken,
    now: UnixTime,
) -> Result<Session, StoreError> {
    let settings = settings::read(connection)?;
    let new = NewSession {
        client_id: &client.id,
        user_id: &token.user_id,
        is_sole: settings.single_session_mode,
        actor: Some(token.actor.clone()),
        expire_at: now.plus_millis(token.session_secs.saturating_mul(1_000)),
        abandon_at: later(now, settings.inactivity_timeout_secs.unwrap_or(ABANDONED_AFTER_SECS)),
    };
    let session = begin(connection, &new, now)?;
    task::settle_impersonated(connection, session, now)
}

/// The sessions that a new one replaces end, and the new one is what applications see.
fn begin(connection: &Connection, new: &NewSession<'_>, now: UnixTime) -> Result<Session, StoreError> {
    for previous in sessions::live_of_client(connection, new.client_id, now)? {
        if new.is_sole || previous.user_id == new.user_id {
            sessions::end(connection, &previous.id, SessionStatus::Replaced, now)?;
        }
    }
    let session = sessions::insert(connection, new, now)?;
    clients::set_active(connection, new.client_id, &session.id, now)?;
    Ok(session)
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
    let custom = claims::of_session_token(app, connection, session)?;
    let token = app.mint.session_token(session, organization, custom, token_use, now)?;
    if token.len() > MOST_COOKIE_BYTES {
        static ONCE: Once = Once::new();
        ONCE.call_once(|| {
            let (bytes, user_id) = (token.len(), &session.user_id);
            tracing::warn!(
                bytes,
                user_id,
                "a session token is above 4096 bytes, and browsers drop its cookie; shorten session_claims"
            );
        });
    }
    Ok(token)
}

/// The session that applications see in this browser, with its client.
///
/// Returns `None` if the browser is signed out.
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

/// The live sessions of this browser, oldest first.
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
