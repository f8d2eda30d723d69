//! What only Clerk's Backend API can tell or do: the trait [`Backend`], its errors, and (feature `http-client`)
//! [`HttpBackend`].

#[cfg(feature = "http-client")]
mod call_log;
mod flights;
#[cfg(feature = "http-client")]
mod http;
mod key_cache;
mod look_ups;
mod page_cache;
#[cfg(feature = "http-client")]
mod skipped_keys;
mod user;

use std::future::Future;

#[cfg(feature = "http-client")]
pub use http::HttpBackend;
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

/// The error code that says that Clerk does not know the secret key.
const SECRET_KEY_REFUSED: &str = "clerk_key_invalid";

/// The Backend API, as far as this crate needs it.
///
/// The first three methods serve the decision; the others serve applications. An implementation bounds the time and the
/// size of every answer itself.
pub trait Backend: Clone + Send + Sync + 'static {
    /// The Backend API's address, for log lines. Without secrets; empty by default.
    fn address(&self) -> &str {
        ""
    }

    /// The instance's signing keys: `GET /jwks`.
    fn jwks(&self) -> impl Future<Output = Result<KeySet, BackendError>> + Send;

    /// The handshake payload with this nonce: `GET /clients/handshake_payload`.
    fn handshake_payload(&self, nonce: &Secret) -> impl Future<Output = Result<HandshakePayload, BackendError>> + Send;

    /// A new session token for an expired one: `POST /sessions/{id}/refresh`.
    fn refresh_session(
        &self,
        refresh: &SessionRefresh,
    ) -> impl Future<Output = Result<RefreshedSession, BackendError>> + Send;

    /// A user: `GET /users/{id}`.
    fn user(&self, id: &UserId) -> impl Future<Output = Result<User, BackendError>> + Send;

    /// Ends a session: `POST /sessions/{id}/revoke`.
    fn revoke_session(&self, id: &SessionId) -> impl Future<Output = Result<(), BackendError>> + Send;

    /// The addresses of the portal's pages: `GET /v1/environment` of the Frontend API, which needs no secret key. Asked
    /// for only where the instance [discovers pages](crate::instance::InstanceBuilder::discover_pages).
    fn portal_pages(&self) -> impl Future<Output = Result<DiscoveredPages, BackendError>> + Send;
}
