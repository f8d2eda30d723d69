//! Session tokens: unverified decoding, verification, and claims.
//!
//! Only [`verify_session_token`] creates [`SessionClaims`], so they prove that the instance's key signed the token.

mod claims;
mod custom;
mod error;
mod factor_ages;
mod header;
mod id;
mod largest_claim;
mod organization;
mod payload;
mod permissions;
mod rights;
mod signature_hash;
mod spread;
mod unverified;
mod verified_cache;
mod verify;

pub use claims::{Actor, SessionClaims, SessionStatus};
pub use error::{TokenError, TokenErrorReason};
pub use factor_ages::{FactorAge, FactorAges};
pub use id::{OrganizationId, SessionId, UserId};
pub(crate) use largest_claim::largest_claim;
pub use organization::OrganizationClaims;
pub(crate) use unverified::ReadOnce;
pub use unverified::UnverifiedToken;
pub use verified_cache::TokenCachePolicy;
pub(crate) use verified_cache::VerifiedTokens;
#[cfg(feature = "unstable-decision")]
pub use verify::GenuineSession;
#[cfg(not(feature = "unstable-decision"))]
pub(crate) use verify::GenuineSession;
pub use verify::{VerifyRules, verify_session_token};
pub(crate) use verify::{header_problem, verify_handshake_token};
