//! The layers and services on tower alone: no web framework, no network.

#![expect(
    clippy::unwrap_used,
    reason = "clippy.toml permits it in test functions only, and a helper that fails must fail its test too"
)]

mod any_request;
mod authenticate;
mod caches;
mod cookies;
mod drain;
mod guards;
mod leases;
mod log;
mod log_flood;
mod outage;
mod proxy;
mod redirect;
mod refusal_bodies;
mod refusals;
mod renewal;
mod require;
mod reuse;
mod secrets;
mod sign_out;
mod support;
mod tower_http;
mod under_a_path;
mod unsettled;
mod user;
mod webhook;
