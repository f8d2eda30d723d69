//! The calls that the decision needs, and their results.
//!
//! [`BackendError`] and the payloads are for implementations of [`Backend`](crate::backend::Backend). With the feature
//! `unstable-decision`: `Effect` is a call, `Known` holds the results.

mod ended_sessions;
mod error;
mod known;
mod last_handshake;
mod payload;

pub use error::BackendError;
pub(crate) use error::SECRET_KEY_REFUSED;
pub(crate) use last_handshake::{Delivered, LastHandshake};
pub use payload::{HandshakePayload, RefreshedSession, SessionRefresh};
#[cfg(feature = "unstable-decision")]
pub use {
    ended_sessions::EndedSessions,
    known::{Effect, Known, KnownKeys, MissingKey},
};
#[cfg(not(feature = "unstable-decision"))]
pub(crate) use {
    ended_sessions::EndedSessions,
    known::{Effect, Known, KnownKeys, MissingKey},
};
