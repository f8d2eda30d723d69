//! The extractors in an axum application, without a network.

#![allow(clippy::unwrap_used, reason = "a helper that fails must fail the test that calls it")]

mod ask;
mod caches;
#[path = "../../../portal-sdk/tests/it/common/mod.rs"]
#[allow(dead_code, reason = "each crate's tests need a part of it")]
mod common;
mod connection;
mod cors;
mod extract;
#[path = "../../../portal-tower/tests/it/guard_table.rs"]
mod guard_table;
mod guards;
mod routing;
#[path = "../../../portal-tower/tests/it/support.rs"]
#[allow(dead_code, reason = "each crate's tests need a part of it")]
mod support;
mod testing;
mod tower_http;
mod unsettled;
