//! A local stand-in for Clerk: the Account Portal's pages, and as much of the Frontend API and the Backend API as an
//! application needs that authenticates its requests on the server. For development, demonstrations and tests.
//!
//! It needs no Clerk account and no network, sends no mail, and only listens on this machine.
//!
//! ```
//! use portal_local::LocalPortal;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let portal = LocalPortal::builder().application_name("Acme").start().await?;
//!
//! // What the application is configured with. The two keys are enough: the publishable key holds the address.
//! let publishable_key = portal.publishable_key();
//! assert_eq!(publishable_key.frontend_api().local_origin(), Some(portal.origin()));
//! assert!(portal.secret_key().expose().starts_with("sk_test_"));
//!
//! portal.shut_down().await;
//! # Ok(())
//! # }
//! ```
//!
//! # Contents
//!
//! - [`LocalPortal`] starts in a test or a demo; [`LocalPortalBuilder`] holds what can be set.
//! - [`LocalPortal::outbox`] has the codes that would have been mailed. An address whose part before the `@` contains
//!   `+clerk_test` always gets the code `424242` and no mail.
//! - [`LocalPortal::request_log`] tells whether a handshake or a refresh took place.
//! - The binary `portal-local` serves the same from the command line.
//!
//! # Security
//!
//! Everybody who reaches the portal can create accounts and read every code. It therefore binds loopback addresses
//! only, answers only to its own host names (which stops DNS rebinding), and makes development keys only. Passwords
//! are kept as Argon2id; codes, nonces and refresh tokens as SHA-256. The signing key and the secret key are in the
//! database file, which only its owner can read.

mod app;
mod backend_api;
mod boundary;
mod config;
mod dev_browser;
mod device;
mod directives;
mod error;
mod flow;
mod frontend_api;
mod ids;
mod json;
mod mint;
mod pages;
mod password;
mod portal;
mod redirect;
mod request_log;
mod secrets;
mod store;

pub use config::LocalPortalBuilder;
pub use error::StartError;
pub use portal::LocalPortal;
pub use request_log::RequestRecord;
pub use store::{Mail, MailKind, Settings, SignUpMode, StoreError};
