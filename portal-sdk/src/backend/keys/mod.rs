//! The signing keys in memory: when they are fetched ([`KeyRule`], pure), and the snapshot that requests read.

mod cache;
mod policy;
mod rule;

pub(crate) use cache::KeyCache;
pub use policy::KeyCachePolicy;
pub(super) use rule::Pause;
pub use rule::{KeyRule, KeyStep};
