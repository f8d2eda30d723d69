//! The layers and services on tower alone: no web framework, no network.

#![allow(clippy::unwrap_used, reason = "a helper that fails must fail the test that calls it")]

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
