//! [`Auth`]: who a request is from, in its extensions.

use std::fmt;
use std::sync::Arc;

use portal_sdk::backend::{Backend, BackendError, User};
use portal_sdk::portal::{Portal, PortalPage};
use portal_sdk::request::{ClerkUrl, RequestKind};
use portal_sdk::secret::Secret;
use portal_sdk::state::{AuthReason, UndecidedCause};
use portal_sdk::token::{SessionClaims, SessionId};
use portal_sdk::{Authenticated, Authenticator, Instance, RequestState};
use tokio::sync::OnceCell;
use url::Url;

use crate::accounts::Accounts;
use crate::require::Refusal;

/// Who a request is from. [`AuthenticateLayer`](crate::AuthenticateLayer) puts it into the extensions of every request
/// it forwards, in place of any that came in. Cloning is cheap.
///
/// There are three answers, not two: signed in, signed out, and *cannot tell* (Clerk is out of reach). Only
/// [`refusal`](Self::refusal) knows them all; do not show "cannot tell" as signed out on a page that matters.
#[derive(Clone)]
pub struct Auth(Arc<Inner>);

struct Inner {
    authenticated: Authenticated,
    instance: Instance,
    accounts: Box<dyn Accounts>,
    user: OnceCell<User>,
}

impl Auth {
    pub(crate) fn new<B: Backend>(authenticated: Authenticated, authenticator: Authenticator<B>) -> Self {
        Self(Arc::new(Inner {
            authenticated,
            instance: authenticator.instance().clone(),
            accounts: Box::new(authenticator),
            user: OnceCell::new(),
        }))
    }

    /// The whole outcome.
    pub fn state(&self) -> &RequestState {
        &self.0.authenticated.state
    }

    /// The claims of whoever is signed in. `None` also for a *pending* session: its tasks come first.
    #[must_use]
    pub fn signed_in(&self) -> Option<&SessionClaims> {
        self.state().claims().filter(|claims| !claims.is_pending())
    }

    /// The claims of a session whose tasks (such as choosing an organization) are outstanding.
    #[must_use]
    pub fn pending(&self) -> Option<&SessionClaims> {
        self.state().claims().filter(|claims| claims.is_pending())
    }

    /// The session token of whoever is signed in, for calls to services that check it too.
    #[must_use]
    pub fn token(&self) -> Option<&Secret> {
        match self.state() {
            RequestState::SignedIn(state) if !state.claims.is_pending() => Some(&state.token),
            _ => None,
        }
    }

    /// The user who is signed in, looked up in the Backend API when first asked for and kept for the request.
    ///
    /// # Errors
    ///
    /// [`UserError::NotSignedIn`], or [`UserError::Backend`] if the look-up fails; it is tried again when asked again.
    pub async fn user(&self) -> Result<&User, UserError> {
        let claims = self.signed_in().ok_or(UserError::NotSignedIn)?;
        let look_up = || self.0.accounts.user(claims.user_id());
        self.0.user.get_or_try_init(look_up).await.map_err(UserError::Backend)
    }

    /// The address the request was made to, as the browser sees it.
    #[must_use]
    pub fn public_url(&self) -> &ClerkUrl {
        &self.0.authenticated.url
    }

    /// The instance the request was authenticated for.
    #[must_use]
    pub fn instance(&self) -> &Instance {
        &self.0.instance
    }

    /// The address of a page of the portal that leads back to the page being asked for. It carries the development
    /// token and the satellite marker where they are needed, and leads to the tasks of a pending session.
    #[must_use]
    pub fn link(&self, page: PortalPage) -> Url {
        self.link_back_to(page, self.page_to_return_to().as_str())
    }

    /// [`link`](Self::link) that leads back to another address: absolute, or a path of this application.
    #[must_use]
    pub fn link_back_to(&self, page: PortalPage, return_back_to: &str) -> Url {
        let portal = Portal::from(self.instance());
        let here = self.public_url().as_url();
        let dev_browser = self.0.authenticated.dev_browser.as_ref().map(Secret::expose);
        let link = portal.link(page).requested_from(here).dev_browser(dev_browser);
        let link = if self.pending().is_some() && !page.needs_session() {
            link.with_tasks()
        } else {
            link
        };
        // Only an address to return to that is no URL can be refused; the person then stays at the portal.
        link.clone()
            .return_back_to(return_back_to)
            .to_url()
            .or_else(|_| link.to_url())
            .unwrap_or_else(|_| here.clone())
    }

    /// What a request that must be signed in is answered; by the table of [`require`](crate::require). Meaningful only
    /// when [`signed_in`](Self::signed_in) is `None`.
    pub fn refusal(&self) -> Refusal {
        Refusal::of(self, PortalPage::SignIn)
    }

    pub(crate) fn kind(&self) -> RequestKind {
        self.0.authenticated.kind
    }

    pub(crate) fn same_origin_referer(&self) -> Option<&Url> {
        self.0.authenticated.same_origin_referer.as_ref()
    }

    /// Where to come back to: the page itself; for a form the page it stands on, since its own address is none.
    pub(crate) fn page_to_return_to(&self) -> Url {
        match (self.kind(), self.same_origin_referer()) {
            (RequestKind::Form, Some(referer)) => referer.clone(),
            (RequestKind::Form, None) => root_of(self.public_url().as_url()),
            _ => self.public_url().without_handshake(),
        }
    }

    /// Why it cannot be told who this is, if it cannot.
    pub(crate) fn undecided(&self) -> Option<Undecided<'_>> {
        match self.state() {
            RequestState::Undecided(state) if state.cause.is_temporary() => Some(Undecided::OutOfReach),
            RequestState::Undecided(state) => Some(Undecided::Misconfigured(&state.cause)),
            RequestState::SignedOut(state) if state.unanswered.is_some() => Some(Undecided::OutOfReach),
            _ => None,
        }
    }

    pub(crate) fn reason(&self) -> Option<&AuthReason> {
        self.state().reason()
    }

    /// The session that signing out must end: also one whose token has just expired.
    pub(crate) fn session_to_end(&self) -> Option<&SessionId> {
        match self.state() {
            RequestState::SignedIn(state) => state.claims.session_id(),
            RequestState::SignedOut(state) => state.expired_session.as_ref(),
            _ => None,
        }
    }

    pub(crate) async fn revoke_session(&self, id: &SessionId) -> Result<(), BackendError> {
        self.0.accounts.revoke_session(id).await
    }
}

impl fmt::Debug for Auth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Auth")
            .field("state", self.state())
            .finish_non_exhaustive()
    }
}

/// Why it cannot be told who a request is from.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Undecided<'a> {
    /// Clerk did not answer; trying again may help.
    OutOfReach,
    /// The set-up is at fault.
    Misconfigured(&'a UndecidedCause),
}

/// Why there is no user to show.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UserError {
    /// Nobody is signed in.
    #[error("nobody is signed in")]
    NotSignedIn,
    /// The Backend API did not give the user.
    #[error("the user cannot be looked up")]
    Backend(#[source] BackendError),
}

pub(crate) fn root_of(url: &Url) -> Url {
    let mut root = url.clone();
    root.set_path("/");
    root.set_query(None);
    root
}
