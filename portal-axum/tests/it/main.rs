//! The extractors in an axum application, without a network.

#![allow(clippy::unwrap_used, reason = "a helper that fails must fail the test that calls it")]

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
