//! The calls that the decision requests, and their results.

use std::sync::Arc;

use super::{BackendError, EndedSessions, HandshakePayload, RefreshedSession, SessionRefresh};
use crate::key::KeySet;
use crate::secret::Secret;
use crate::token::TokenError;

/// The results of calls to Clerk, as input of the decision.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// The instance's signing keys. Not needed if the instance has a PEM key.
    pub keys: KnownKeys,
    /// The result of [`Effect::HandshakePayload`], once carried out.
    pub handshake: Option<Result<HandshakePayload, BackendError>>,
    /// The result of [`Effect::RefreshSession`], once carried out.
    pub refresh: Option<Result<RefreshedSession, BackendError>>,
    /// The sessions and users that are known to have ended.
    pub ended: EndedSessions,
}

/// The known signing keys.
#[derive(Clone, Debug)]
pub enum KnownKeys {
    /// The fresh keys in memory. An unknown key ID may be fetched.
    InMemory(Option<Arc<KeySet>>),
    /// The keys after [`Effect::SigningKeys`] was carried out.
    Asked {
        /// The keys, fetched or kept from before.
        keys: Arc<KeySet>,
        /// The reason for a missing key ID.
        missing: MissingKey,
    },
}

impl Default for KnownKeys {
    fn default() -> Self {
        Self::InMemory(None)
    }
}

/// The reason for a missing key ID after [`Effect::SigningKeys`] was carried out.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum MissingKey {
    /// The instance has no such key.
    Unknown,
    /// Clerk refused the request for keys.
    Refused(TokenError),
    /// The keys could not be fetched.
    OutOfReach(BackendError),
    /// Keys were fetched for an unknown ID too recently to fetch them again.
    TooSoon,
}

/// A call to the Backend API that the decision needs.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Effect {
    /// Fetch the signing keys; fill in [`Known::keys`].
    SigningKeys {
        /// The token's key ID.
        key_id: Option<Box<str>>,
    },
    /// Fetch the handshake payload with this nonce; fill in [`Known::handshake`].
    HandshakePayload(Secret),
    /// Renew the session; fill in [`Known::refresh`].
    RefreshSession(Box<SessionRefresh>),
}
