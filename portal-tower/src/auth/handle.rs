//! [`Accounts`]: an authenticator with its backend's type erased, so that `Auth` has no type parameter.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use http::request::Parts;
use portal_sdk::authenticator::Authenticator;
use portal_sdk::backend::{BackendApi, User};
use portal_sdk::clock::UnixTime;
use portal_sdk::effect::BackendError;
use portal_sdk::instance::Instance;
use portal_sdk::lease::Lease;
use portal_sdk::portal::Portal;
use portal_sdk::request::PublicUrl;
use portal_sdk::secret::Secret;
use portal_sdk::state::{Explanation, RequestState, UndecidedCause};
use portal_sdk::token::{GenuineSession, SessionClaims, SessionId, TokenError, TokenErrorReason, UserId};

type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// The operations of an authenticator that [`Auth`](super::Auth) and sign-out need.
pub(crate) trait Accounts: Send + Sync + fmt::Debug {
    fn user<'a>(&'a self, id: &'a UserId, since: UnixTime) -> BoxFuture<'a, Result<Arc<User>, BackendError>>;
    fn forget_user(&self, id: &UserId);
    fn genuine_session<'a>(
        &'a self,
        token: &'a Secret,
    ) -> BoxFuture<'a, Result<Option<GenuineSession>, UndecidedCause>>;
    fn revoke_session<'a>(&'a self, id: &'a SessionId) -> BoxFuture<'a, Result<(), BackendError>>;
    fn end_session(&self, session: &GenuineSession);
    fn lease(&self, claims: &SessionClaims) -> Lease;
    fn token_problem(&self, token: &Secret) -> Option<TokenError>;
    fn explain(&self, parts: &Parts, url: &PublicUrl, state: &RequestState) -> Explanation;
    fn explain_loop(
        &self,
        parts: &Parts,
        url: &PublicUrl,
        state: &RequestState,
        problem: Option<TokenErrorReason>,
    ) -> Explanation;
    fn instance(&self) -> &Instance;
    fn portal(&self) -> Portal;
    fn admits_log_line(&self, cause: &'static str) -> Option<u64>;
}

impl<B: BackendApi> Accounts for Authenticator<B> {
    fn user<'a>(&'a self, id: &'a UserId, since: UnixTime) -> BoxFuture<'a, Result<Arc<User>, BackendError>> {
        Box::pin(self.user_since(id, since))
    }

    fn forget_user(&self, id: &UserId) {
        self.forget_user(id);
    }

    fn genuine_session<'a>(
        &'a self,
        token: &'a Secret,
    ) -> BoxFuture<'a, Result<Option<GenuineSession>, UndecidedCause>> {
        Box::pin(self.genuine_session(token))
    }

    fn revoke_session<'a>(&'a self, id: &'a SessionId) -> BoxFuture<'a, Result<(), BackendError>> {
        Box::pin(self.backend().revoke_session(id))
    }

    fn end_session(&self, session: &GenuineSession) {
        self.end_session(session);
    }

    fn lease(&self, claims: &SessionClaims) -> Lease {
        self.lease(claims)
    }

    fn token_problem(&self, token: &Secret) -> Option<TokenError> {
        self.token_problem(token)
    }

    fn explain(&self, parts: &Parts, url: &PublicUrl, state: &RequestState) -> Explanation {
        self.explain_decided(parts, url, state)
    }

    fn explain_loop(
        &self,
        parts: &Parts,
        url: &PublicUrl,
        state: &RequestState,
        problem: Option<TokenErrorReason>,
    ) -> Explanation {
        self.explain_loop(parts, url, state, problem)
    }

    fn instance(&self) -> &Instance {
        self.instance()
    }

    fn portal(&self) -> Portal {
        self.portal()
    }

    fn admits_log_line(&self, cause: &'static str) -> Option<u64> {
        self.admits_log_line(cause)
    }
}
