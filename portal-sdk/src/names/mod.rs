//! The names of Clerk's cookies, query parameters and headers.
//!
//! Cookies marked *suffixed* also exist under `<name>_<suffix>`, where the suffix is
//! [`PublishableKey::cookie_suffix`](crate::instance::PublishableKey::cookie_suffix): it keeps several instances on one
//! host apart.

/// The Backend API version of this crate, sent as [`header::CLERK_API_VERSION`] and [`query::API_VERSION`].
pub const API_VERSION: &str = "2026-05-12";

pub mod cookie;
#[cfg(feature = "unstable-decision")]
pub mod header;
#[cfg(not(feature = "unstable-decision"))]
pub(crate) mod header;
#[cfg(feature = "unstable-decision")]
pub mod query;
#[cfg(not(feature = "unstable-decision"))]
pub(crate) mod query;
