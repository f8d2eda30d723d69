//! Times, to the millisecond. The decision reads no clock, so each test says what time it is.

use portal_sdk::clock::UnixTime;
use portal_sdk::state::Outcome;

use super::request::request;
use super::table::decide_at;
use super::words::Setting;
use crate::common::NOW_SECS;

/// `signed-in`, or the reason.
fn outcome(instance: &str, token: &str, now: UnixTime) -> String {
    let setting = Setting::named(instance);
    let parts = request(&setting, &format!("api bearer={token}"));
    let state = decide_at(&setting, &parts, now);
    match state.outcome {
        Outcome::SignedIn(_) => "signed-in".to_owned(),
        _ => state.reason().unwrap().to_string(),
    }
}

const EXPIRED: &str = "session-token-expired-refresh-non-eligible-no-refresh-cookie";
const NOT_YET: &str = "session-token-nbf";
const FUTURE: &str = "session-token-iat-in-the-future";

/// A valid token is issued at -5 s, valid from -15 s and ends at +55 s.
#[test]
fn token_times_are_exact_to_the_millisecond() {
    for (instance, token, millis, expected) in [
        ("live", "valid", 0, "signed-in"),
        // The tolerance is five seconds.
        ("live", "valid", 59_999, "signed-in"),
        ("live", "valid", 60_000, EXPIRED),
        ("live", "valid", -10_000, "signed-in"),
        ("live", "valid", -10_001, FUTURE),
        ("live", "early", 55_000, "signed-in"),
        ("live", "early", 54_999, NOT_YET),
        ("live+no-skew", "valid", 54_999, "signed-in"),
        ("live+no-skew", "valid", 55_000, EXPIRED),
        ("live+no-skew", "valid", -5_000, "signed-in"),
        ("live+no-skew", "valid", -5_001, FUTURE),
        ("live+no-skew", "early", 54_999, NOT_YET),
        // Expiry is looked at before the beginning, and that before the issue.
        ("live", "early", 60_000, EXPIRED),
        ("live+no-skew", "valid", -15_001, NOT_YET),
    ] {
        let now = UnixTime::from_millis(NOW_SECS * 1_000 + millis);
        assert_eq!(
            outcome(instance, token, now),
            expected,
            "{instance} {token} at {millis} ms"
        );
    }
}

#[test]
fn extreme_and_malformed_token_times_are_handled() {
    for now in [
        UnixTime::from_millis(i64::MIN),
        UnixTime::from_millis(0),
        UnixTime::from_millis(i64::MAX),
    ] {
        for token in ["valid", "never-expires", "without-iat"] {
            assert_ne!(outcome("live", token, now), "", "{token} at {now:?}");
        }
    }
    assert_eq!(outcome("live", "valid", UnixTime::from_millis(i64::MIN)), NOT_YET);
    assert_eq!(outcome("live", "valid", UnixTime::from_millis(i64::MAX)), EXPIRED);
    assert_eq!(
        outcome("live", "never-expires", UnixTime::from_millis(i64::MAX)),
        "signed-in"
    );
}
