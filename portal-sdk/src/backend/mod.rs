//! What only Clerk's Backend API can tell or do: the trait [`Backend`], its errors, and (feature `http-client`)
//! [`HttpBackend`].

#[cfg(feature = "http-client")]
mod call_log;
mod error;
mod flights;
#[cfg(feature = "http-client")]
mod http;
#[cfg(feature = "http-client")]
mod jwks;
mod key_cache;
mod look_ups;
mod page_cache;
mod user;

use std::fmt;
use std::future::Future;

use jsonwebtoken::jwk::JwkSet;
use serde_json::Value;

pub use error::BackendError;
#[cfg(feature = "http-client")]
pub use http::HttpBackend;
pub(crate) use key_cache::KeyCache;
pub use key_cache::KeyCachePolicy;
pub(crate) use look_ups::LookUps;
pub(crate) use page_cache::PageCache;
pub use user::{EmailAddress, User};

use crate::portal::DiscoveredPages;
use crate::secret::{Secret, cookie_names};
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
    fn jwks(&self) -> impl Future<Output = Result<JwkSet, BackendError>> + Send;

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

/// What a handshake brings: `Set-Cookie` values, in order.
#[derive(Clone, Default, PartialEq, Eq, serde::Deserialize)]
pub struct HandshakePayload {
    /// The values, each a whole `Set-Cookie` field. An entry that is no text makes the whole handshake worthless, which
    /// the decision finds out.
    pub directives: Vec<Value>,
}

/// A request to renew a session.
#[derive(Clone)]
#[non_exhaustive]
pub struct SessionRefresh {
    /// `sid` of the expired token; letters, digits, `_` and `-` only.
    pub session_id: Box<str>,
    /// The expired token.
    pub expired_token: Secret,
    /// The refresh cookie.
    pub refresh_token: Secret,
    /// The application's public origin.
    pub request_origin: Box<str>,
    /// The request's header fields, lower-case names, without other applications' cookies and without
    /// `Authorization`.
    pub request_headers: Vec<(String, String)>,
    /// Whether the application trusts the suffixed cookies.
    pub suffixed_cookies: bool,
}

/// The answer to a [`SessionRefresh`]: `Set-Cookie` values, in order.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct RefreshedSession {
    /// The values, each a whole `Set-Cookie` field.
    pub cookies: Vec<String>,
}

impl fmt::Debug for HandshakePayload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let texts = self
            .directives
            .iter()
            .map(|directive| directive.as_str().unwrap_or_default());
        f.debug_struct("HandshakePayload")
            .field("directives", &cookie_names(texts))
            .finish()
    }
}

impl fmt::Debug for SessionRefresh {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let headers: Vec<&str> = self.request_headers.iter().map(|(name, _)| name.as_str()).collect();
        f.debug_struct("SessionRefresh")
            .field("session_id", &self.session_id)
            .field("request_origin", &self.request_origin)
            .field("request_headers", &headers)
            .field("suffixed_cookies", &self.suffixed_cookies)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for RefreshedSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = cookie_names(self.cookies.iter().map(String::as_str));
        f.debug_struct("RefreshedSession").field("cookies", &names).finish()
    }
}
