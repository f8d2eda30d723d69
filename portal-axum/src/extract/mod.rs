//! Extractors and their rejection.

mod active_organization;
mod rejection;
mod require;
mod signed_in;
#[cfg(feature = "webhooks")]
mod webhook;

pub use active_organization::ActiveOrganization;
pub use rejection::AuthRejection;
pub use require::Require;
pub use signed_in::SignedIn;
#[cfg(feature = "webhooks")]
pub use webhook::Webhook;
