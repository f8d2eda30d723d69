//! The sessions of a client: beginning, finding and ending them.

use std::sync::Once;

use portal_sdk::clock::UnixTime;

use super::{BrowserFlow, Flow, claims, new_device, organization, task};
use crate::clock::Millis as _;
use crate::mint::TokenUse;
use crate::store::{
    ActorToken, Client, Metadata, NewSession, Result, Session, SessionStatus, clients, sessions, users,
};

/// The part of a cookie that browsers keep.
const MOST_COOKIE_BYTES: usize = 4_096;
/// A session that is never used, where no shorter time is set.
const ABANDONED_AFTER_SECS: u32 = 30 * 24 * 60 * 60;

impl Flow<'_> {
    /// Signs `user_id` in at `client`.
    ///
    /// In single-session mode, the new session replaces the client's other ones. Otherwise they stay, and applications see
    /// the new one.
    pub(crate) fn begin_session(&self, client: &Client, user_id: &str) -> Result<Session> {
        let expire_at = later(self.now, self.settings.session_lifetime_secs);
        let session = begin(self, client, user_id, None, expire_at)?;
        users::signed_in(self.db, user_id)?;
        new_device::tell(self, &session)?;
        task::settle_new(self, session)
    }

    /// An application used the session, which keeps it from being abandoned.
    pub(crate) fn use_session(&self, session: &Session) -> Result<()> {
        let timeout = self.settings.inactivity_timeout_secs;
        sessions::touch(self.db, session, timeout.map(|secs| later(self.now, secs)))
    }

    /// A token for a session as it is now.
    pub(crate) fn session_token(&self, session: &Session, token_use: TokenUse<'_>) -> Result<String> {
        let organization = organization::active_claims(self, session)?;
        let custom = claims::of_session_token(self, session)?;
        let token = self
            .application
            .mint
            .session_token(session, organization, custom, token_use, self.now)?;
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

    /// Ends a live session and marks its client as changed.
    pub(crate) fn end_session(&self, session: &Session, status: SessionStatus) -> Result<()> {
        sessions::end(self.db, &session.id, status)?;
        clients::forget_session(self.db, &session.client_id, &session.id)
    }

    /// Ends every session of a user but `kept`, from elsewhere.
    pub(crate) fn end_sessions_of(&self, user_id: &str, kept: Option<&str>) -> Result<()> {
        for session in sessions::live_of_user(self.db, user_id)? {
            if kept != Some(session.id.as_str()) {
                self.end_session(&session, SessionStatus::Revoked)?;
            }
        }
        Ok(())
    }
}

/// Begins a session in which another user acts in the user's name. It does not count as a sign-in of the user: no mail
/// is sent, and what the user still has to do, such as setting a new password, is not for the other one to do.
pub(super) fn impersonate(flow: &Flow<'_>, client: &Client, token: &ActorToken) -> Result<Session> {
    let expire_at = flow.now.plus_millis(token.session_secs.saturating_mul(1_000));
    let session = begin(flow, client, &token.user_id, Some(token.actor.clone()), expire_at)?;
    task::settle_impersonated(flow, session)
}

/// The sessions that a new one replaces end, and the new one is what applications see.
fn begin(
    flow: &Flow<'_>,
    client: &Client,
    user_id: &str,
    actor: Option<Metadata>,
    expire_at: UnixTime,
) -> Result<Session> {
    let idle_secs = flow.settings.inactivity_timeout_secs.unwrap_or(ABANDONED_AFTER_SECS);
    let new = NewSession {
        client_id: &client.id,
        user_id,
        is_sole: flow.settings.single_session_mode,
        actor,
        expire_at,
        abandon_at: later(flow.now, idle_secs),
    };
    for previous in sessions::live_of_client(flow.db, &client.id)? {
        if new.is_sole || previous.user_id == user_id {
            sessions::end(flow.db, &previous.id, SessionStatus::Replaced)?;
        }
    }
    let session = sessions::insert(flow.db, &new)?;
    clients::set_active(flow.db, &client.id, &session.id)?;
    Ok(session)
}

fn later(now: UnixTime, secs: u32) -> UnixTime {
    now.plus_millis(i64::from(secs) * 1_000)
}

impl BrowserFlow<'_> {
    /// The client of this browser, made when it is first needed.
    pub(super) fn client(&self) -> Result<Client> {
        clients::of_dev_browser(self.db, self.browser)
    }

    /// Signs `user_id` in in this browser.
    pub(super) fn sign_in(&self, user_id: &str) -> Result<Session> {
        self.begin_session(&self.client()?, user_id)
    }

    /// The session that applications see in this browser, with its client.
    ///
    /// Returns `None` if the browser is signed out.
    pub(crate) fn live_session(&self) -> Result<Option<(Client, Session)>> {
        let Some(client) = clients::find_of_dev_browser(self.db, self.browser)? else {
            return Ok(None);
        };
        let Some(id) = &client.last_active_session_id else {
            return Ok(None);
        };
        let session = sessions::find(self.db, id)?;
        Ok(session.filter(Session::is_live).map(|session| (client, session)))
    }

    /// The live sessions of this browser, oldest first.
    pub(crate) fn live_sessions(&self) -> Result<Vec<Session>> {
        Ok(match clients::find_of_dev_browser(self.db, self.browser)? {
            Some(client) => sessions::live_of_client(self.db, &client.id)?,
            None => Vec::new(),
        })
    }

    /// Makes one of the accounts that are signed in in this browser the one that applications see; `None` if it is not
    /// signed in there.
    pub(crate) fn choose_session(&self, session_id: &str) -> Result<Option<Session>> {
        let live = self.live_sessions()?;
        let Some(chosen) = live.into_iter().find(|session| session.id == session_id) else {
            return Ok(None);
        };
        clients::set_active(self.db, &chosen.client_id, &chosen.id)?;
        Ok(Some(chosen))
    }
}
