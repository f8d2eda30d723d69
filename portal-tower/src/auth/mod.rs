//! [`Auth`]: the authentication of a request, in its extensions.

mod handle;
mod head;
mod identity;
mod link;
mod pool;
mod return_to;
mod user;

use std::fmt;
use std::ptr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use http::HeaderMap;
use http::request::Parts;
use portal_sdk::authenticator::Authenticated;
use portal_sdk::authorization::Requirement;
use portal_sdk::backend::User;
use portal_sdk::clock::UnixTime;
use portal_sdk::instance::Instance;
use portal_sdk::request::{AuthenticateContext, PublicUrl};
use portal_sdk::secret::Secret;
use portal_sdk::state::{AuthReason, Explanation, Outcome, RequestState};
use portal_sdk::token::{TokenError, TokenErrorReason, UserId};
use tokio::sync::OnceCell;

pub(crate) use self::handle::Accounts;
use self::head::RequestHead;
#[cfg(test)]
pub(crate) use self::head::is_kept;
pub use self::identity::{Identity, SignedInRef};
pub use self::user::UserError;
use crate::caching::{keep_nowhere, keep_to_one_user};
use crate::caller::Caller;
use crate::require::{PortalVisits, RecentRedirects, Refusal, RefusalCause, RenderRefusal, SignInLink};

/// The authentication of a request.
///
/// [`AuthenticateLayer`](crate::AuthenticateLayer) puts it into the extensions of every request it forwards, and
/// replaces an existing one. Cloning is cheap.
///
/// A request is signed in, signed out, or *undecided* because Clerk is unreachable. [`identity`](Self::identity) tells
/// them apart; do not show an undecided request as signed out on a page that matters.
///
/// ```
/// use http::Request;
/// use portal_tower::Auth;
///
/// fn greeting<B>(request: &Request<B>) -> String {
///     let user = request.extensions().get::<Auth>().and_then(Auth::signed_in);
///     user.map_or_else(|| "Hello guest".to_owned(), |user| format!("Hello {}", user.user_id()))
/// }
/// # assert_eq!(greeting(&Request::new(())), "Hello guest");
/// ```
///
/// # Caches
///
/// A response may depend on the user once a handler or middleware has read the state, claims, token or user, run a
/// check, or built a link, and while a streamed body keeps an `Auth`. `AuthenticateLayer` then adds `Cache-Control:
/// private`, unless the handler sets that field, and adds `Cookie` and `Authorization` to `Vary`. Other responses, such
/// as static files, stay unchanged. A middleware inside the layer that reads the user for a log therefore makes every
/// response private.
#[derive(Clone)]
pub struct Auth {
    inner: Arc<Inner>,
    allows_cross_site: bool,
}

/// The shared part of an [`Auth`]. Its memory is reused after the request.
#[derive(Default)]
struct Inner {
    /// `None` only between two requests.
    authenticated: Option<Authenticated>,
    settings: AnswerSettings,
    /// `None` only before the first request. Kept for the next one, because all threads share its reference count.
    accounts: Option<Arc<dyn Accounts>>,
    head: RequestHead,
    /// The restored head, for facts that few requests need.
    parts: OnceLock<Box<Parts>>,
    url: OnceLock<Box<PublicUrl>>,
    user: OnceCell<Arc<User>>,
    /// `true` once the user was read, so that the response may depend on the user.
    is_read: AtomicBool,
}

impl Inner {
    fn set_accounts(&mut self, accounts: &Arc<dyn Accounts>) {
        let is_kept = |kept: &Arc<dyn Accounts>| ptr::addr_eq(Arc::as_ptr(kept), Arc::as_ptr(accounts));
        if !self.accounts.as_ref().is_some_and(is_kept) {
            self.accounts = Some(Arc::clone(accounts));
        }
    }

    fn clear(&mut self) {
        self.authenticated = None;
        self.settings = AnswerSettings::default();
        self.head.clear();
        self.parts.take();
        self.url.take();
        self.user.take();
        *self.is_read.get_mut() = false;
    }
}

/// The settings of [`AuthenticateLayer`](crate::AuthenticateLayer) that affect responses.
#[derive(Clone, Debug, Default)]
pub(crate) struct AnswerSettings {
    pub(crate) renderer: Option<Arc<dyn RenderRefusal>>,
    /// `true` if responses that depend on the user are `no-store`.
    pub(crate) no_store: bool,
}

impl Auth {
    /// Creates the value.
    ///
    /// `outer` is the `Auth` of an outer layer. Its public URL is used, because a router may have stripped a path
    /// prefix since.
    pub(crate) fn new(
        authenticated: Authenticated,
        accounts: &Arc<dyn Accounts>,
        parts: &Parts,
        outer: Option<&Self>,
        settings: AnswerSettings,
    ) -> Self {
        let mut inner = pool::take();
        if let Some(inner) = Arc::get_mut(&mut inner) {
            inner.authenticated = Some(authenticated);
            inner.settings = settings;
            inner.set_accounts(accounts);
            inner.head.read(parts);
            if let Some(outer) = outer {
                inner.url = Box::new(outer.public_url().clone()).into();
            }
        }
        Self {
            inner,
            allows_cross_site: false,
        }
    }

    /// Drops the value at the end of a request, and keeps its memory for another one.
    pub(crate) fn end(self) {
        pool::give_back(self.inner);
    }

    fn authenticated(&self) -> &Authenticated {
        self.inner.authenticated.as_ref().expect("filled for the whole request")
    }

    /// The result of authentication, as Clerk decides it. Most applications use [`identity`](Self::identity).
    pub fn state(&self) -> &RequestState {
        // Relaxed: no other memory depends on the flag, and it is read after the handler has responded.
        self.inner.is_read.store(true, Ordering::Relaxed);
        self.outcome()
    }

    /// The result of authentication, without marking the response as depending on the user.
    pub(crate) fn outcome(&self) -> &RequestState {
        &self.authenticated().state
    }

    /// Sets the cache fields of a response and adds the outcome's fields.
    pub(crate) fn finish(&self, headers: &mut HeaderMap) {
        // A clone that is still alive, such as in a streamed body, may read the user after these fields are sent.
        let is_kept = Arc::strong_count(&self.inner) > 1;
        if is_kept || self.inner.is_read.load(Ordering::Relaxed) {
            keep_to_one_user(headers);
            if self.inner.settings.no_store {
                keep_nowhere(headers);
            }
        }
        self.outcome().headers.apply(headers);
    }

    /// Returns the user of the request, or the reason for its absence.
    ///
    /// Calling it is cheap and has no side effect besides the [cache fields](Self#caches).
    #[must_use]
    pub fn identity(&self) -> Identity<'_> {
        /// For a genuine token with an empty `sub`: it passes verification, as in Clerk's SDK.
        static NO_USER: AuthReason = AuthReason::Token(TokenErrorReason::TokenVerificationFailed);

        if self.is_cross_site() {
            return Identity::CrossSite;
        }
        match &self.state().outcome {
            Outcome::SignedIn(state) if !state.claims.has_user() => Identity::SignedOut(&NO_USER),
            Outcome::SignedIn(state) => {
                let user = SignedInRef::new(self, &state.claims);
                match state.claims.is_pending() {
                    true => Identity::Pending(user),
                    false if state.organization_mismatch => Identity::OrganizationMismatch(user),
                    false => Identity::SignedIn(user),
                }
            }
            Outcome::SignedOut(state) => Identity::SignedOut(&state.reason),
            Outcome::Handshake(state) => Identity::SignedOut(&state.reason),
            Outcome::Undecided(cause) if !cause.is_temporary() => Identity::Misconfigured(cause),
            _ => Identity::Unavailable,
        }
    }

    /// Returns the signed-in user, for pages that also serve signed-out requests.
    ///
    /// Returns `None` too for a *pending* session, a refused cross-site request and an undecided request;
    /// [`identity`](Self::identity) tells these apart.
    #[must_use]
    pub fn signed_in(&self) -> Option<SignedInRef<'_>> {
        match self.identity() {
            Identity::SignedIn(user) | Identity::OrganizationMismatch(user) => Some(user),
            _ => None,
        }
    }

    /// Returns the signed-in user, or the response to a request without one.
    ///
    /// # Errors
    ///
    /// Returns the [`Refusal`] to send, by the table of [`require`](crate::require), unless a user is signed in.
    pub fn check(&self) -> Result<SignedInRef<'_>, Refusal> {
        match self.identity() {
            Identity::SignedIn(user) => Ok(user),
            other => Err(self.refuse(other)),
        }
    }

    /// Returns the signed-in user if they meet a requirement.
    ///
    /// # Errors
    ///
    /// Returns the [`Refusal`] to send unless a user is signed in who meets the requirement.
    pub fn require(&self, requirement: &(impl Requirement + ?Sized)) -> Result<SignedInRef<'_>, Refusal> {
        let user = self.check()?;
        Refusal::by_verdict(self, requirement.verdict(user.claims()), None).map_or(Ok(user), Err)
    }

    /// Returns the refusal for an identity, by the table of [`require`](crate::require).
    ///
    /// For a signed-in user it is the refusal of an unmet requirement.
    pub fn refuse(&self, identity: Identity<'_>) -> Refusal {
        Refusal::of(self, identity, &SignInLink::default())
    }

    /// Returns the refusal of a user without an active organization.
    ///
    /// It is 403 with a link to the portal's organization page.
    pub fn refuse_without_organization(&self) -> Refusal {
        Refusal::unmet(self, RefusalCause::NoActiveOrganization, None)
    }

    /// Returns `true` for a cross-site request with cookies that changes something.
    ///
    /// That is an unsafe method or a WebSocket. Guards and extractors refuse it;
    /// [`AllowCrossSiteLayer`](crate::AllowCrossSiteLayer) makes exceptions.
    #[must_use]
    pub fn is_cross_site(&self) -> bool {
        !self.allows_cross_site && !self.inner.head.changes_nothing() && self.context().is_cross_site()
    }

    /// The URL of the request, as the browser sees it.
    #[must_use]
    pub fn public_url(&self) -> &PublicUrl {
        self.inner.url.get_or_init(|| {
            let context = AuthenticateContext::new(self.parts(), self.instance(), self.at());
            Box::new(context.url().clone())
        })
    }

    /// The instance that the request was authenticated for.
    #[must_use]
    pub fn instance(&self) -> &Instance {
        self.accounts().instance()
    }

    /// The request's head, without the fields that are not read later.
    fn parts(&self) -> &Parts {
        self.inner.parts.get_or_init(|| Box::new(self.inner.head.to_parts()))
    }

    /// The facts of the request, computed on first use.
    pub(crate) fn context(&self) -> AuthenticateContext<'_> {
        let context = AuthenticateContext::new(self.parts(), self.instance(), self.at());
        match self.inner.url.get() {
            Some(url) => context.with_public_url(PublicUrl::clone(url)),
            None => context,
        }
    }

    pub(crate) fn caller(&self) -> Caller {
        Caller::of(self.parts())
    }

    /// Returns `true` if a page of another site made the request.
    ///
    /// The method and the cookies do not matter.
    pub(crate) fn comes_from_elsewhere(&self) -> bool {
        !self.allows_cross_site && self.context().comes_from_elsewhere()
    }

    pub(crate) fn at(&self) -> UnixTime {
        self.authenticated().at
    }

    pub(crate) fn renderer(&self) -> Option<&Arc<dyn RenderRefusal>> {
        self.inner.settings.renderer.as_ref()
    }

    pub(crate) fn recent_redirects(&self) -> RecentRedirects {
        RecentRedirects::read(&self.parts().headers)
    }

    pub(crate) fn portal_visits(&self) -> PortalVisits {
        PortalVisits::read(&self.parts().headers)
    }

    pub(crate) fn is_preflight(&self) -> bool {
        self.context().is_preflight()
    }

    /// Returns `true` if the request carried a session token, valid or not.
    pub(crate) fn has_token(&self) -> bool {
        self.outcome().claims().is_some() || self.context().session_token().is_some()
    }

    /// The user of the session token, for logs and spans; also for pending sessions and cross-site requests.
    pub(crate) fn user_id_for_logs(&self) -> Option<&UserId> {
        let claims = self.outcome().claims()?;
        claims.has_user().then(|| claims.user_id())
    }

    pub(crate) fn allow_cross_site(&mut self) {
        self.allows_cross_site = true;
    }

    /// Returns `true` if the browser kept no cookie of the last handshake.
    pub(crate) fn keeps_no_cookies(&self) -> bool {
        matches!(&self.state().outcome, Outcome::SignedOut(state) if state.cookies_not_kept)
    }

    /// The error of the session token, even if another check failed first.
    pub(crate) fn token_problem(&self) -> Option<TokenError> {
        let Outcome::SignedOut(state) = &self.state().outcome else {
            return None;
        };
        let known = state.token_error.as_deref().or(state.handshake_problem.as_deref());
        known.cloned().or_else(|| {
            let token = self.context().session_token().map(Secret::new)?;
            self.accounts().token_problem(&token)
        })
    }

    /// Explains how the request was decided, for logs and developers.
    pub(crate) fn explain(&self) -> Explanation {
        self.accounts().explain(self.parts(), self.public_url(), self.outcome())
    }

    /// Explains the last request of a redirect loop.
    pub(crate) fn explain_loop(&self) -> Explanation {
        let problem = self.recent_redirects().problem();
        self.accounts()
            .explain_loop(self.parts(), self.public_url(), self.outcome(), problem)
    }

    /// Returns `true` if refusals may show developers how the request was decided.
    pub(crate) fn is_for_developers(&self) -> bool {
        self.instance().is_debug() || self.instance().is_development()
    }

    /// The session token of the request, valid or not; sign-out ends its session.
    pub(crate) fn token_to_end(&self) -> Option<Secret> {
        match &self.state().outcome {
            Outcome::SignedIn(state) => Some(state.claims.token().clone()),
            _ => self.context().session_token().map(Secret::new),
        }
    }

    pub(crate) fn accounts(&self) -> &dyn Accounts {
        &**self.inner.accounts.as_ref().expect("filled for the whole request")
    }
}

impl fmt::Debug for Auth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Auth")
            .field("state", self.outcome())
            .finish_non_exhaustive()
    }
}
