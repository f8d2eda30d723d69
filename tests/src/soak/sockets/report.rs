//! [`Report`]: the figures of a run and the verdict.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::World;
use super::application::Open;
use super::record::{End, Property};
use super::trend::{Halves, Judged, Trends};
use crate::soak::watch::Violations;

/// The figures of a run and the verdict. Its `Display` is the table.
#[derive(Debug)]
pub struct Report {
    sockets: usize,
    seed: u64,
    lasted: Duration,
    limit: Duration,
    figures: Vec<(&'static str, u64)>,
    close_times: BTreeMap<End, Vec<u64>>,
    judged: Option<Judged>,
    violations: BTreeMap<Property, Violations>,
    last_lines: Vec<String>,
    is_interrupted: bool,
}

impl Report {
    pub(super) fn new(
        world: &World,
        trends: &Trends,
        left: Open,
        lasted: Duration,
        last_lines: Vec<String>,
        is_interrupted: bool,
    ) -> Self {
        let record = &world.record;
        let figures = [
            ("sockets opened", &record.opened),
            ("messages returned", &record.echoes),
            ("clients that vanished", &record.vanished),
            ("clients that ignored the close frame", &record.mute),
            ("tokens renewed", &record.renewals),
            ("sessions ended", &record.ended_sessions),
        ];
        let mut figures: Vec<_> = figures
            .map(|(name, figure)| (name, figure.load(Ordering::Relaxed)))
            .into();
        figures.extend([
            ("look-ups of sessions", left.look_ups),
            ("sockets left open", left.sockets),
            ("sessions with leases left", left.sessions),
        ]);
        Self {
            sockets: world.options.sockets,
            seed: world.options.seed,
            lasted,
            limit: world.options.limit,
            figures,
            close_times: record.close_times(),
            judged: trends.judged(world.options.length),
            violations: record.violations(),
            last_lines,
            is_interrupted,
        }
    }

    /// Returns `true` if no property was violated.
    #[must_use]
    pub fn is_passed(&self) -> bool {
        self.violations.is_empty()
    }

    /// Returns a figure of the table by its name.
    #[must_use]
    pub fn figure(&self, name: &str) -> u64 {
        let found = self.figures.iter().find(|(known, _)| *known == name);
        found.map_or(0, |(_, figure)| *figure)
    }

    /// Returns the number of sockets that were closed after each kind of end, by its name.
    #[must_use]
    pub fn closed(&self) -> BTreeMap<String, usize> {
        let counted = self.close_times.iter();
        counted.map(|(end, times)| (end.to_string(), times.len())).collect()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let minutes = self.lasted.as_secs_f64() / 60.0;
        let Self {
            sockets, seed, limit, ..
        } = self;
        writeln!(
            f,
            "Soak of {minutes:.1} minutes with {sockets} WebSockets, seed {seed}.\n"
        )?;
        for (name, figure) in &self.figures {
            writeln!(f, "{name:<38}{figure:>9}")?;
        }
        writeln!(
            f,
            "\nMilliseconds from the end of a session to the close frame; limit {} s, with a webhook {} s, after a look-up an interval more:",
            limit.as_secs(),
            3 * limit.as_secs()
        )?;
        writeln!(
            f,
            "{:<32}{:>9}{:>9}{:>9}{:>9}",
            "end", "sockets", "50 %", "99 %", "most"
        )?;
        for end in End::ALL {
            let times = self.close_times.get(&end).map(Vec::as_slice).unwrap_or_default();
            let at = |percent: usize| {
                times
                    .get(times.len() * percent / 100)
                    .or(times.last())
                    .copied()
                    .unwrap_or(0)
            };
            writeln!(f, "{end:<32}{:>9}{:>9}{:>9}{:>9}", times.len(), at(50), at(99), at(100))?;
        }
        writeln!(f, "\nThe application: medians of both halves after the warm-up (most):")?;
        match &self.judged {
            None => writeln!(f, "too short")?,
            Some(judged) => {
                let (first, second, most) = judged.resident_kib;
                let mib = |kib: u64| format!("{}.{}", kib / 1_024, kib % 1_024 * 10 / 1_024);
                writeln!(
                    f,
                    "{:<14}{} → {} ({})",
                    "memory MiB",
                    mib(first),
                    mib(second),
                    mib(most)
                )?;
                let rows: [(&str, Halves); 4] = [
                    ("descriptors", judged.descriptors),
                    ("threads", judged.threads),
                    ("tasks", judged.tasks),
                    ("sockets", judged.sockets),
                ];
                for (name, (first, second, most)) in rows {
                    writeln!(f, "{name:<14}{first} → {second} ({most})")?;
                }
            }
        }
        self.write_verdict(f)
    }
}

impl Report {
    fn write_verdict(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f)?;
        for property in Property::ALL {
            let found = self.violations.get(&property);
            let verdict = match found {
                None if property.is_trend() && self.judged.is_none() => "not measured".to_owned(),
                None => "holds".to_owned(),
                Some(found) => format!("VIOLATED {}x", found.count),
            };
            writeln!(f, "{verdict:<18}{property}")?;
            for text in found.iter().flat_map(|found| &found.texts) {
                writeln!(f, "    {text}")?;
            }
        }
        if !self.is_passed() {
            writeln!(f, "\nThe last lines of the application:")?;
            for line in &self.last_lines {
                writeln!(f, "    {line}")?;
            }
        }
        let interrupted = if self.is_interrupted { " (interrupted)" } else { "" };
        let verdict = if self.is_passed() { "passed" } else { "FAILED" };
        writeln!(f, "\nVerdict: {verdict}{interrupted}")
    }
}
