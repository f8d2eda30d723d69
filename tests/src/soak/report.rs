//! [`Report`]: the figures of a run and the verdict.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::audit::Auditor;
use super::client::{Figures, World};
use super::database::Contents;
use super::options::DiskKind;
use super::samples::Trends;
use super::watch::{Counts, Program, Property, Violations};
use super::weather::Fault;

/// The figures of a run and the verdict. Its `Display` is the table.
#[derive(Debug)]
pub struct Report {
    pub(super) seed: u64,
    pub(super) lasted: Duration,
    pub(super) disk: DiskKind,
    pub(super) made: Vec<Fault>,
    pub(super) kills: u64,
    pub(super) refused_writes: u64,
    pub(super) counts: Vec<(Option<Fault>, Counts, u64)>,
    pub(super) statuses: BTreeMap<(Program, u16), u64>,
    pub(super) figures: Vec<(&'static str, u64)>,
    pub(super) longest_recovery: Duration,
    pub(super) programs: Vec<ProgramFigures>,
    pub(super) database: Contents,
    pub(super) most_database_bytes: u64,
    pub(super) violations: Vec<(Property, Violations)>,
    pub(super) is_interrupted: bool,
}

/// The figures of one program.
#[derive(Debug)]
pub(super) struct ProgramFigures {
    pub(super) program: Program,
    pub(super) trends: Option<Trends>,
    pub(super) log_bytes: u64,
    pub(super) last_lines: Vec<String>,
}

impl Report {
    /// Returns `true` if no property was violated.
    #[must_use]
    pub fn is_passed(&self) -> bool {
        self.violations.iter().all(|(_, violations)| violations.count == 0)
    }

    /// Returns how often each kind of fault was made, by its name.
    #[must_use]
    pub fn faults(&self) -> BTreeMap<String, usize> {
        let mut faults = BTreeMap::new();
        for fault in &self.made {
            *faults.entry(fault.to_string()).or_default() += 1;
        }
        faults
    }

    /// Returns a figure of the table by its name.
    #[must_use]
    pub fn figure(&self, name: &str) -> u64 {
        let found = self.figures.iter().find(|(known, _)| *known == name);
        found.map_or(0, |(_, figure)| *figure)
    }
}

/// Returns the counts of the clients and the audits.
pub(super) fn figures(world: &World, auditor: &Auditor) -> Vec<(&'static str, u64)> {
    let Figures {
        sign_ups,
        sign_ins,
        sign_outs,
        changes,
        replays,
        hostile,
        browsers,
        vanished,
        given_up,
    } = &world.figures;
    let read = |figure: &std::sync::atomic::AtomicU64| figure.load(Ordering::Relaxed);
    vec![
        ("sign-ups", read(sign_ups)),
        ("sign-ins", read(sign_ins)),
        ("sign-outs", read(sign_outs)),
        ("cookies replayed after sign-out", read(replays)),
        ("changes of names and notes", read(changes)),
        ("attacks", read(hostile)),
        ("browsers", read(browsers)),
        ("connections left in the middle", read(vanished)),
        ("steps given up during faults", read(given_up)),
        ("responses over a second", read(&world.watch.slow)),
        ("audits", auditor.audits),
        ("accounts looked up in audits", auditor.looked_up),
        ("accounts signed in by audits", auditor.signed_in),
    ]
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let disk = match self.disk {
            DiskKind::Tmpfs => "a small tmpfs",
            DiskKind::FileSize => "a limit of file sizes (RLIMIT_FSIZE)",
        };
        let minutes = self.lasted.as_secs_f64() / 60.0;
        writeln!(
            f,
            "Soak of {minutes:.1} minutes, seed {}; the disk is filled by {disk}.",
            self.seed
        )?;
        writeln!(
            f,
            "The portal's clock is stepped; the applications' is the machine's and is not."
        )?;
        writeln!(
            f,
            "\n{:<16}{:>7}{:>10}{:>8}{:>8}{:>12}",
            "weather", "times", "requests", "5xx", "lost", "log bytes"
        )?;
        for (weather, counts, log) in &self.counts {
            let name = weather.map_or_else(|| "calm".to_owned(), |fault| fault.to_string());
            let times = self.made.iter().filter(|made| Some(**made) == *weather).count();
            let Counts { requests, errors, lost } = counts;
            writeln!(f, "{name:<16}{times:>7}{requests:>10}{errors:>8}{lost:>8}{log:>12}")?;
        }
        writeln!(f, "\n{:<10}responses by status", "program")?;
        for program in Program::ALL {
            let mut line = String::new();
            for ((of, status), count) in &self.statuses {
                if *of == program {
                    write!(line, "{status}: {count}  ")?;
                }
            }
            writeln!(f, "{:<10}{}", program.to_string(), line.trim_end())?;
        }
        writeln!(f)?;
        for (name, figure) in &self.figures {
            writeln!(f, "{name:<36}{figure:>8}")?;
        }
        writeln!(f, "{:<36}{:>8}", "times the portal was killed", self.kills)?;
        writeln!(f, "{:<36}{:>8}", "full disks noticed by a write", self.refused_writes)?;
        writeln!(
            f,
            "{:<36}{:>6.1} s",
            "longest recovery after a fault",
            self.longest_recovery.as_secs_f64()
        )?;
        self.write_programs(f)?;
        self.write_database(f)?;
        self.write_verdict(f)
    }
}

impl Report {
    fn write_programs(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "\nMedians of the first and second half of the calm time after the warm-up:"
        )?;
        writeln!(
            f,
            "{:<10}{:>20}{:>16}{:>14}{:>12}",
            "program", "memory MiB (most)", "descriptors", "threads", "log bytes"
        )?;
        let mib = |kib: u64| f64::from(u32::try_from(kib).unwrap_or(u32::MAX)) / 1_024.0;
        for figures in &self.programs {
            let name = figures.program.to_string();
            let log = figures.log_bytes;
            let Some(trends) = &figures.trends else {
                writeln!(
                    f,
                    "{name:<10}{:>20}{:>16}{:>14}{log:>12}",
                    "too short", "too short", "too short"
                )?;
                continue;
            };
            let memory = &trends.resident_kib;
            let most = mib(trends.most.resident_kib);
            let memory = format!("{:.1} → {:.1} ({most:.1})", mib(memory.first), mib(memory.second));
            let pair = |trend: &super::samples::Trend, most| format!("{} → {} ({most})", trend.first, trend.second);
            let descriptors = pair(&trends.descriptors, trends.most.descriptors);
            let threads = pair(&trends.threads, trends.most.threads);
            writeln!(f, "{name:<10}{memory:>20}{descriptors:>16}{threads:>14}{log:>12}")?;
        }
        Ok(())
    }

    fn write_database(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Contents {
            rows,
            bytes,
            file_bytes,
        } = &self.database;
        writeln!(
            f,
            "\nThe portal's database: {bytes} bytes in use, {file_bytes} in the file."
        )?;
        writeln!(
            f,
            "All databases and their journals, at the most: {} bytes.",
            self.most_database_bytes
        )?;
        let rows = rows.iter().filter(|(_, count)| **count > 0);
        let rows: Vec<String> = rows.map(|(table, count)| format!("{table} {count}")).collect();
        writeln!(f, "Rows: {}.", rows.join(", "))
    }

    fn write_verdict(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f)?;
        for (property, violations) in &self.violations {
            let is_unmeasured = matches!(property, Property::Memory | Property::Descriptors)
                && self.programs.iter().all(|program| program.trends.is_none());
            let verdict = match violations.count {
                0 if is_unmeasured => "not measured".to_owned(),
                0 => "holds".to_owned(),
                count => format!("VIOLATED {count} times"),
            };
            writeln!(f, "{verdict:<18}{property}")?;
            for text in &violations.texts {
                writeln!(f, "    {text}")?;
            }
        }
        if !self.is_passed() {
            for figures in &self.programs {
                writeln!(f, "\nThe last lines of the {}:", figures.program)?;
                for line in &figures.last_lines {
                    writeln!(f, "    {line}")?;
                }
            }
        }
        let interrupted = if self.is_interrupted { " (interrupted)" } else { "" };
        let verdict = if self.is_passed() { "passed" } else { "FAILED" };
        writeln!(f, "\nVerdict: {verdict}{interrupted}")
    }
}
