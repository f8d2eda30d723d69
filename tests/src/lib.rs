//! Helpers for the tests across crates: the conformance server's parts, a real browser, and programs.

pub mod backend_api;
pub mod browser;
pub mod conformance;
pub mod ending;
pub mod log;
pub mod people;
pub mod programs;
#[cfg(doctest)]
pub mod readme;
pub mod redis;
pub mod shop;
pub mod soak;
pub mod tokens;
pub mod tour;
