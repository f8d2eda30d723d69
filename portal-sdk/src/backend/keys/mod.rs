//! The signing keys in memory: the rule for fetches ([`KeyRule`]) and the snapshot that requests read.

mod attempt;
mod cache;
mod policy;
mod rule;
mod snapshot_file;

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher as _;

pub(crate) use cache::KeyCache;
pub use policy::KeyCachePolicy;
pub(super) use rule::Pause;
pub use rule::{KeyRule, KeyStep};
pub(crate) use snapshot_file::SnapshotFile;

/// Returns a random number for jitter and names.
///
/// The standard library seeds each `RandomState` differently.
fn random() -> u64 {
    RandomState::new().hash_one(())
}
