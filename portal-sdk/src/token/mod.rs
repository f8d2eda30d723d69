//! Session tokens: unverified decoding, verification, and claims.
//!
//! Only [`verify_session_token`] creates [`SessionClaims`], so they prove that the instance's key signed the token.

mod claims;
mod error;
mod factor_ages;
mod id;
mod organization;
mod permissions;
mod unverified;
mod verify;

pub use claims::{Actor, SessionClaims, SessionStatus};
pub use error::{TokenError, TokenErrorReason};
pub use factor_ages::{FactorAge, FactorAges};
pub use id::{OrganizationId, SessionId, UserId};
pub use organization::OrganizationClaims;
pub(crate) use unverified::DecodeOnce;
pub use unverified::UnverifiedToken;
#[cfg(feature = "unstable-decision")]
pub use verify::GenuineSession;
#[cfg(not(feature = "unstable-decision"))]
pub(crate) use verify::GenuineSession;
pub use verify::{VerifyRules, verify_session_token};
pub(crate) use verify::{header_problem, verify_handshake_token};
