//! Calls to Clerk: the traits [`Backend`] and [`BackendApi`], and (feature `http-client`) [`HttpBackend`].

mod alarm;
mod api;
mod api_path;
mod flights;
#[cfg(feature = "http-client")]
mod http;
pub(crate) mod json;
mod keys;
mod look_ups;
pub(crate) mod meter;
mod organization;
mod page_cache;
mod user;
mod user_cache;

use std::future::Future;

pub use api::BackendApi;
pub use api_path::ApiPath;
#[cfg(feature = "http-client")]
pub(crate) use http::Probe;
#[cfg(feature = "http-client")]
pub use http::{HttpBackend, HttpBackendBuilder};
pub use keys::KeyCachePolicy;
pub(crate) use keys::{KeyCache, SnapshotFile};
#[cfg(feature = "unstable-decision")]
pub use keys::{KeyRule, KeyStep};
pub(crate) use look_ups::{CallCounts, LookUps, MAX_WAIT};
pub use organization::{Organization, OrganizationMembership};
pub(crate) use page_cache::PageCache;
pub use user::{EmailAddress, User, UserBuilder};
pub(crate) use user_cache::UserCache;

use crate::effect::{BackendError, HandshakePayload, RefreshedSession, SessionRefresh};
use crate::key::KeySet;
use crate::secret::Secret;

/// The three calls that authentication may need.
///
/// [`BackendApi`] adds the calls of applications and sign-out. An implementation must limit the time and the size of
/// every response. It creates its errors with the constructors of [`BackendError`].
pub trait Backend: Clone + Send + Sync + 'static {
    /// Returns the Backend API's address for log lines, without secrets. Empty by default.
    fn address(&self) -> &str {
        ""
    }

    /// Fetches the instance's signing keys: `GET /jwks`.
    ///
    /// # Errors
    ///
    /// Returns [`BackendError`] if the call fails.
    fn jwks(&self) -> impl Future<Output = Result<KeySet, BackendError>> + Send;

    /// Fetches the handshake payload with this nonce: `GET /clients/handshake_payload`.
    ///
    /// # Errors
    ///
    /// Returns [`BackendError`] if the call fails.
    fn handshake_payload(&self, nonce: &Secret) -> impl Future<Output = Result<HandshakePayload, BackendError>> + Send;

    /// Renews an expired session token: `POST /sessions/{id}/refresh`.
    ///
    /// # Errors
    ///
    /// Returns [`BackendError`] if the call fails.
    fn refresh_session(
        &self,
        refresh: &SessionRefresh,
    ) -> impl Future<Output = Result<RefreshedSession, BackendError>> + Send;
}
