//! [`portal_local::TestPortal`] as an application's tests use it.

#![allow(
    clippy::unwrap_used,
    reason = "clippy.toml allows it in tests, but does not see that helpers are tests too"
)]

mod portal;
