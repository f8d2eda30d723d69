//! [`Samples`]: the resources that the programs used over time, and their growth.

use std::time::{Duration, Instant};

use super::server::Usage;

/// Memory that a program may gain from the first half of the measured time to the second: caches that fill up slowly.
const MEMORY_SLACK_KIB: u64 = 3 * 1_024;
const MEMORY_SLACK_PERCENT: u64 = 5;
/// Descriptors and threads that differ with the number of requests that run at the same moment.
const COUNT_SLACK: u64 = 8;
/// Fewer samples than this say nothing about a trend.
const FEWEST: usize = 60;

#[derive(Clone, Copy, Debug)]
pub(super) struct Sample {
    pub(super) at: Instant,
    pub(super) is_calm: bool,
    pub(super) usage: Usage,
}

/// The samples of one program.
#[derive(Clone, Debug, Default)]
pub(super) struct Samples(Vec<Sample>);

/// Medians of the first and the second half of the time after the warm-up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Trend {
    pub(super) first: u64,
    pub(super) second: u64,
}

/// The first and the second half of the measured time, and the highest value of all.
#[derive(Clone, Copy, Debug)]
pub(super) struct Trends {
    pub(super) resident_kib: Trend,
    pub(super) descriptors: Trend,
    pub(super) threads: Trend,
    pub(super) most: Usage,
}

impl Trends {
    pub(super) fn is_memory_flat(&self) -> bool {
        let Trend { first, second } = self.resident_kib;
        second <= first + (first * MEMORY_SLACK_PERCENT / 100).max(MEMORY_SLACK_KIB)
    }

    pub(super) fn are_counts_flat(&self) -> bool {
        [self.descriptors, self.threads]
            .iter()
            .all(|trend| trend.second <= trend.first + COUNT_SLACK)
    }
}

impl Samples {
    pub(super) fn add(&mut self, sample: Sample) {
        self.0.push(sample);
    }

    pub(super) fn last(&self) -> Option<Usage> {
        self.0.last().map(|sample| sample.usage)
    }

    /// Compares the two halves of the time after `warm_up`. `None` if it was too short.
    pub(super) fn trends(&self, warm_up: Duration) -> Option<Trends> {
        let start = self.0.first()?.at + warm_up;
        let calm: Vec<Usage> = self
            .0
            .iter()
            .filter(|one| one.is_calm && one.at >= start)
            .map(|one| one.usage)
            .collect();
        if calm.len() < FEWEST {
            return None;
        }
        let (first, second) = calm.split_at(calm.len() / 2);
        let trend = |value: fn(&Usage) -> u64| Trend {
            first: median(first.iter().map(value)),
            second: median(second.iter().map(value)),
        };
        let most = |value: fn(&Usage) -> u64| self.0.iter().map(|one| value(&one.usage)).max().unwrap_or(0);
        Some(Trends {
            resident_kib: trend(|usage| usage.resident_kib),
            descriptors: trend(|usage| usage.descriptors),
            threads: trend(|usage| usage.threads),
            most: Usage {
                resident_kib: most(|usage| usage.resident_kib),
                descriptors: most(|usage| usage.descriptors),
                threads: most(|usage| usage.threads),
            },
        })
    }
}

pub(super) fn median(values: impl Iterator<Item = u64>) -> u64 {
    let mut values: Vec<u64> = values.collect();
    values.sort_unstable();
    values.get(values.len() / 2).copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The trends of a program that uses `usage` in each second of ten minutes, calm in all of them.
    fn trends(usage: impl Fn(u64) -> Usage) -> Option<Trends> {
        let start = Instant::now();
        let mut samples = Samples::default();
        for second in 0..600 {
            samples.add(Sample {
                at: start + Duration::from_secs(second),
                is_calm: true,
                usage: usage(second),
            });
        }
        samples.trends(Duration::from_secs(120))
    }

    fn usage(resident_kib: u64, descriptors: u64) -> Usage {
        Usage {
            resident_kib,
            descriptors,
            threads: 4,
        }
    }

    #[test]
    fn growth_after_the_warm_up_is_found() {
        let flat = trends(|second| usage(20_000 + 100 * second.min(120), 20 + second % 5)).expect("enough samples");
        assert!(flat.is_memory_flat() && flat.are_counts_flat(), "{flat:?}");
        let growing = trends(|second| usage(20_000 + 20 * second, 20 + second / 10)).expect("enough samples");
        assert!(!growing.is_memory_flat() && !growing.are_counts_flat(), "{growing:?}");
    }

    #[test]
    fn short_run_has_no_trend() {
        let samples = Samples(vec![
            Sample {
                at: Instant::now(),
                is_calm: true,
                usage: usage(1, 1)
            };
            30
        ]);
        assert!(samples.trends(Duration::ZERO).is_none());
    }
}
