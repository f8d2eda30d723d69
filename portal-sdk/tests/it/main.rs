//! Tests of this crate's public interface. One binary, so that it is linked once.

#![expect(
    clippy::unwrap_used,
    reason = "clippy.toml permits it in test functions only, and a helper that fails must fail its test too"
)]

mod authenticator;
mod backend_api;
mod bad_input;
mod bounded;
mod by_hand;
mod cold_start;
mod common;
mod connect;
mod cookie_size;
mod custom_backend;
mod decision;
mod discovery;
mod doctor;
mod explain;
mod fleet;
mod http_backend;
mod http_backend_errors;
mod key_cache;
mod key_flight;
mod key_rule;
mod lease_bounds;
mod lease_reconnects;
mod lease_rule;
mod leases;
mod likely_cause;
mod limits;
mod log;
mod odd_answers;
mod page_cache;
mod properties;
mod renewals;
mod request_kind;
mod room_order;
mod server;
mod settings;
mod spans;
mod testing;
mod user_cache;
mod verified_tokens;
mod webhook;
