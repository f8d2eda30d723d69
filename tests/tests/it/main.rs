//! Whole requests through the workspace's crates and programs, without a browser.

mod attacks;
mod conformance_server;
mod crypto_provider;
mod guard_table;
mod guides;
mod limits;
mod links;
mod named_tests;
mod outage;
mod programs;
mod secrets;
mod seeded_claims;
mod soak;
mod start_up;
mod supply_chain;
mod test_portal;
mod vectors;
mod webhooks;
mod wire;
