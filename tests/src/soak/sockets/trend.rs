//! [`Trends`]: the application's resources over time, and their growth.

use std::time::{Duration, Instant};

use super::application::Open;
use super::record::{Property, Record};
use crate::soak::samples::{Sample, Samples, median};
use crate::soak::server::Usage;

/// The share of a run after which it is judged.
const WARM_UP_PARTS: u32 = 5;
/// Counts that differ with the number of connections and requests that are open at the same moment.
const COUNT_SLACK: u64 = 16;
/// The number of open sockets differs by a part of it, because users are between two sessions.
const SOCKET_SLACK_PARTS: u64 = 50;

/// The samples of a run.
#[derive(Clone, Debug, Default)]
pub(super) struct Trends {
    samples: Samples,
    open: Vec<(Instant, Open)>,
}

/// The medians of the two halves of the measured time, and the most of all.
pub(super) type Halves = (u64, u64, u64);

/// The judged figures.
#[derive(Clone, Copy, Debug)]
pub(super) struct Judged {
    pub(super) resident_kib: Halves,
    pub(super) descriptors: Halves,
    pub(super) threads: Halves,
    pub(super) tasks: Halves,
    pub(super) sockets: Halves,
    pub(super) is_memory_flat: bool,
}

impl Trends {
    pub(super) fn add(&mut self, usage: Usage, open: Open) {
        let at = Instant::now();
        self.samples.add(Sample {
            at,
            is_calm: true,
            usage,
        });
        self.open.push((at, open));
    }

    /// Returns `None` if the run was too short.
    pub(super) fn judged(&self, length: Duration) -> Option<Judged> {
        let warm_up = length / WARM_UP_PARTS;
        let trends = self.samples.trends(warm_up)?;
        let start = self.open.first()?.0 + warm_up;
        let open: Vec<Open> = self
            .open
            .iter()
            .filter(|(at, _)| *at >= start)
            .map(|(_, open)| *open)
            .collect();
        let (first, second) = open.split_at(open.len() / 2);
        let halves = |value: fn(&Open) -> u64| {
            let most = self.open.iter().map(|(_, open)| value(open)).max();
            (
                median(first.iter().map(value)),
                median(second.iter().map(value)),
                most.unwrap_or(0),
            )
        };
        Some(Judged {
            resident_kib: (
                trends.resident_kib.first,
                trends.resident_kib.second,
                trends.most.resident_kib,
            ),
            descriptors: (
                trends.descriptors.first,
                trends.descriptors.second,
                trends.most.descriptors,
            ),
            threads: (trends.threads.first, trends.threads.second, trends.most.threads),
            tasks: halves(|open| open.tasks),
            sockets: halves(|open| open.sockets),
            is_memory_flat: trends.is_memory_flat(),
        })
    }

    pub(super) fn judge(&self, record: &Record, sockets: u64, length: Duration) {
        let Some(judged) = self.judged(length) else {
            return;
        };
        let slack = COUNT_SLACK + sockets / SOCKET_SLACK_PARTS;
        let is_flat = |(first, second, _): Halves| second <= first + slack;
        if !judged.is_memory_flat {
            record.violated(Property::Memory, format_args!("{:?} KiB", judged.resident_kib));
        }
        if !is_flat(judged.descriptors) || !is_flat(judged.threads) {
            let text = format_args!("{:?}, {:?}", judged.descriptors, judged.threads);
            record.violated(Property::Descriptors, text);
        }
        if !is_flat(judged.tasks) {
            record.violated(Property::Tasks, format_args!("{:?}", judged.tasks));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Records what grows by `growth` in each second of ten minutes.
    fn record(growth: u64) -> Record {
        let mut trends = Trends::default();
        let start = Instant::now();
        for second in 0..600 {
            let usage = Usage {
                resident_kib: 20_000 + 100 * growth * second,
                descriptors: 100 + growth * second,
                threads: 4,
            };
            let tasks = 100 + growth * second;
            trends.add(
                usage,
                Open {
                    tasks,
                    ..Open::default()
                },
            );
        }
        assert!(start.elapsed() < Duration::from_secs(600));
        let record = Record::default();
        trends.judge(&record, 100, Duration::ZERO);
        record
    }

    #[test]
    fn growth_is_a_violation() {
        assert!(record(0).violations().is_empty());
        let found: Vec<Property> = record(1).violations().into_keys().collect();
        assert_eq!(found, [Property::Memory, Property::Descriptors, Property::Tasks]);
    }
}
