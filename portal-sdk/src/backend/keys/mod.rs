//! The signing keys in memory: the rule for fetches ([`KeyRule`]) and the snapshot that requests read.

mod attempt;
mod cache;
mod policy;
mod rule;
mod snapshot_file;

pub(crate) use cache::KeyCache;
pub use policy::KeyCachePolicy;
pub(super) use rule::Pause;
pub use rule::{KeyRule, KeyStep};
pub(crate) use snapshot_file::SnapshotFile;
