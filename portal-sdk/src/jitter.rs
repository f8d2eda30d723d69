//! Random parts of durations, so that processes do not act at the same moment.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher as _;
use std::time::Duration;

/// Returns a random number for jitter and names.
///
/// The standard library seeds each `RandomState` differently.
pub(crate) fn random() -> u64 {
    RandomState::new().hash_one(())
}

/// Returns a part of `whole` between two percentages. `random` is uniformly distributed and determines it.
#[expect(clippy::cast_precision_loss, reason = "a random number has digits to spare")]
pub(crate) fn part(whole: Duration, (least, most): (f64, f64), random: u64) -> Duration {
    let percent = least + (most - least) * (random as f64 / u64::MAX as f64);
    Duration::try_from_secs_f64(whole.as_secs_f64() * percent / 100.0).unwrap_or(whole)
}
