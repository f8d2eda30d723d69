//! [`portal_local::TestPortal`] and its browser, as an application's tests use them.

#![expect(
    clippy::unwrap_used,
    reason = "clippy.toml allows it in tests, but does not see that helpers are tests too"
)]

mod applications;
mod cookies;
mod echo;
mod forms;
mod portal;
mod redirects;
mod requests;
