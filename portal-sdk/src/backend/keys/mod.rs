//! The signing keys in memory: when they are fetched ([`KeyRule`], pure), and the snapshot that requests read.

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

/// A random number for jitter and names: each hasher of the standard library is seeded differently.
fn random() -> u64 {
    RandomState::new().hash_one(())
}
