//! Attacks on an axum application, sent through its layers as a client sends them.
//!
//! Each attack must leave the request signed out, without a call to Clerk, without waiting, and without a 5xx.
//! `docs/differences.md` names the exceptions. Some attacks of the literature need a signature of the instance itself; a
//! test shows the rule that applies to them.

#![expect(
    clippy::unwrap_used,
    reason = "clippy.toml permits it in test functions only, and a helper that fails must fail its test too"
)]

mod algorithms;
mod bignum;
mod cookie_names;
mod cookies;
mod forms;
mod handshakes;
mod key_ids;
mod kinds;
mod numbers;
mod payloads;
mod renewals;
mod rsa;
mod satellites;
mod signatures;
mod signing;
mod transport;
mod victim;
mod work;
