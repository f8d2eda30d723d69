//! Backend API calls for a million connections, and what Clerk's limit does to them.

use std::fmt;
use std::panic::resume_unwind;
use std::thread;
use std::time::Duration;

use portal_sdk::lease::LeasePolicy;

use super::Scale;
use super::lease_run::{Load, run};
use crate::Outcome;

/// The most that the peak may be above the average, also after a deploy, and after an outage above the peak without one.
const MAX_PEAK: f64 = 3.0;
/// The share of Clerk's limit that leases may use with the longest interval, so that sign-in has the rest.
const MAX_SHARE: f64 = 0.6;

/// One setting of leases, and what happens meanwhile.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scenario {
    /// The name in the table.
    pub(super) name: &'static str,
    /// The interval between two look-ups of a session.
    pub(super) interval: Duration,
    /// The longest time without a proof.
    pub(super) max_age: Duration,
    /// The requests with newer tokens.
    pub(super) tokens: Tokens,
    /// Clerk is unreachable for ten minutes.
    pub(super) has_outage: bool,
}

/// The process that sees a newer token of a connection's session. Pages get one in each 50 seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tokens {
    /// No process: the page makes no other requests.
    Unseen,
    /// Any of the replicas, once in each interval.
    AnyProcess,
    /// The process that has the connection, because the load balancer binds a client to a replica.
    SameProcess,
}

/// The results of a scenario.
#[derive(Clone, Copy, Debug)]
pub(super) struct Figures {
    /// The scenario.
    pub(super) scenario: Scenario,
    /// The calls if Clerk answered all of them.
    pub(super) unlimited: Load,
    /// The calls, and their results, with Clerk's limit. `None` where it shows nothing new.
    pub(super) limited: Option<Load>,
}

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;

const fn scenario(name: &'static str, interval: u64, max_age: u64) -> Scenario {
    Scenario {
        name,
        interval: Duration::from_secs(interval),
        max_age: Duration::from_secs(max_age),
        tokens: Tokens::Unseen,
        has_outage: false,
    }
}

const DEFAULT: Scenario = scenario("1 minute (default)", MINUTE, 10 * MINUTE);
const ANY_PROCESS: Scenario = Scenario {
    name: "1 minute, tokens seen anywhere",
    tokens: Tokens::AnyProcess,
    ..DEFAULT
};
const SAME_PROCESS: Scenario = Scenario {
    name: "1 minute, tokens seen here",
    tokens: Tokens::SameProcess,
    ..DEFAULT
};
const TEN_MINUTES: Scenario = scenario("10 minutes", 10 * MINUTE, HOUR);
const TWELVE_HOURS: Scenario = scenario("12 hours", 12 * HOUR, 48 * HOUR);
const LONG_OUTAGE: Scenario = with_outage("12 hours, outage", TWELVE_HOURS);

const SCENARIOS: [Scenario; 9] = [
    DEFAULT,
    ANY_PROCESS,
    SAME_PROCESS,
    TEN_MINUTES,
    scenario("1 hour", HOUR, 4 * HOUR),
    TWELVE_HOURS,
    with_outage("1 minute, outage", DEFAULT),
    with_outage("10 minutes, outage", TEN_MINUTES),
    LONG_OUTAGE,
];

const fn with_outage(name: &'static str, scenario: Scenario) -> Scenario {
    Scenario {
        name,
        has_outage: true,
        ..scenario
    }
}

impl Scenario {
    pub(super) fn policy(&self) -> LeasePolicy {
        LeasePolicy::default()
            .with_interval(self.interval)
            .with_max_age(self.max_age)
    }
}

pub(super) fn simulate(scale: Scale) -> Vec<Figures> {
    let simulate = |scenario: &Scenario| {
        let is_limited = !scenario.has_outage && scenario.tokens != Tokens::AnyProcess;
        let limit = is_limited.then_some(scale.calls_in_ten_secs);
        let (unlimited, limited) = thread::scope(|threads| {
            let unlimited = threads.spawn(|| run(scenario, scale, None));
            let limited = limit.map(|limit| run(scenario, scale, Some(limit)));
            (unlimited.join(), limited)
        });
        Figures {
            scenario: *scenario,
            unlimited: unlimited.unwrap_or_else(|panic| resume_unwind(panic)),
            limited,
        }
    };
    SCENARIOS.iter().map(simulate).collect()
}

pub(super) fn check(scale: Scale, figures: &[Figures]) -> Outcome {
    let expect = |is_met: bool, text: &str| match is_met {
        true => Ok(()),
        false => Err(format!("expected {text}: {figures:#?}")),
    };
    let limit = per_second(scale.calls_in_ten_secs);
    for Figures {
        scenario, unlimited, ..
    } in figures
    {
        let most = per_second(10 * scale.connections) / scenario.interval.as_secs_f64();
        expect(
            unlimited.average <= most,
            "at most one call for each session and interval",
        )?;
        let usual = unlimited.peak.max(unlimited.deploy_peak);
        expect(
            scenario.tokens != Tokens::Unseen || usual <= with_noise(MAX_PEAK * unlimited.average),
            "a peak of at most three times the average",
        )?;
        expect(
            unlimited.peak_after_outage <= with_noise(MAX_PEAK * usual),
            "at most three times the usual peak after an outage",
        )?;
    }
    let found = |wanted: &Scenario| figures.iter().find(|one| one.scenario.name == wanted.name);
    let wanted = [&DEFAULT, &ANY_PROCESS, &SAME_PROCESS, &TWELVE_HOURS, &LONG_OUTAGE].map(found);
    let [Some(default), Some(any), Some(same), Some(long), Some(outage)] = wanted else {
        return Err("the simulation has too few scenarios".into());
    };
    expect(
        same.unlimited.average < 0.01 * default.unlimited.average,
        "tokens that the process sees to save look-ups",
    )?;
    expect(
        any.unlimited.average > 0.9 * default.unlimited.average,
        "tokens that other processes see to save none",
    )?;
    let within_limit = |load: Load| load.highest() <= with_noise(MAX_SHARE * limit) && load.closed == 0;
    expect(
        long.limited.is_some_and(within_limit),
        "twelve hours to leave a share of the limit to sign-in, and to close nothing",
    )?;
    expect(
        outage.unlimited.closed == 0,
        "no connection to be closed by a short outage",
    )?;
    Ok(())
}

/// Adds five standard deviations to a rate of ten seconds, so that a small simulation is judged like a large one.
fn with_noise(calls_per_second: f64) -> f64 {
    calls_per_second + 5.0 * (calls_per_second / 10.0).sqrt()
}

pub(super) fn write(f: &mut fmt::Formatter<'_>, scale: Scale, figures: &[Figures]) -> fmt::Result {
    let Scale {
        replicas, connections, ..
    } = scale;
    let limit = per_second(scale.calls_in_ten_secs);
    writeln!(
        f,
        "Backend API calls per second, {replicas} replicas, {connections} connections opened within a minute, each of another session"
    )?;
    writeln!(
        f,
        "Clerk's limit is {limit:.0} per second. Peaks are those of ten seconds."
    )?;
    writeln!(
        f,
        "{:<32}{:>9}{:>9}{:>9}{:>11}{:>13}{:>16}{:>18}",
        "interval", "average", "peak", "deploy", "outage end", "x limit", "refused (limit)", "closed per hour*"
    )?;
    for Figures {
        scenario,
        unlimited,
        limited,
    } in figures
    {
        let after_outage = match scenario.has_outage {
            true => format!("{:.0}", unlimited.peak_after_outage),
            false => "-".to_owned(),
        };
        let share = |value: fn(&Load) -> f64| match limited {
            Some(load) => format!("{:.1}%", 100.0 * value(load)),
            None => "-".to_owned(),
        };
        writeln!(
            f,
            "{:<32}{:>9.1}{:>9.1}{:>9.1}{after_outage:>11}{:>13.1}{:>16}{:>18}",
            scenario.name,
            unlimited.average,
            unlimited.peak,
            unlimited.deploy_peak,
            unlimited.average / limit,
            share(|load| load.refused_share),
            share(|load| load.closed_share_per_hour),
        )?;
    }
    writeln!(
        f,
        "* connections closed as unconfirmed, with Clerk's limit; without it:"
    )?;
    for Figures {
        scenario, unlimited, ..
    } in figures.iter().filter(|one| one.unlimited.closed > 0)
    {
        writeln!(f, "  {}: {} closed", scenario.name, unlimited.closed)?;
    }
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "a number of calls needs no more than 52 bits")]
fn per_second(in_ten_secs: usize) -> f64 {
    in_ten_secs as f64 / 10.0
}
