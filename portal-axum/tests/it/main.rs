//! The extractors in an axum application, without a network.

#![expect(
    clippy::unwrap_used,
    reason = "clippy.toml permits it in test functions only, and a helper that fails must fail its test too"
)]

mod ask;
mod caches;
mod connection;
mod cors;
mod extract;
mod guards;
mod handlers;
mod leases;
mod routing;
mod testing;
mod tower_http;
mod unsettled;
mod webhooks;
