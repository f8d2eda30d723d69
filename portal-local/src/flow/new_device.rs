//! A mail about a sign-in on a device that the person has not used before, with a link that ends it.

use super::Flow;
use super::code::is_tested;
use crate::clock::Millis as _;
use crate::secrets::random_token;
use crate::store::outbox::{Content, NewMail};
use crate::store::{MailKind, Result, Session, SessionStatus, email_addresses, revocation_links, sessions};

/// The lifetime of the link.
const LIFETIME_MILLIS: i64 = 7 * 24 * 60 * 60 * 1_000;

/// Sends the mail if the user has sessions on other devices and none on this one.
pub(super) fn tell(flow: &Flow<'_>, session: &Session) -> Result<()> {
    let earlier = sessions::of_user(flow.db, &session.user_id)?;
    let mut earlier = earlier.iter().filter(|one| one.id != session.id).peekable();
    let is_first = earlier.peek().is_none();
    if is_first || earlier.any(|one| one.client_id == session.client_id) {
        return Ok(());
    }
    let primary = email_addresses::primary(flow.db, &session.user_id)?;
    let Some(address) = primary
        .map(|primary| primary.address)
        .filter(|address| !is_tested(flow, address))
    else {
        return Ok(());
    };
    let name = &flow.application.name;
    let ticket = random_token();
    let expires_at = flow.now.plus_millis(LIFETIME_MILLIS);
    revocation_links::insert(flow.db, &ticket, &session.id, expires_at)?;
    flow.send_mail(NewMail {
        to: &address,
        kind: MailKind::NewDevice,
        subject: format!("New sign-in to {name}"),
        body: format!(
            "There was a sign-in to your account at {name} on a new device. If it wasn't you, open the link."
        ),
        content: Content::Link(&flow.application.ticket_link(&ticket)),
    })
}

impl Flow<'_> {
    /// The session that a mail's link is about, if the link is still good.
    pub(crate) fn session_of_link(&self, ticket: &str) -> Result<Option<Session>> {
        match revocation_links::find(self.db, ticket)? {
            Some(session_id) => Ok(sessions::find(self.db, &session_id)?),
            None => Ok(None),
        }
    }

    /// Ends the session that a mail's link is about. Says whether the link was good.
    pub(crate) fn end_session_by_link(&self, ticket: &str) -> Result<bool> {
        let Some(session_id) = revocation_links::take(self.db, ticket)? else {
            return Ok(false);
        };
        if let Some(session) = sessions::find(self.db, &session_id)?.filter(Session::is_live) {
            self.end_session(&session, SessionStatus::Revoked)?;
        }
        Ok(true)
    }
}
