//! A mail about a sign-in on a device that the person has not used before, with a link that ends it.

use portal_sdk::clock::UnixTime;
use rusqlite::Connection;

use super::is_test_address;
use super::session::end_session;
use crate::clock::Millis as _;
use crate::links::ticket_link;
use crate::secrets::random_token;
use crate::store::outbox::Content;
use crate::store::{MailKind, Session, SessionStatus, StoreError};
use crate::store::{email_addresses, instance, outbox, revocation_links, sessions, settings, users};

/// The lifetime of the link.
const LIFETIME_MILLIS: i64 = 7 * 24 * 60 * 60 * 1_000;

/// Sends the mail if the user has sessions on other devices and none on this one.
pub(super) fn tell(connection: &Connection, session: &Session, now: UnixTime) -> Result<(), StoreError> {
    let earlier = sessions::of_user(connection, &session.user_id, now)?;
    let mut earlier = earlier.iter().filter(|one| one.id != session.id).peekable();
    let is_first = earlier.peek().is_none();
    if is_first || earlier.any(|one| one.client_id == session.client_id) {
        return Ok(());
    }
    let primary = match users::find(connection, &session.user_id)?.and_then(|user| user.primary_email_address_id) {
        Some(id) => email_addresses::find(connection, &id)?,
        None => None,
    };
    let Some(address) = primary.map(|address| address.address) else {
        return Ok(());
    };
    if settings::read(connection)?.test_mode && is_test_address(&address) {
        return Ok(());
    }
    let (origin, name) = instance::address_and_name(connection)?;
    let ticket = random_token();
    revocation_links::insert(connection, &ticket, &session.id, now.plus_millis(LIFETIME_MILLIS))?;
    outbox::insert(
        connection,
        &address,
        MailKind::NewDevice,
        &format!("New sign-in to {name}"),
        &format!("There was a sign-in to your account at {name} on a new device. If it wasn't you, open the link."),
        Content::Link(&ticket_link(&origin, &ticket)),
        now,
    )?;
    Ok(())
}

/// The session that a mail's link is about, if the link is still good.
pub(crate) fn session_of_link(
    connection: &Connection,
    ticket: &str,
    now: UnixTime,
) -> Result<Option<Session>, StoreError> {
    match revocation_links::find(connection, ticket, now)? {
        Some(session_id) => Ok(sessions::find(connection, &session_id, now)?),
        None => Ok(None),
    }
}

/// Ends the session that a mail's link is about. Says whether the link was good.
pub(crate) fn end_session_by_link(connection: &Connection, ticket: &str, now: UnixTime) -> Result<bool, StoreError> {
    let Some(session_id) = revocation_links::take(connection, ticket, now)? else {
        return Ok(false);
    };
    if let Some(session) = sessions::find(connection, &session_id, now)?.filter(Session::is_live) {
        end_session(connection, &session, SessionStatus::Revoked, now)?;
    }
    Ok(true)
}
