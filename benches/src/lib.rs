//! Measurements of this workspace.
//!
//! | Command | Measures |
//! |---|---|
//! | `cargo run --release -p portal-bench -- compare` | authentication per request beside its limit (one RSA verification), clerk-rs and Clerk's own packages, in one run. `--json` for programs; `--readme` keeps the result in `benches/compare.json` and in the README's table |
//! | `cargo run --release -p portal-bench -- readme < benches/compare.json` | nothing: writes the README's table again |
//! | `cargo run --release -p portal-bench -- simulate` | fetches of signing keys by 10,000 processes on a simulated clock: deploy, expiry, rotation, an outage of ten minutes |
//! | `cargo bench -p portal-bench` | the time of each step |
//! | `cargo run --release -p portal-bench --bin instructions` | the instructions of each step, under callgrind |
//! | `cargo run --release -p portal-bench --bin allocations` | allocations and memory per request, as JSON; a part of `compare` |
//! | `cargo run --release -p portal-bench --bin handshakes` | a local portal in a separate process: handshakes per second, with and without the look-up of their payloads; start time with its data in memory, in a new file and in an existing one; resident memory. `--json` for programs, `--help` for all options |

pub mod allocations;
pub mod compare;
pub mod cores;
pub mod fixture;
pub mod programs;
pub mod services;
pub mod simulate;
pub mod steps;

use std::error::Error;

/// The result of a program.
pub type Outcome<T = ()> = Result<T, Box<dyn Error + Send + Sync>>;

/// Returns the median; the upper one of an even number.
#[must_use]
pub fn median<T: PartialOrd + Copy>(mut values: Vec<T>) -> Option<T> {
    sort(&mut values);
    values.get(values.len() / 2).copied()
}

/// Rounds to three decimals, so that a report shows no digits that were not measured.
#[must_use]
pub fn rounded(number: f64) -> f64 {
    (number * 1_000.0).round() / 1_000.0
}

/// Returns the first and the third quartile: half of the values lie between them.
#[must_use]
pub fn quartiles<T: PartialOrd + Copy>(mut values: Vec<T>) -> Option<[T; 2]> {
    sort(&mut values);
    let at = |index: usize| values.get(index).copied();
    Some([at(values.len() / 4)?, at(values.len() * 3 / 4)?])
}

fn sort<T: PartialOrd>(values: &mut [T]) {
    values.sort_by(|one, other| one.partial_cmp(other).unwrap_or(std::cmp::Ordering::Equal));
}

#[cfg(test)]
mod tests {
    use super::{median, quartiles};

    #[test]
    fn median_is_the_middle_value() {
        assert_eq!(median(vec![3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(vec![4, 1]), Some(4));
        assert_eq!(median::<u64>(Vec::new()), None);
    }

    #[test]
    fn quartiles_enclose_the_middle_half() {
        assert_eq!(quartiles(vec![5, 1, 4, 2, 3]), Some([2, 4]));
        assert_eq!(quartiles::<u64>(Vec::new()), None);
    }
}
