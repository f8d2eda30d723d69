//! Fetches of signing keys by many processes of one application, on a simulated clock.
//!
//! Each process has the real rule of the key cache.

use std::fmt;
use std::ops::Range;
use std::time::Duration;

use portal_sdk::backend::{KeyCachePolicy, KeyRule, KeyStep};
use portal_sdk::clock::UnixTime;

use super::random::Random;
use crate::Outcome;

/// The number of processes.
const PROCESSES: usize = 10_000;
/// The highest peak after an outage, as a multiple of the ordinary average.
const MAX_PEAK: f64 = 3.0;
/// The start of the simulated time.
const START: UnixTime = UnixTime::from_secs(1_800_000_000);
/// The time in which all processes start, and in which tokens with a new key reach them all.
const SPREAD_SECS: u64 = 60;

/// The phases, in seconds since the start.
const PHASES: [(&str, Range<usize>); 6] = [
    ("deploy", 0..60),
    ("first expiry", 60..600),
    ("ordinary", 600..2_400),
    ("rotation", 2_400..2_700),
    ("outage", 3_600..4_200),
    ("after the outage", 4_200..6_000),
];
const ROTATION: usize = PHASES[3].1.start;

/// The fetches of all processes in each phase.
#[derive(Clone, Debug)]
pub(super) struct Simulation {
    phases: Vec<Load>,
}

/// The fetches per second in one phase.
#[derive(Clone, Copy, Debug)]
pub(super) struct Load {
    /// The average.
    pub(super) average: f64,
    /// The busiest second.
    pub(super) peak: usize,
}

/// The result of a simulation with jitter and of one without it.
#[derive(Clone, Debug)]
pub(super) struct Report {
    /// With jitter, as in production.
    pub(super) jittered: Simulation,
    /// Without jitter.
    pub(super) fixed: Simulation,
}

/// Simulates the processes with and without jitter.
pub(super) fn simulate() -> Report {
    Report {
        jittered: Simulation::run(KeyCachePolicy::default()),
        fixed: Simulation::run(KeyCachePolicy::default().with_jitter(false)),
    }
}

impl Report {
    /// Checks the peak after the outage.
    ///
    /// # Errors
    ///
    /// Returns an error if the peak with jitter is more than three times the ordinary average.
    #[expect(
        clippy::cast_precision_loss,
        reason = "a number of fetches needs no more than 52 bits"
    )]
    pub(super) fn check(&self) -> Outcome {
        let [.., ordinary, _, _, after] = &self.jittered.phases[..] else {
            return Err("the simulation has too few phases".into());
        };
        let ratio = after.peak as f64 / ordinary.average;
        match ratio <= MAX_PEAK {
            true => Ok(()),
            false => Err(format!(
                "expected a peak after the outage of at most {MAX_PEAK} times the average, found {ratio:.2}"
            )
            .into()),
        }
    }
}

impl Simulation {
    #[expect(
        clippy::cast_precision_loss,
        reason = "a number of fetches needs no more than 52 bits"
    )]
    fn run(policy: KeyCachePolicy) -> Self {
        let mut fetches = vec![0; PHASES[PHASES.len() - 1].1.end];
        for process in 0..PROCESSES {
            Process::new(policy, process as u64).run(&mut fetches);
        }
        let load = |phase: &Range<usize>| {
            let seconds = &fetches[phase.clone()];
            Load {
                average: seconds.iter().sum::<usize>() as f64 / seconds.len() as f64,
                peak: seconds.iter().copied().max().unwrap_or_default(),
            }
        };
        Self {
            phases: PHASES.iter().map(|(_, phase)| load(phase)).collect(),
        }
    }
}

/// One process, which serves a request in every second.
struct Process {
    rule: KeyRule,
    random: Random,
}

impl Process {
    fn new(policy: KeyCachePolicy, seed: u64) -> Self {
        Self {
            rule: KeyRule::new(policy),
            random: Random::new(seed.wrapping_mul(0x2545_f491_4f6c_dd1d)),
        }
    }

    fn run(&mut self, fetches: &mut [usize]) {
        let starts_at = self.random.index(SPREAD_SECS);
        let sees_new_key_at = ROTATION + self.random.index(SPREAD_SECS);
        let outage = &PHASES[4].1;
        // Each process receives its requests at a fixed moment of the second.
        let moment = Duration::from_millis(self.random.next() % 1_000);
        let mut has_new_key = false;
        for (second, count) in fetches.iter_mut().enumerate().skip(starts_at) {
            let now = START + Duration::from_secs(second as u64) + moment;
            let is_new = second >= sees_new_key_at && !has_new_key;
            let missing = is_new.then_some("ins_new");
            let step = self.rule.step(missing, now);
            if !matches!(step, KeyStep::Fetch | KeyStep::Serve { refresh: true }) {
                continue;
            }
            *count += 1;
            self.rule.started(missing, now);
            if outage.contains(&second) {
                self.rule.failed(None, now, self.random.next());
            } else {
                has_new_key |= second >= ROTATION;
                self.rule.succeeded(None, now, self.random.next());
            }
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "fetches of signing keys per second, {PROCESSES} processes")?;
        writeln!(
            f,
            "{:<18}{:>12}{:>12}{:>18}{:>12}",
            "phase", "average", "peak", "without jitter", "peak"
        )?;
        let loads = self.jittered.phases.iter().zip(&self.fixed.phases);
        for ((name, _), (jittered, fixed)) in PHASES.iter().zip(loads) {
            writeln!(
                f,
                "{name:<18}{:>12.1}{:>12}{:>18.1}{:>12}",
                jittered.average, jittered.peak, fixed.average, fixed.peak
            )?;
        }
        Ok(())
    }
}
