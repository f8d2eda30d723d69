//! [`Auth`]: who a request is from, in its extensions.

mod handle;
mod return_to;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use http::HeaderMap;
use portal_sdk::authorization::Requirement;
use portal_sdk::backend::{BackendApi, User};
use portal_sdk::clock::UnixTime;
use portal_sdk::effect::BackendError;
use portal_sdk::request::{ClerkUrl, RequestKind};
use portal_sdk::secret::Secret;
use portal_sdk::state::{AuthReason, UndecidedCause};
use portal_sdk::token::{SessionClaims, TokenError, UserId};
use portal_sdk::{Authenticated, Authenticator, Instance, RequestState};
use tokio::sync::OnceCell;

use self::handle::Accounts;
use crate::caching::{keep_nowhere, keep_to_one_user};
use crate::require::{PortalVisits, RecentRedirects, Refusal, RefusalCause, RenderRefusal, SignInLink};

/// Who a request is from. [`AuthenticateLayer`](crate::AuthenticateLayer) puts it into the extensions of every request
/// it forwards, in place of any that came in. Cloning is cheap.
///
/// There are three answers, not two: signed in, signed out, and *cannot tell* (Clerk is out of reach). Only
/// [`check`](Self::check) and [`require`](Self::require) know them all; do not show "cannot tell" as signed out on a page
/// that matters.
///
/// # Caches
///
/// An answer may depend on the user once something has read who it is: the state, claims, token or user, a check, or a
/// link. `AuthenticateLayer` then makes it `Cache-Control: private`, unless the handler sets that field itself, and adds
/// `Cookie` and `Authorization` to `Vary`. Other answers, such as static files, stay as the handler made them. A
/// middleware inside the layer that reads the user for a log therefore makes every answer private.
#[derive(Clone)]
pub struct Auth {
    inner: Arc<Inner>,
    allows_cross_site: bool,
}

struct Inner {
    authenticated: Authenticated,
    instance: Instance,
    accounts: Box<dyn Accounts>,
    user: OnceCell<User>,
    recent_redirects: RecentRedirects,
    portal_visits: PortalVisits,
    settings: AnswerSettings,
    /// Something has read who the user is, so that the answer may depend on it.
    is_read: AtomicBool,
}

/// How [`AuthenticateLayer`](crate::AuthenticateLayer) was told to answer.
#[derive(Clone, Debug, Default)]
pub(crate) struct AnswerSettings {
    pub(crate) renderer: Option<Arc<dyn RenderRefusal>>,
    /// `true` if responses that depend on the user are `no-store`.
    pub(crate) no_store: bool,
}

impl Auth {
    pub(crate) fn new<B: BackendApi>(
        authenticated: Authenticated,
        authenticator: Authenticator<B>,
        headers: &HeaderMap,
        settings: AnswerSettings,
    ) -> Self {
        let inner = Inner {
            authenticated,
            instance: authenticator.instance().clone(),
            accounts: Box::new(authenticator),
            user: OnceCell::new(),
            recent_redirects: RecentRedirects::read(headers),
            portal_visits: PortalVisits::read(headers),
            settings,
            is_read: AtomicBool::new(false),
        };
        Self {
            inner: Arc::new(inner),
            allows_cross_site: false,
        }
    }

    /// The whole outcome.
    pub fn state(&self) -> &RequestState {
        // No other memory hangs on the flag: it is looked at after the handler has answered.
        self.inner.is_read.store(true, Ordering::Relaxed);
        self.outcome()
    }

    /// The outcome, for what does not make the answer depend on the user.
    pub(crate) fn outcome(&self) -> &RequestState {
        &self.inner.authenticated.state
    }

    /// Says to caches what the answer depends on, and adds the outcome's own fields.
    pub(crate) fn finish(&self, headers: &mut HeaderMap) {
        if self.inner.is_read.load(Ordering::Relaxed) {
            keep_to_one_user(headers);
            if self.inner.settings.no_store {
                keep_nowhere(headers);
            }
        }
        self.outcome().directives().apply(headers);
    }

    /// The claims of whoever is signed in. `None` also for a *pending* session, whose tasks come first, and for a
    /// request that a page of another site sent with this site's cookies to change something.
    #[must_use]
    pub fn signed_in(&self) -> Option<&SessionClaims> {
        self.claims().filter(|claims| !claims.is_pending())
    }

    /// The claims of a session whose tasks (such as choosing an organization) are outstanding.
    #[must_use]
    pub fn pending(&self) -> Option<&SessionClaims> {
        self.claims().filter(|claims| claims.is_pending())
    }

    fn claims(&self) -> Option<&SessionClaims> {
        // An empty user id passes verification, as in Clerk's SDK, and is nobody.
        let is_somebody = |claims: &&SessionClaims| !claims.user_id().as_str().is_empty();
        self.state()
            .claims()
            .filter(is_somebody)
            .filter(|_| !self.is_cross_site())
    }

    /// The claims of whoever is signed in, or what a request that must be signed in is answered, by the table of
    /// [`require`](crate::require).
    ///
    /// # Errors
    ///
    /// [`Refusal`]: the answer to send.
    pub fn check(&self) -> Result<&SessionClaims, Refusal> {
        match Refusal::of(self, &SignInLink::default()) {
            Some(refusal) => Err(refusal),
            None => self
                .signed_in()
                .ok_or_else(|| Refusal::new(self, RefusalCause::Pending)),
        }
    }

    /// [`check`](Self::check), and whoever is signed in must meet a requirement.
    ///
    /// # Errors
    ///
    /// [`Refusal`]: the answer to send.
    pub fn require(&self, requirement: &(impl Requirement + ?Sized)) -> Result<&SessionClaims, Refusal> {
        let claims = self.check()?;
        Refusal::by_verdict(self, requirement.verdict(claims), None).map_or(Ok(claims), Err)
    }

    /// Whether a page of another site sent the request, with this site's cookies and to change something: an unsafe
    /// method or a WebSocket. Guards and extractors refuse it; [`AllowCrossSiteLayer`](crate::AllowCrossSiteLayer) makes
    /// exceptions.
    #[must_use]
    pub fn is_cross_site(&self) -> bool {
        self.inner.authenticated.is_cross_site && !self.allows_cross_site
    }

    /// The session token of whoever is signed in, for calls to services that check it too.
    #[must_use]
    pub fn token(&self) -> Option<&Secret> {
        match self.state() {
            RequestState::SignedIn(state) if self.signed_in().is_some() => Some(&state.token),
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
        let look_up = || self.inner.accounts.user(claims.user_id());
        self.inner
            .user
            .get_or_try_init(look_up)
            .await
            .map_err(UserError::Backend)
    }

    /// The address the request was made to, as the browser sees it.
    #[must_use]
    pub fn public_url(&self) -> &ClerkUrl {
        &self.inner.authenticated.url
    }

    /// The instance the request was authenticated for.
    #[must_use]
    pub fn instance(&self) -> &Instance {
        &self.inner.instance
    }

    pub(crate) fn facts(&self) -> &Authenticated {
        &self.inner.authenticated
    }

    pub(crate) fn kind(&self) -> RequestKind {
        self.inner.authenticated.kind
    }

    /// Whether a page of another site made the request, whatever it carries and does.
    pub(crate) fn comes_from_elsewhere(&self) -> bool {
        self.inner.authenticated.comes_from_elsewhere && !self.allows_cross_site
    }

    pub(crate) fn at(&self) -> UnixTime {
        self.inner.authenticated.at
    }

    pub(crate) fn renderer(&self) -> Option<&Arc<dyn RenderRefusal>> {
        self.inner.settings.renderer.as_ref()
    }

    pub(crate) fn recent_redirects(&self) -> &RecentRedirects {
        &self.inner.recent_redirects
    }

    pub(crate) fn portal_visits(&self) -> &PortalVisits {
        &self.inner.portal_visits
    }

    pub(crate) fn is_preflight(&self) -> bool {
        self.inner.authenticated.is_preflight
    }

    /// Returns `true` if the request carried a session token, valid or not.
    pub(crate) fn has_token(&self) -> bool {
        let facts = self.facts();
        facts.unverified_token.is_some() || facts.state.claims().is_some()
    }

    /// The user that the session token names, for logs and spans: also while tasks are outstanding, and for a request of
    /// another site's page.
    pub(crate) fn user_id_for_logs(&self) -> Option<&UserId> {
        let user_id = self.facts().state.claims()?.user_id();
        Some(user_id).filter(|user_id| !user_id.as_str().is_empty())
    }

    pub(crate) fn allow_cross_site(&mut self) {
        self.allows_cross_site = true;
    }

    /// Why it cannot be told who this is, if it cannot.
    pub(crate) fn undecided(&self) -> Option<Undecided<'_>> {
        match self.state() {
            RequestState::Undecided(state) if state.cause.is_temporary() => Some(Undecided::OutOfReach),
            RequestState::Undecided(state) => Some(Undecided::Misconfigured(&state.cause)),
            _ => None,
        }
    }

    /// Returns `true` if the browser has just lost every cookie of a handshake.
    pub(crate) fn keeps_no_cookies(&self) -> bool {
        matches!(self.state(), RequestState::SignedOut(state) if state.cookies_not_kept)
    }

    /// Returns `true` if another organization is active than the path names.
    pub(crate) fn has_organization_mismatch(&self) -> bool {
        matches!(self.state(), RequestState::SignedIn(state) if state.organization_mismatch)
    }

    pub(crate) fn reason(&self) -> Option<&AuthReason> {
        self.state().reason()
    }

    /// What is wrong with the session token, even where something else was looked at first.
    pub(crate) fn token_problem(&self) -> Option<TokenError> {
        let RequestState::SignedOut(state) = self.state() else {
            return None;
        };
        let known = state.token_error.as_ref().or(state.handshake_problem.as_ref());
        known.cloned().or_else(|| {
            let token = self.inner.authenticated.unverified_token.as_ref()?;
            self.accounts().token_problem(token)
        })
    }

    /// A token's problem with what this instance accepts instead, for logs and developers.
    pub(crate) fn explain(&self, problem: &TokenError) -> String {
        match problem {
            TokenError::AuthorizedParty { .. } => {
                format!(
                    "{problem}; accepted are {}",
                    self.instance().authorized_parties().join(", ")
                )
            }
            TokenError::Issuer { .. } => format!("{problem}; accepted are {}", self.instance().issuers().join(", ")),
            _ => problem.to_string(),
        }
    }

    /// The session token that was sent, whatever became of it: its session is what signing out ends.
    pub(crate) fn token_to_end(&self) -> Option<&Secret> {
        match self.state() {
            RequestState::SignedIn(state) => Some(&state.token),
            _ => self.inner.authenticated.unverified_token.as_ref(),
        }
    }

    pub(crate) fn accounts(&self) -> &dyn Accounts {
        &*self.inner.accounts
    }
}

impl fmt::Debug for Auth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Auth")
            .field("state", self.outcome())
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

impl UserError {
    /// Returns `true` if Clerk is out of reach, so that trying again may help: answer 503, not 404 or 500. See
    /// [`BackendError::is_outage`].
    #[must_use]
    pub fn is_outage(&self) -> bool {
        matches!(self, Self::Backend(error) if error.is_outage())
    }
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
