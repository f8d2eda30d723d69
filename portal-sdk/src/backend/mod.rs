//! Calls to Clerk: the traits [`Backend`] and [`BackendApi`], and (feature `http-client`) [`HttpBackend`].

mod flights;
#[cfg(feature = "http-client")]
mod http;
mod key_cache;
mod look_ups;
mod page_cache;
mod user;

use std::future::Future;

#[cfg(feature = "http-client")]
pub use http::{HttpBackend, HttpBackendBuilder};
pub(crate) use key_cache::KeyCache;
pub use key_cache::KeyCachePolicy;
pub(crate) use look_ups::LookUps;
pub(crate) use page_cache::PageCache;
pub use user::{EmailAddress, User};

use crate::effect::{BackendError, HandshakePayload, RefreshedSession, SessionRefresh};
use crate::key::KeySet;
use crate::portal::DiscoveredPages;
use crate::secret::Secret;
use crate::token::{SessionId, UserId};

/// The error code of an unknown secret key.
const SECRET_KEY_REFUSED: &str = "clerk_key_invalid";

/// Carries out the three effects that authenticating a request may need.
///
/// [`BackendApi`] adds the calls that applications and sign-out make. An implementation limits the time and the size of
/// every answer itself. Its errors are made with the constructors of [`BackendError`].
pub trait Backend: Clone + Send + Sync + 'static {
    /// Returns the Backend API's address for log lines, without secrets. Empty by default.
    fn address(&self) -> &str {
        ""
    }

    /// Fetches the instance's signing keys: `GET /jwks`.
    ///
    /// # Errors
    ///
    /// Returns [`BackendError`] if there is no usable answer.
    fn jwks(&self) -> impl Future<Output = Result<KeySet, BackendError>> + Send;

    /// Fetches the handshake payload with this nonce: `GET /clients/handshake_payload`.
    ///
    /// # Errors
    ///
    /// Returns [`BackendError`] if there is no usable answer.
    fn handshake_payload(&self, nonce: &Secret) -> impl Future<Output = Result<HandshakePayload, BackendError>> + Send;

    /// Renews an expired session token: `POST /sessions/{id}/refresh`.
    ///
    /// # Errors
    ///
    /// Returns [`BackendError`] if there is no usable answer.
    fn refresh_session(
        &self,
        refresh: &SessionRefresh,
    ) -> impl Future<Output = Result<RefreshedSession, BackendError>> + Send;
}

/// The rest of the Backend API: what applications, links to the portal and sign-out ask for.
pub trait BackendApi: Backend {
    /// Fetches a user: `GET /users/{id}`.
    ///
    /// # Errors
    ///
    /// Returns [`BackendError`] if there is no usable answer, or no such user.
    fn user(&self, id: &UserId) -> impl Future<Output = Result<User, BackendError>> + Send;

    /// Ends a session: `POST /sessions/{id}/revoke`.
    ///
    /// # Errors
    ///
    /// Returns [`BackendError`] if there is no usable answer, or Clerk refuses.
    fn revoke_session(&self, id: &SessionId) -> impl Future<Output = Result<(), BackendError>> + Send;

    /// Fetches the addresses of the portal's pages: `GET /v1/environment` of the Frontend API.
    ///
    /// Called only if the instance [discovers pages](crate::instance::InstanceBuilder::discover_pages). Needs no secret
    /// key.
    ///
    /// # Errors
    ///
    /// Returns [`BackendError`] if there is no usable answer.
    fn portal_pages(&self) -> impl Future<Output = Result<DiscoveredPages, BackendError>> + Send;
}
