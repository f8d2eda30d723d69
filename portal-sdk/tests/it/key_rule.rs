//! The key cache's rule by itself: no clock, no network, random numbers from a generator with a seed.

use std::time::Duration;

use portal_sdk::backend::{KeyCachePolicy, KeyRule, KeyStep};
use portal_sdk::clock::UnixTime;

use crate::common::now;

const fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

const SERVE: KeyStep = KeyStep::Serve { refresh: false };
const REFRESH: KeyStep = KeyStep::Serve { refresh: true };

/// A rule whose keys were fetched now, without jitter.
fn with_keys() -> KeyRule {
    let mut rule = KeyRule::new(KeyCachePolicy::default().with_jitter(false));
    rule.started(None, now());
    rule.succeeded(None, now(), 0);
    rule
}

fn fail(rule: &mut KeyRule, at: UnixTime) {
    rule.started(None, at);
    rule.failed(None, at, 0);
}

#[test]
fn refresh_is_due_between_75_and_95_percent_of_the_lifetime() {
    for (random, due) in [(0, 225), (u64::MAX / 2, 255), (u64::MAX, 285)] {
        let mut rule = KeyRule::new(KeyCachePolicy::default());
        rule.succeeded(None, now(), random);
        let due = now() + secs(due);
        assert_eq!(rule.step(None, due - Duration::from_millis(1)), SERVE, "{random}");
        assert_eq!(rule.step(None, due + Duration::from_millis(1)), REFRESH, "{random}");
    }
}

#[test]
fn key_in_memory_serves_at_every_age_until_the_limit() {
    let mut rule = with_keys();
    let limit = now() + secs(300 + 24 * 3_600);
    for age in [255, 299, 300, 301, 3_600, 24 * 3_600, 24 * 3_600 + 299] {
        rule.started(None, now() + secs(age));
        assert_eq!(rule.step(None, now() + secs(age)), SERVE, "{age}");
    }
    assert_eq!(rule.step(None, limit), KeyStep::Wait);
    rule.failed(None, limit, 0);
    assert_eq!(rule.step(None, limit), KeyStep::Failed);
}

#[test]
fn fetch_that_never_ends_is_abandoned_after_a_minute() {
    let (last, end) = (Duration::from_millis(59_999), secs(60));
    let start = now() + secs(255);
    let mut rule = with_keys();
    rule.started(Some("ins_2"), start);
    assert_eq!(rule.step(None, start + last), SERVE);
    assert_eq!(rule.step(Some("ins_2"), start + last), KeyStep::Wait);
    assert_eq!(rule.step(None, start + end), REFRESH);
    assert_eq!(rule.step(Some("ins_2"), start + end), KeyStep::Fetch);
    let mut rule = KeyRule::new(KeyCachePolicy::default());
    rule.started(None, now());
    assert_eq!(rule.step(None, now() + last), KeyStep::Wait);
    assert_eq!(rule.step(None, now() + end), KeyStep::Fetch);
}

#[test]
fn backoff_doubles_to_three_minutes_with_keys_and_to_five_seconds_without() {
    let mut rule = with_keys();
    let mut at = now() + secs(255);
    for backoff in [1, 2, 4, 8, 16, 32, 64, 128, 180, 180] {
        fail(&mut rule, at);
        assert_eq!(rule.next_attempt_in(at), secs(backoff));
        assert_eq!(rule.step(None, at + secs(backoff) - Duration::from_millis(1)), SERVE);
        at = at + secs(backoff);
        assert_eq!(rule.step(None, at), REFRESH);
    }
    let mut rule = KeyRule::new(KeyCachePolicy::default().with_jitter(false));
    let mut at = now();
    for backoff in [1, 2, 4, 5, 5] {
        assert_eq!(rule.step(Some("ins_1"), at), KeyStep::Fetch);
        fail(&mut rule, at);
        assert_eq!(rule.step(Some("ins_1"), at), KeyStep::Failed);
        at = at + secs(backoff);
    }
    // Each attempt is made after half of the back-off at the earliest.
    let mut rule = KeyRule::new(KeyCachePolicy::default());
    rule.failed(None, now(), 0);
    assert_eq!(rule.next_attempt_in(now()), Duration::from_millis(500));
}

#[test]
fn retry_after_is_obeyed_for_an_hour_with_keys_and_for_a_minute_for_unknown_ids() {
    for (asked, obeyed, for_unknown) in [(7, 7, 10), (3_600, 3_600, 60), (86_400, 3_600, 60)] {
        let mut rule = with_keys();
        rule.failed(Some(secs(asked)), now(), 0);
        let end = now() + secs(obeyed);
        assert_eq!(rule.step(None, end), SERVE, "the back-off comes on top");
        assert_eq!(rule.step(None, end + secs(1)), REFRESH);
        let unknown = |millis| rule.step(Some("ins_2"), now() + Duration::from_millis(millis));
        assert_eq!(unknown(asked.min(60) * 1_000 - 1), KeyStep::Failed);
        assert_eq!(unknown(for_unknown * 1_000), KeyStep::Fetch);
    }
}

#[test]
fn retry_after_is_obeyed_for_a_minute_without_keys() {
    for (asked, obeyed) in [(7, 7), (60, 60), (3_600, 60)] {
        let mut rule = KeyRule::new(KeyCachePolicy::default().with_jitter(false));
        rule.failed(Some(secs(asked)), now(), 0);
        assert_eq!(rule.next_attempt_in(now()), secs(obeyed + 1));
        let end = now() + secs(obeyed + 1);
        assert_eq!(
            rule.step(Some("ins_1"), end - Duration::from_millis(1)),
            KeyStep::Failed
        );
        assert_eq!(rule.step(Some("ins_1"), end), KeyStep::Fetch);
    }
}

#[test]
fn keys_that_become_too_old_during_a_pause_are_fetched_after_a_minute() {
    let mut rule = with_keys();
    let limit = now() + secs(300 + 24 * 3_600);
    let failed_at = limit - secs(30);
    rule.failed(Some(secs(3_600)), failed_at, 0);
    assert_eq!(rule.step(None, failed_at), SERVE);
    assert_eq!(rule.step(None, limit), KeyStep::Failed);
    assert_eq!(rule.step(None, failed_at + secs(61)), KeyStep::Fetch);
}

#[test]
fn unknown_ids_cause_one_fetch_per_interval() {
    let mut rule = with_keys();
    let mut fetches = 0;
    for millis in 0..20_000 {
        let at = now() + Duration::from_millis(millis);
        let key_id = format!("ins_random_{millis}");
        match rule.step(Some(&key_id), at) {
            KeyStep::Fetch => {
                fetches += 1;
                rule.started(Some(&key_id), at);
                assert_eq!(rule.step(Some("ins_other"), at), KeyStep::Wait);
                rule.succeeded(Some(&key_id), at, 0);
                assert_eq!(rule.step(Some(&key_id), at), KeyStep::Unknown);
            }
            other => assert_eq!(other, KeyStep::TooSoon),
        }
        assert_eq!(rule.step(None, at), SERVE);
    }
    assert_eq!(fetches, 2);
}

#[test]
fn unknown_id_is_fetched_for_within_the_interval_during_a_long_outage() {
    let mut rule = with_keys();
    let mut at = now() + secs(255);
    for backoff in [1, 2, 4, 8, 16, 32, 64, 128] {
        fail(&mut rule, at);
        at = at + secs(backoff);
    }
    fail(&mut rule, at);
    assert_eq!(rule.step(Some("ins_2"), at + secs(9)), KeyStep::Failed);
    assert_eq!(rule.step(Some("ins_2"), at + secs(10)), KeyStep::Fetch);
}

#[test]
fn remembered_unknown_ids_are_bounded() {
    let mut rule = with_keys();
    for n in 0..100 {
        rule.succeeded(Some(&format!("ins_{n}")), now(), 0);
    }
    assert_eq!(rule.step(Some("ins_35"), now()), KeyStep::Fetch);
    assert_eq!(rule.step(Some("ins_36"), now()), KeyStep::Unknown);
}

#[test]
fn clock_set_back_ends_every_pause() {
    let mut rule = with_keys();
    rule.failed(Some(secs(3_600)), now(), 0);
    let earlier = now() - secs(86_400);
    assert_eq!(rule.step(None, earlier), REFRESH);
    assert_eq!(rule.step(Some("ins_2"), earlier), KeyStep::Fetch);
}

#[test]
fn keys_from_elsewhere_are_refreshed_at_the_first_request() {
    let rule = KeyRule::with_keys_of(KeyCachePolicy::default(), now());
    assert_eq!(rule.step(None, now()), REFRESH);
    assert_eq!(rule.step(None, now() + secs(300 + 24 * 3_600)), KeyStep::Fetch);
}

/// A generator of random numbers with a seed: `splitmix64`.
fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mixed = (*state ^ (*state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

/// Ten thousand processes under constant load, a ten-minute outage, and the half hour after it.
#[test]
fn fleet_stays_within_three_times_its_average_after_an_outage() {
    const PROCESSES: usize = 10_000;
    let outage = 600..1_200;
    let mut seed = 7;
    let mut counts = vec![0_usize; 3_000];
    for _ in 0..PROCESSES {
        let mut rule = KeyRule::new(KeyCachePolicy::default());
        // Long started, so that refreshes are spread.
        let age = Duration::from_millis(next(&mut seed) % 285_000);
        rule.succeeded(None, now() - age, next(&mut seed));
        for (second, count) in counts.iter_mut().enumerate() {
            let at = now() + secs(second as u64);
            if rule.step(None, at) == SERVE {
                continue;
            }
            *count += 1;
            rule.started(None, at);
            match outage.contains(&second) {
                true => rule.failed(None, at, next(&mut seed)),
                false => rule.succeeded(None, at, next(&mut seed)),
            }
        }
    }
    let average = counts[300..600].iter().sum::<usize>() as f64 / 300.0;
    let peak = *counts[1_200..].iter().max().unwrap() as f64;
    assert!(
        (35.0..45.0).contains(&average),
        "{average} a second in ordinary operation"
    );
    assert!(
        peak <= 3.0 * average,
        "{peak} a second after the outage, {average} before"
    );
}

#[test]
fn report_of_a_removed_key_brings_the_refresh_forward_once_in_a_lifetime() {
    for (random, due) in [(0, 0), (u64::MAX / 2, 5), (u64::MAX, 10)] {
        let mut rule = KeyRule::new(KeyCachePolicy::default());
        rule.started(None, now());
        rule.succeeded(None, now(), u64::MAX);
        let at = now() + secs(60);
        assert_eq!(rule.step(None, at), SERVE);
        assert!(rule.reported_removed("ins_1", at, random));
        assert_eq!(
            rule.step(None, at + secs(due) + Duration::from_millis(1)),
            REFRESH,
            "{random}"
        );
        rule.started(None, at + secs(10));
        rule.succeeded(None, at + secs(10), u64::MAX);
        // The key is still there: the report was false, or Clerk's answer is old.
        assert!(!rule.reported_removed("ins_1", at + secs(20), random));
        assert_eq!(rule.step(None, at + secs(60)), SERVE);
        rule.started(None, at + secs(290));
        rule.succeeded(None, at + secs(290), u64::MAX);
        assert!(rule.reported_removed("ins_1", at + secs(301), random), "{random}");
    }
}

#[test]
fn report_of_a_removed_key_changes_no_back_off_and_no_fetch_in_progress() {
    let mut rule = with_keys();
    let at = now() + secs(255);
    fail(&mut rule, at);
    fail(&mut rule, at + secs(1));
    assert!(!rule.reported_removed("ins_1", at + secs(1), 0));
    assert_eq!(rule.step(None, at + secs(2)), SERVE);
    let mut rule = with_keys();
    rule.started(None, now() + secs(255));
    assert!(!rule.reported_removed("ins_1", now() + secs(255), 0));
    // A refresh that is due sooner is not delayed.
    let mut rule = with_keys();
    assert!(!rule.reported_removed("ins_1", now() + secs(254), u64::MAX));
    assert_eq!(rule.step(None, now() + secs(255)), REFRESH);
}
