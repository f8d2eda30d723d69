//! Extractors and their rejections.

mod auth;
mod rejection;
mod signed_in;

pub use auth::Auth;
pub use rejection::{AuthRejection, SignedInRejection};
pub use signed_in::SignedIn;
