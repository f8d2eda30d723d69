//! Links to Clerk's Account Portal and authentication of requests, without a web framework.

pub mod clock;
pub mod instance;
pub mod names;
pub mod secret;
