//! One run of all connections: each has the real rule of its lease and is asked when it is due, to the second.
//!
//! Calls take no time, so the limit of 16 calls that a process runs at once has no effect here.

use std::ops::Range;
use std::time::Duration;

use portal_sdk::clock::UnixTime;
use portal_sdk::lease::{LeaseRule, LeaseStep};

use super::Scale;
use super::leases::{Scenario, Tokens};
use super::random::Random;

const START: UnixTime = UnixTime::from_secs(1_800_000_000);
/// The time in which all connections open, and reopen after an outage.
const SPREAD_SECS: u64 = 60;
const OUTAGE_SECS: usize = 600;
/// The window of Clerk's limit, and of peaks.
const WINDOW_SECS: usize = 10;
/// The age of a token when it opens a connection is below this: browsers renew tokens so often.
const TOKEN_SECS: u64 = 50;
/// The length of a run in intervals.
const INTERVALS: usize = 4;
/// A run with an outage, a limit or tokens is at least so long.
const MIN_SECS: usize = 1_800;

/// The calls of a run.
#[derive(Clone, Copy, Debug)]
pub(super) struct Load {
    /// Calls per second after the first interval, on average, without the outage.
    pub(super) average: f64,
    /// Calls per second in the busiest ten seconds after the first interval, without the outage.
    pub(super) peak: f64,
    /// Calls per second in the busiest ten seconds of the first interval, after all connections opened within a minute.
    pub(super) deploy_peak: f64,
    /// Calls per second in the busiest ten seconds after an outage.
    pub(super) peak_after_outage: f64,
    /// The share of the calls that Clerk refused with 429.
    pub(super) refused_share: f64,
    /// Connections that were closed as unconfirmed. Their clients open them again.
    pub(super) closed: usize,
    /// The same for each connection and hour.
    pub(super) closed_share_per_hour: f64,
}

impl Load {
    /// Returns the calls per second in the busiest ten seconds, without the outage.
    pub(super) fn highest(&self) -> f64 {
        self.deploy_peak.max(self.peak).max(self.peak_after_outage)
    }
}

/// Runs a scenario, with a limit of the calls in ten seconds or without one.
pub(super) fn run(scenario: &Scenario, scale: Scale, limit: Option<usize>) -> Load {
    let mut run = Run::new(scenario, scale, limit);
    for second in 0..run.end {
        for connection in std::mem::take(&mut run.due[second]) {
            run.ask(connection, second);
        }
    }
    run.load()
}

struct Run<'a> {
    scenario: &'a Scenario,
    scale: Scale,
    limit: Option<usize>,
    end: usize,
    outage: Range<usize>,
    /// `None` while a connection is closed.
    rules: Vec<Option<LeaseRule>>,
    /// The connections that are asked in each second.
    due: Vec<Vec<u32>>,
    /// The second until which each process makes no calls, because Clerk asked it to wait.
    waits_until: Vec<usize>,
    calls: Vec<usize>,
    refused: usize,
    closed: usize,
    random: Random,
}

impl<'a> Run<'a> {
    fn new(scenario: &'a Scenario, scale: Scale, limit: Option<usize>) -> Self {
        let interval = whole_secs(scenario.interval);
        let shortest = match (limit, scenario.has_outage || scenario.tokens == Tokens::SameProcess) {
            // Connections are closed after the age.
            (Some(_), _) => (2 * whole_secs(scenario.max_age)).max(MIN_SECS),
            (None, true) => MIN_SECS,
            (None, false) => 0,
        };
        let end = (INTERVALS * interval).max(shortest);
        let outage_start = match scenario.has_outage {
            true => end / 2,
            false => end,
        };
        let mut run = Self {
            scenario,
            scale,
            limit,
            end,
            outage: outage_start..outage_start + OUTAGE_SECS,
            rules: vec![None; scale.connections],
            due: vec![Vec::new(); end],
            waits_until: vec![0; scale.replicas],
            calls: vec![0; end],
            refused: 0,
            closed: 0,
            random: Random::new(16),
        };
        for connection in 0..u32::try_from(scale.connections).unwrap_or(u32::MAX) {
            let second = run.random.index(SPREAD_SECS);
            run.due[second].push(connection);
        }
        run
    }

    /// Opens the connection if it is closed, and else carries out the next step of its rule.
    fn ask(&mut self, connection: u32, second: usize) {
        let now = at(second);
        let index = connection as usize;
        let Some(mut rule) = self.rules[index].take() else {
            let issued_at = now - Duration::from_secs(self.random.below(TOKEN_SECS));
            let rule = LeaseRule::new(self.scenario.policy(), issued_at, now, self.random.next());
            return self.keep(connection, rule, second);
        };
        let sees_token = match self.scenario.tokens {
            Tokens::Unseen => false,
            Tokens::SameProcess => true,
            Tokens::AnyProcess => self.random.index(self.scale.replicas as u64) == 0,
        };
        if sees_token {
            let age = (second as u64 + u64::from(connection)) % TOKEN_SECS;
            rule.proven(now - Duration::from_secs(age), self.random.next());
        }
        match rule.step(now) {
            LeaseStep::LookUp => {
                self.look_up(&mut rule, index % self.scale.replicas, second);
                self.keep(connection, rule, second);
            }
            LeaseStep::End => {
                self.closed += 1;
                // Clients wait for up to a minute. During an outage they have no token that is valid.
                let from = match self.outage.contains(&second) {
                    true => self.outage.end,
                    false => second + 1,
                };
                let reopens = from + self.random.index(SPREAD_SECS);
                self.schedule(connection, reopens);
            }
            // Only time passes.
            _ => self.keep(connection, rule, second),
        }
    }

    fn look_up(&mut self, rule: &mut LeaseRule, process: usize, second: usize) {
        let now = at(second);
        rule.started(now);
        let random = self.random.next();
        let waits = self.waits_until[process];
        if second < waits {
            return rule.failed(Some(secs(waits - second)), now, random);
        }
        self.calls[second] += 1;
        if self.outage.contains(&second) {
            return rule.failed(None, now, random);
        }
        let window = second - second % WINDOW_SECS;
        let asked: usize = self.calls[window..=second].iter().sum();
        if self.limit.is_some_and(|limit| asked > limit) {
            let rest = window + WINDOW_SECS - second;
            self.refused += 1;
            self.waits_until[process] = second + rest;
            return rule.failed(Some(secs(rest)), now, random);
        }
        rule.confirmed(random);
    }

    fn keep(&mut self, connection: u32, rule: LeaseRule, second: usize) {
        let wait = match rule.step(at(second)) {
            LeaseStep::Wait(wait) => whole_secs(wait).max(1),
            _ => 1,
        };
        self.rules[connection as usize] = Some(rule);
        self.schedule(connection, second + wait);
    }

    fn schedule(&mut self, connection: u32, second: usize) {
        if let Some(due) = self.due.get_mut(second) {
            due.push(connection);
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "a number of calls needs no more than 52 bits")]
    fn load(&self) -> Load {
        let peak = |seconds: Range<usize>| {
            let seconds = self.calls.get(seconds).unwrap_or_default();
            let windows = seconds
                .chunks_exact(WINDOW_SECS)
                .map(|window| window.iter().sum::<usize>());
            windows.max().unwrap_or(0) as f64 / WINDOW_SECS as f64
        };
        // All connections are looked up for the first time within the first interval.
        let first = whole_secs(self.scenario.interval) + WINDOW_SECS;
        let first = first - first % WINDOW_SECS;
        let calm = first..self.outage.start;
        let average = self.calls[calm.clone()].iter().sum::<usize>() as f64 / calm.len() as f64;
        let calls: usize = self.calls.iter().sum();
        let hours = self.end as f64 / 3_600.0;
        Load {
            average,
            peak: peak(calm),
            deploy_peak: peak(0..first),
            peak_after_outage: peak(self.outage.end..self.end),
            refused_share: self.refused as f64 / calls.max(1) as f64,
            closed: self.closed,
            closed_share_per_hour: self.closed as f64 / self.scale.connections as f64 / hours,
        }
    }
}

fn at(second: usize) -> UnixTime {
    START + secs(second)
}

fn secs(secs: usize) -> Duration {
    Duration::from_secs(secs as u64)
}

/// Rounds up, so that a rule that is asked then is due.
fn whole_secs(time: Duration) -> usize {
    usize::try_from(time.as_millis().div_ceil(1_000)).unwrap_or(usize::MAX)
}
