//! [`Auth`]: who a request is from, in its extensions.

mod handle;
mod head;
mod identity;
mod link;
mod return_to;

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use http::HeaderMap;
use http::request::Parts;
use portal_sdk::authorization::Requirement;
use portal_sdk::backend::User;
use portal_sdk::clock::UnixTime;
use portal_sdk::effect::BackendError;
use portal_sdk::request::{AuthenticateContext, PublicUrl};
use portal_sdk::secret::Secret;
use portal_sdk::state::{AuthReason, Outcome, RequestState};
use portal_sdk::token::{TokenError, TokenErrorReason, UserId};
use portal_sdk::{Authenticated, Instance};
use tokio::sync::OnceCell;

pub(crate) use self::handle::Accounts;
use self::head::RequestHead;
pub use self::identity::{Identity, SignedInRef};
use crate::caching::{keep_nowhere, keep_to_one_user};
use crate::caller::Caller;
use crate::require::{PortalVisits, RecentRedirects, Refusal, RefusalCause, RenderRefusal, SignInLink};

/// Who a request is from. [`AuthenticateLayer`](crate::AuthenticateLayer) puts it into the extensions of every request
/// it forwards, in place of any that came in. Cloning is cheap.
///
/// There are three answers, not two: signed in, signed out, and *cannot tell* (Clerk is out of reach).
/// [`identity`](Self::identity) tells them apart; do not show "cannot tell" as signed out on a page that matters.
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
    accounts: Arc<dyn Accounts>,
    head: RequestHead,
    /// The request's head again, for facts that few requests need.
    parts: OnceLock<Box<Parts>>,
    url: OnceLock<Box<PublicUrl>>,
    user: OnceCell<Arc<User>>,
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
    /// `outer` is the `Auth` of a layer around this one: the address it saw is the browser's, whatever a router has taken
    /// off it since.
    pub(crate) fn new(
        authenticated: Authenticated,
        accounts: Arc<dyn Accounts>,
        parts: &Parts,
        outer: Option<&Self>,
        settings: AnswerSettings,
    ) -> Self {
        let inner = Inner {
            authenticated,
            accounts,
            head: RequestHead::of(parts),
            parts: OnceLock::new(),
            url: outer.map_or_else(OnceLock::new, |outer| Box::new(outer.public_url().clone()).into()),
            user: OnceCell::new(),
            settings,
            is_read: AtomicBool::new(false),
        };
        Self {
            inner: Arc::new(inner),
            allows_cross_site: false,
        }
    }

    /// The whole result of authentication, as Clerk decides it. Most applications ask [`identity`](Self::identity).
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
        self.outcome().headers.apply(headers);
    }

    /// Who the request is from.
    ///
    /// Asking does no work, logs nothing and counts nothing.
    #[must_use]
    pub fn identity(&self) -> Identity<'_> {
        /// A genuine token that names no user. Such a token passes verification, as in Clerk's SDK.
        static NO_USER: AuthReason = AuthReason::Token(TokenErrorReason::TokenVerificationFailed);

        if self.is_cross_site() {
            return Identity::CrossSite;
        }
        match &self.state().outcome {
            Outcome::SignedIn(state) if state.claims.user_id().as_str().is_empty() => Identity::SignedOut(&NO_USER),
            Outcome::SignedIn(state) => {
                let user = SignedInRef::new(&state.claims, &state.token);
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

    /// The signed-in user, for pages that serve everybody.
    ///
    /// Returns `None` also for a *pending* session, for a request that a page of another site sent with this site's
    /// cookies to change something, and where it cannot be told; [`identity`](Self::identity) tells these apart.
    #[must_use]
    pub fn signed_in(&self) -> Option<SignedInRef<'_>> {
        match self.identity() {
            Identity::SignedIn(user) | Identity::OrganizationMismatch(user) => Some(user),
            _ => None,
        }
    }

    /// The signed-in user, or the response to a request that must be signed in.
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

    /// The signed-in user, who must meet a requirement.
    ///
    /// # Errors
    ///
    /// Returns the [`Refusal`] to send unless a user is signed in who meets the requirement.
    pub fn require(&self, requirement: &(impl Requirement + ?Sized)) -> Result<SignedInRef<'_>, Refusal> {
        let user = self.check()?;
        Refusal::by_verdict(self, requirement.verdict(user.claims()), None).map_or(Ok(user), Err)
    }

    /// The response that refuses a request of this identity, by the table of [`require`](crate::require). A user who is
    /// signed in is refused as one who does not meet a requirement.
    pub fn refuse(&self, identity: Identity<'_>) -> Refusal {
        Refusal::of(self, identity, &SignInLink::default())
    }

    /// The response to a signed-in user without an active organization, for a page that needs one: 403 with a link to the
    /// portal's organization page.
    pub fn refuse_without_organization(&self) -> Refusal {
        Refusal::unmet(self, RefusalCause::NoActiveOrganization, None)
    }

    /// Returns `true` if a page of another site sent the request, with this site's cookies and to change something: an
    /// unsafe method or a WebSocket. Guards and extractors refuse it; [`AllowCrossSiteLayer`](crate::AllowCrossSiteLayer)
    /// makes exceptions.
    #[must_use]
    pub fn is_cross_site(&self) -> bool {
        !self.allows_cross_site && self.context().is_cross_site()
    }

    /// The signed-in user's data. The first call looks them up in the Backend API; the request then keeps them.
    ///
    /// The data may be some seconds old; see [`Authenticator::user`](portal_sdk::Authenticator::user). It is fresh if the
    /// user may have changed it at the portal since the session token was issued.
    ///
    /// # Errors
    ///
    /// Returns [`UserError::NotSignedIn`] if no user is signed in, or [`UserError::Backend`] if the look-up fails. The next
    /// call tries again.
    pub async fn user(&self) -> Result<&User, UserError> {
        let signed_in = self.signed_in().ok_or(UserError::NotSignedIn)?;
        let look_up = || {
            if self.was_at_portal() {
                self.inner.accounts.forget_user(signed_in.user_id());
            }
            self.inner.accounts.user(signed_in.user_id())
        };
        let user = self.inner.user.get_or_try_init(look_up).await;
        user.map(|user| &**user).map_err(UserError::Backend)
    }

    /// The address of the request, as the browser sees it.
    #[must_use]
    pub fn public_url(&self) -> &PublicUrl {
        self.inner.url.get_or_init(|| {
            let context = AuthenticateContext::new(self.parts(), self.instance(), self.at());
            Box::new(context.url().clone())
        })
    }

    /// The instance the request was authenticated for.
    #[must_use]
    pub fn instance(&self) -> &Instance {
        self.inner.accounts.instance()
    }

    /// The request's head, without the fields that nothing reads later.
    fn parts(&self) -> &Parts {
        self.inner.parts.get_or_init(|| Box::new(self.inner.head.to_parts()))
    }

    /// The facts of the request, each computed when it is asked for.
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

    /// Returns `true` if a page of another site made the request, whatever it carries and does.
    pub(crate) fn comes_from_elsewhere(&self) -> bool {
        !self.allows_cross_site && self.context().comes_from_elsewhere()
    }

    pub(crate) fn at(&self) -> UnixTime {
        self.inner.authenticated.at
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

    /// The user that the session token names, for logs and spans: also while tasks are outstanding, and for a request of
    /// another site's page.
    pub(crate) fn user_id_for_logs(&self) -> Option<&UserId> {
        let user_id = self.outcome().claims()?.user_id();
        Some(user_id).filter(|user_id| !user_id.as_str().is_empty())
    }

    pub(crate) fn allow_cross_site(&mut self) {
        self.allows_cross_site = true;
    }

    /// Returns `true` if the browser has just lost every cookie of a handshake.
    pub(crate) fn keeps_no_cookies(&self) -> bool {
        matches!(&self.state().outcome, Outcome::SignedOut(state) if state.cookies_not_kept)
    }

    /// The error of the session token, even where another check came first.
    pub(crate) fn token_problem(&self) -> Option<TokenError> {
        let Outcome::SignedOut(state) = &self.state().outcome else {
            return None;
        };
        let known = state.token_error.as_ref().or(state.handshake_problem.as_ref());
        known.cloned().or_else(|| {
            let token = self.context().session_token().map(Secret::new)?;
            self.accounts().token_problem(&token)
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

    /// The session token of the request, valid or not: sign-out ends its session.
    pub(crate) fn token_to_end(&self) -> Option<Secret> {
        match &self.state().outcome {
            Outcome::SignedIn(state) => Some(state.token.clone()),
            _ => self.context().session_token().map(Secret::new),
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
    /// No user is signed in.
    #[error("no user is signed in")]
    NotSignedIn,
    /// The Backend API did not give the user.
    #[error("the user cannot be looked up")]
    Backend(#[source] BackendError),
}
