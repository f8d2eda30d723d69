//! Who is signed in at a client: beginning, finding and ending sessions.

use portal_sdk::clock::UnixTime;
use rusqlite::Connection;

use super::{new_device, organization};
use crate::app::App;
use crate::mint::TokenUse;
use crate::store::{Client, DevBrowser, Session, SessionStatus, StoreError};
use crate::store::{clients, sessions, users};

const DAY_MILLIS: i64 = 24 * 60 * 60 * 1_000;
/// Clerk's default for the longest life of a session.
const LIFETIME_MILLIS: i64 = 7 * DAY_MILLIS;
const ABANDONED_AFTER_MILLIS: i64 = 30 * DAY_MILLIS;

/// Signs `user_id` in at `client`. In single-session mode, the only one there is, a session that was there before is
/// replaced.
pub(crate) fn begin_session(
    connection: &Connection,
    client: &Client,
    user_id: &str,
    now: UnixTime,
) -> Result<Session, StoreError> {
    if let Some(previous) = sessions::live_of_client(connection, &client.id, now)? {
        sessions::end(connection, &previous.id, SessionStatus::Replaced, now)?;
    }
    let expire_at = now.plus_millis(LIFETIME_MILLIS);
    let abandon_at = now.plus_millis(ABANDONED_AFTER_MILLIS);
    let session = sessions::insert(connection, &client.id, user_id, now, expire_at, abandon_at)?;
    clients::set_session(connection, &client.id, Some(&session.id), now)?;
    users::signed_in(connection, user_id, now)?;
    new_device::tell(connection, &session, now)?;
    organization::settle_new(connection, session, now)
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

/// The session of this browser, if somebody is signed in, with the client that holds it.
pub(crate) fn live_session(
    connection: &Connection,
    dev_browser: &DevBrowser,
    now: UnixTime,
) -> Result<Option<(Client, Session)>, StoreError> {
    let Some(client) = clients::find_of_dev_browser(connection, dev_browser)? else {
        return Ok(None);
    };
    Ok(sessions::live_of_client(connection, &client.id, now)?.map(|session| (client, session)))
}

/// Ends a live session and marks its client as changed.
pub(crate) fn end_session(
    connection: &Connection,
    session: &Session,
    status: SessionStatus,
    now: UnixTime,
) -> Result<(), StoreError> {
    sessions::end(connection, &session.id, status, now)?;
    clients::set_session(connection, &session.client_id, None, now)?;
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
