//! The words between the decision and whatever carries its effects out.
//!
//! [`Effect`] is what the decision asks for, [`Known`] what it was told, [`BackendError`] why it was not told.

mod ended_sessions;
mod error;
mod payload;

use std::sync::Arc;

pub use ended_sessions::EndedSessions;
pub use error::BackendError;
pub use payload::{HandshakePayload, RefreshedSession, SessionRefresh};

use crate::key::KeySet;
use crate::secret::Secret;
use crate::token::TokenError;

/// What the decision may use besides the request: everything that had to be fetched.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// The instance's signing keys. Not needed where the instance has a PEM key.
    pub keys: KnownKeys,
    /// The answer to [`Effect::HandshakePayload`], once asked.
    pub handshake: Option<Result<HandshakePayload, Arc<BackendError>>>,
    /// The answer to [`Effect::RefreshSession`], once asked.
    pub refresh: Option<Result<RefreshedSession, Arc<BackendError>>>,
    /// The sessions that this process has ended.
    pub ended: EndedSessions,
}

/// The signing keys at hand.
#[derive(Clone, Debug)]
pub enum KnownKeys {
    /// What is in memory and fresh. A key id that is not among them may be asked for.
    InMemory(Option<Arc<KeySet>>),
    /// What is there after [`Effect::SigningKeys`] was carried out.
    Asked {
        /// The keys, fetched or kept from before.
        keys: Arc<KeySet>,
        /// What it means that a key id is not among them.
        missing: MissingKey,
    },
}

impl Default for KnownKeys {
    fn default() -> Self {
        Self::InMemory(None)
    }
}

/// What it means that a key id is not among the keys after they were asked for.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum MissingKey {
    /// The instance has no such key.
    Unknown,
    /// Clerk refused to give keys.
    Refused(TokenError),
    /// The keys could not be fetched.
    OutOfReach(Arc<BackendError>),
    /// Keys were fetched for an unknown id so recently that they are not fetched again yet.
    TooSoon,
}

/// Something that only the Backend API can tell or do.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Effect {
    /// Fetch the signing keys; fill in [`Known::keys`].
    SigningKeys {
        /// The key id that is wanted.
        key_id: Option<Box<str>>,
    },
    /// Fetch the handshake payload with this nonce; fill in [`Known::handshake`].
    HandshakePayload(Secret),
    /// Renew the session; fill in [`Known::refresh`].
    RefreshSession(Box<SessionRefresh>),
}
