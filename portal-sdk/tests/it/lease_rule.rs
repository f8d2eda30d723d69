//! `LeaseRule`: when sessions are looked up and leases end, without timers.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::time::Duration;

use portal_sdk::clock::UnixTime;
use portal_sdk::lease::{LeasePolicy, LeaseRule, LeaseStep};

const START: UnixTime = UnixTime::from_secs(1_800_000_000);

fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

/// A number that looks random but is the same in each run.
fn random(n: u64) -> u64 {
    let mut hasher = DefaultHasher::new();
    n.hash(&mut hasher);
    hasher.finish()
}

/// The rule of a session whose token was issued at [`START`].
fn rule(policy: LeasePolicy) -> LeaseRule {
    LeaseRule::new(policy.with_jitter(false), START, START, 0)
}

fn wait(rule: &LeaseRule, now: UnixTime) -> Option<Duration> {
    match rule.step(now) {
        LeaseStep::Wait(wait) => Some(wait),
        _ => None,
    }
}

/// Lets look-ups fail at once, and returns the seconds from [`START`] of each and of the end.
fn failures(rule: &mut LeaseRule, retry_after: Option<Duration>) -> (Vec<i64>, i64) {
    let mut now = START;
    let mut failed = Vec::new();
    loop {
        match rule.step(now) {
            LeaseStep::Wait(wait) => now = now + wait,
            LeaseStep::LookUp => {
                failed.push(now.as_secs() - START.as_secs());
                rule.started(now);
                rule.failed(retry_after, now, 0);
            }
            _ => return (failed, now.as_secs() - START.as_secs()),
        }
    }
}

#[test]
fn session_is_looked_up_once_in_each_interval() {
    let mut rule = rule(LeasePolicy::default());
    let mut now = START;
    for expected in 1..=5 {
        now = now + wait(&rule, now).unwrap();
        assert_eq!(now, START + secs(60 * expected));
        assert_eq!(rule.step(now), LeaseStep::LookUp);
        rule.started(now);
        assert_eq!(wait(&rule, now), Some(secs(60)), "a look-up is in progress");
        rule.confirmed(0);
    }
}

#[test]
fn age_of_the_token_counts_towards_the_first_interval() {
    for (age, expected) in [(0, Some(60)), (45, Some(15)), (60, None), (3_600, None)] {
        let rule = LeaseRule::new(LeasePolicy::default().with_jitter(false), START - secs(age), START, 0);
        assert_eq!(wait(&rule, START), expected.map(secs), "{age}");
    }
    // A token that seems to be issued in the future.
    let rule = LeaseRule::new(LeasePolicy::default().with_jitter(false), START + secs(5), START, 0);
    assert_eq!(wait(&rule, START), Some(secs(60)));
}

#[test]
fn outage_ends_the_lease_at_the_stated_age() {
    // The last attempt is at the end of the age.
    let mut default = rule(LeasePolicy::default());
    assert_eq!(failures(&mut default, None), (vec![60, 120, 240, 480, 600], 600));
    let mut short = rule(LeasePolicy::default().with_max_age(secs(300)));
    assert_eq!(failures(&mut short, None), (vec![60, 120, 240, 300], 300));
    let mut long = rule(LeasePolicy::default().with_max_age(secs(400)));
    assert_eq!(failures(&mut long, None), (vec![60, 120, 240, 400], 400));
    // The attempt before was less than an interval ago, so that there is no other.
    let mut close = rule(LeasePolicy::default().with_max_age(secs(290)));
    assert_eq!(failures(&mut close, None), (vec![60, 120, 240], 290));
    let mut none = rule(LeasePolicy::default().with_max_age(Duration::ZERO));
    assert_eq!(failures(&mut none, None), (vec![60], 60));
}

#[test]
fn failed_look_up_is_repeated_within_a_long_interval() {
    let hour = 60 * 60;
    let policy = LeasePolicy::default()
        .with_interval(secs(hour))
        .with_max_age(secs(4 * hour));
    let minutes = |(failed, end): (Vec<i64>, i64)| (failed.iter().map(|at| at / 60).collect::<Vec<_>>(), end / 60);
    // The last attempt is at the end of the age.
    let expected = vec![60, 75, 105, 165, 225, 240];
    assert_eq!(minutes(failures(&mut rule(policy), None)), (expected, 240));
    // An age of less than two intervals has two more attempts.
    let mut tight = rule(policy.with_max_age(secs(hour * 3 / 2)));
    assert_eq!(minutes(failures(&mut tight, None)), (vec![60, 75, 90], 90));
    // A proof ends the back-off.
    let (mut hourly, due) = (rule(policy), START + secs(hour));
    hourly.started(due);
    hourly.failed(None, due, 0);
    hourly.started(due + secs(900));
    hourly.confirmed(0);
    assert_eq!(wait(&hourly, due + secs(900)), Some(secs(hour)));
}

#[test]
fn first_pause_is_a_minute_or_a_shorter_interval() {
    for (interval, expected) in [(20, 20), (60, 60), (61, 60), (240, 60), (244, 61), (3_600, 900)] {
        let policy = LeasePolicy::default().with_interval(secs(interval));
        let mut rule = rule(policy.with_max_age(secs(4 * 3_600)));
        rule.started(START);
        rule.failed(None, START, 0);
        assert_eq!(wait(&rule, START), Some(secs(expected)), "{interval}");
    }
}

#[test]
fn retry_after_delays_the_next_attempt_and_not_the_end() {
    let mut rule = rule(LeasePolicy::default());
    assert_eq!(failures(&mut rule, Some(secs(250))), (vec![60, 310, 560], 600));
}

#[test]
fn outage_shorter_than_the_age_does_not_end_the_lease() {
    let mut rule = rule(LeasePolicy::default());
    for at in [60, 120, 240] {
        let now = START + secs(at);
        assert_eq!(rule.step(now), LeaseStep::LookUp, "{at}");
        rule.started(now);
        rule.failed(None, now, 0);
    }
    let now = START + secs(480);
    assert_eq!(rule.step(now), LeaseStep::LookUp);
    rule.started(now);
    rule.confirmed(0);
    // The age counts from the new proof, and the back-off starts again.
    let (failed, end) = failures(&mut rule, None);
    assert_eq!((failed, end), (vec![540, 600, 720, 960, 1_080], 1_080));
}

#[test]
fn newer_token_saves_the_look_up() {
    let mut rule = rule(LeasePolicy::default());
    for issued_at in [50, 100, 150] {
        rule.proven(START + secs(issued_at), 0);
        assert_eq!(wait(&rule, START + secs(issued_at)), Some(secs(60)));
    }
    // An older token proves nothing.
    rule.proven(START + secs(120), 0);
    assert_eq!(wait(&rule, START + secs(150)), Some(secs(60)));
    let now = START + secs(210);
    rule.started(now);
    rule.failed(None, now, 0);
    // It ends the back-off, too, but never makes a look-up follow the last one within the interval.
    rule.proven(START + secs(205), 0);
    assert_eq!(wait(&rule, now), Some(secs(60)));
}

#[test]
fn same_token_does_not_end_the_back_off_twice() {
    let mut rule = rule(LeasePolicy::default());
    rule.proven(START + secs(50), 0);
    for at in [110, 170] {
        rule.started(START + secs(at));
        rule.failed(None, START + secs(at), 0);
    }
    assert_eq!(wait(&rule, START + secs(170)), Some(secs(120)));
    rule.proven(START + secs(50), 0);
    assert_eq!(wait(&rule, START + secs(170)), Some(secs(120)));
}

#[test]
fn look_up_may_last_until_the_proof_is_too_old_or_for_an_interval() {
    let rule = rule(LeasePolicy::default());
    for (at, expected) in [(0, 600), (60, 540), (539, 61), (541, 60), (10_000, 60)] {
        assert_eq!(rule.patience(START + secs(at)), secs(expected), "{at}");
    }
}

#[test]
fn lease_does_not_end_without_an_attempt() {
    let rule = rule(LeasePolicy::default());
    // The machine slept.
    assert_eq!(rule.step(START + secs(1_000_000)), LeaseStep::LookUp);
}

#[test]
fn look_ups_of_connections_that_opened_together_are_spread() {
    let policy = LeasePolicy::default();
    let mut per_second: BTreeMap<i64, u32> = BTreeMap::new();
    for n in 0..10_000 {
        let mut rule = LeaseRule::new(policy, START, START, random(n));
        let first = START + wait(&rule, START).unwrap();
        *per_second.entry(first.as_secs() - START.as_secs()).or_default() += 1;
        rule.started(first);
        rule.confirmed(random(n + 10_000));
        let next = wait(&rule, first).unwrap();
        assert!(next >= secs(60) && next <= secs(66), "{next:?}");
    }
    assert!(
        per_second.keys().all(|second| (30..60).contains(second)),
        "{per_second:?}"
    );
    // A third of a thousand in each of the thirty seconds, give or take.
    assert!(
        per_second.values().all(|count| (250..420).contains(count)),
        "{per_second:?}"
    );
}

#[test]
fn look_ups_are_an_interval_apart_and_ends_are_justified() {
    for seed in 0..300 {
        let dice = |n: u64| random(seed * 1_000_000 + n);
        let mut rule = LeaseRule::new(LeasePolicy::default(), START, START, dice(0));
        let (mut now, mut proof, mut last): (_, _, Option<UnixTime>) = (START, START, None);
        for turn in 1..200 {
            match rule.step(now) {
                LeaseStep::Wait(wait) => {
                    // Sometimes a token arrives meanwhile.
                    let share = u32::try_from(dice(turn) % 100).unwrap();
                    now = now + wait * share / 100 + Duration::from_millis(1);
                    if dice(turn + 1_000) % 10 == 0 {
                        proof = proof.max(now - secs(dice(turn + 2_000) % 60));
                        rule.proven(proof, dice(turn + 3_000));
                    }
                }
                LeaseStep::LookUp => {
                    let pause = last.map(|last| now.age_of(last).unwrap());
                    let is_last_try = !now.is_within(secs(600), proof);
                    assert!(
                        pause.is_none_or(|pause| pause >= secs(60)) || is_last_try,
                        "{seed} {turn} {pause:?}"
                    );
                    last = Some(now);
                    rule.started(now);
                    if dice(turn + 4_000) % 3 == 0 {
                        proof = proof.max(now);
                        rule.confirmed(dice(turn + 5_000));
                    } else {
                        rule.failed(None, now, dice(turn + 6_000));
                    }
                }
                _ => {
                    assert!(!now.is_within(secs(600), proof), "{seed}: the proof is recent");
                    assert!(
                        last.is_some_and(|last| now.is_within(secs(66), last)),
                        "{seed}: not tried"
                    );
                    break;
                }
            }
        }
    }
}
