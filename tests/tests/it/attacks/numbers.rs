//! Times of a token that are out of range or not numbers: RFC 7519 sections 2 and 4.1.4 to 4.1.6.
//!
//! Only the instance could sign them. The rule is Clerk's: a time beyond the range of JavaScript's dates compares with
//! nothing, so that such an `exp` never passes and such an `nbf` is never early.

use std::time::Duration;

use portal_sdk::clock::UnixTime;
use serde_json::json;

use super::signing::{SigningKey, USER, header, payload};
use super::transport::Via;
use super::victim::{NOW_SECS, Route, Victim, live};

/// Literals that are not JSON, so that the token cannot be decoded. JavaScript reads the first as infinite.
const NOT_JSON: [&str; 14] = [
    "1e999",
    "-1e999",
    "NaN",
    "Infinity",
    "-Infinity",
    "0x6b035f79",
    "01795402176",
    "+1795402176",
    "1_795_402_176",
    ".5",
    "5.",
    "1e",
    "undefined",
    "'1795402176'",
];
/// JSON that is not a number.
const NOT_NUMBERS: [&str; 12] = [
    "\"1795402176\"",
    "\"\"",
    "\"9e99\"",
    "true",
    "false",
    "null",
    "[]",
    "[1795402176]",
    "{}",
    "[[]]",
    "{\"$numberLong\":\"1795402176\"}",
    "\"NaN\"",
];
/// Times beyond the range of JavaScript's dates, which end 8.64e15 milliseconds from 1970.
const BEYOND: [&str; 12] = [
    "8640000000001",
    "9007199254740993",
    "9223372036854775807",
    "9223372036854775808",
    "18446744073709551615",
    "18446744073709551616",
    "340282366920938463463374607431768211456",
    "1e20",
    "1e308",
    "1.7976931348623157e308",
    "-9223372036854775809",
    "-1e308",
];

/// A payload whose `claim` is the literal.
fn with_literal(claim: &str, literal: &str) -> String {
    let payload = payload(&json!({ claim: "PLACE" }));
    payload.replace("\"PLACE\"", literal)
}

fn check(victim: &Victim, claim: &str, literal: &str, accepted: &[Via]) {
    let label = format!("{claim}: {literal}");
    let payload = with_literal(claim, literal);
    let token = SigningKey::of_instance().token(header(&json!({})), &payload);
    for via in Via::ALL {
        let field = via.field(token.as_bytes()).unwrap();
        match accepted.contains(&via) {
            true => victim.assert_signed_in(&format!("{label}, {via:?}"), &[field], USER),
            false => victim.assert_refused_via(&label, via, token.as_bytes()),
        }
    }
    let forged = SigningKey::foreign().token(header(&json!({})), &payload);
    victim.assert_refused_via(&label, Via::Bearer, forged.as_bytes());
    victim.assert_refused_via(&label, Via::Cookie, forged.as_bytes());
}

#[test]
fn time_that_is_not_a_number_is_signed_out() {
    let victim = Victim::new();
    for claim in ["exp", "nbf", "iat"] {
        for literal in NOT_JSON.iter().chain(&NOT_NUMBERS) {
            check(&victim, claim, literal, &[]);
        }
    }
    check(&victim, "sub", "null", &[]);
}

#[test]
fn past_expiry_of_any_form_is_signed_out() {
    let victim = Victim::new();
    let past = [
        "0",
        "-0",
        "-0.0",
        "0e999",
        "1e-999",
        "-1",
        "-1.5",
        "-8640000000000",
        "1",
        "1795402115",
        "1795402115.999",
        "1.795402115e9",
        "17954021159e-1",
    ];
    for literal in past {
        check(&victim, "exp", literal, &[]);
    }
    // The tolerance is 5 seconds, and parts of a second are dropped.
    assert_eq!(NOW_SECS - 5, 1_795_402_116);
    check(&victim, "exp", "1795402116.999", &[]);
    check(&victim, "exp", "1795402117", &Via::ALL);
    check(&victim, "exp", "1795402117.5", &Via::ALL);
    check(&victim, "exp", "1.795402117e9", &Via::ALL);
}

#[test]
fn future_start_of_any_form_is_signed_out() {
    let victim = Victim::new();
    assert_eq!(NOW_SECS + 6, 1_795_402_127);
    for claim in ["nbf", "iat"] {
        for literal in [
            "1795402127",
            "1795402127.5",
            "1.795402127e9",
            "8640000000000",
            "8639999999999.9",
        ] {
            check(&victim, claim, literal, &[]);
        }
        check(&victim, claim, "1795402126.999", &Via::ALL);
    }
    check(&victim, "nbf", "-1", &Via::ALL);
    check(&victim, "nbf", "-8640000000000", &Via::ALL);
    // As a cookie, a token that is older than `__client_uat` is renewed by a handshake first.
    check(&victim, "iat", "0", &[Via::Bearer, Via::Bare]);
    check(&victim, "iat", "-1", &[Via::Bearer, Via::Bare]);
}

/// The rule of `@clerk/backend` 3.25.0. Clients cannot use it, because they cannot sign.
#[test]
fn genuine_time_beyond_the_range_of_dates_compares_with_nothing() {
    let victim = Victim::new();
    check(&victim, "exp", "8640000000000", &Via::ALL);
    for literal in BEYOND {
        check(&victim, "exp", literal, &Via::ALL);
        check(&victim, "nbf", literal, &Via::ALL);
        match literal.starts_with('-') {
            true => check(&victim, "iat", literal, &[Via::Bearer, Via::Bare]),
            false => check(&victim, "iat", literal, &Via::ALL),
        }
    }
}

/// A token that was accepted is remembered by its text. Its times are checked again for each request.
#[test]
fn remembered_token_is_signed_out_outside_its_times() {
    let victim = Victim::cold(live().jwt_key(SigningKey::of_instance().pem()));
    let token = SigningKey::of_instance().session(&json!({}));
    victim.assert_accepted("now", &token);
    for (secs, is_accepted) in [
        (59, true),
        (60, false),
        (3_600, false),
        (-1, true),
        (-10, true),
        (-11, false),
        (-3_600, false),
    ] {
        victim.set_clock(UnixTime::from_secs(NOW_SECS + secs));
        match is_accepted {
            true => victim.assert_accepted(&secs.to_string(), &token),
            false => victim.assert_refused_via(&secs.to_string(), Via::Bearer, token.as_bytes()),
        }
    }
}

/// Additions of the tolerance must not overflow, at any time of the clock.
#[test]
fn extreme_times_of_clock_and_tolerance_decide_without_a_panic() {
    let extremes = [
        "-1e308",
        "-9223372036854775808",
        "-8640000000000",
        "0",
        "8640000000000",
        "9223372036854775807",
        "1e308",
    ];
    // A longer tolerance is an error at start-up.
    for tolerance in [0, 5, 24 * 60 * 60].map(Duration::from_secs) {
        let victim = Victim::cold(live().jwt_key(SigningKey::of_instance().pem()).clock_skew(tolerance));
        for millis in [i64::MIN, i64::MIN + 1, -1, 0, 1, i64::MAX - 1, i64::MAX] {
            victim.set_clock(UnixTime::from_millis(millis));
            for claim in ["exp", "nbf", "iat"] {
                for literal in extremes {
                    let payload = with_literal(claim, literal);
                    let genuine = SigningKey::of_instance().token(header(&json!({})), &payload);
                    let field = Via::Bearer.field(genuine.as_bytes()).unwrap();
                    let answer = victim.ask(Route::ExtractedByScript, "", &[field]);
                    assert!(
                        matches!(answer.status, 200 | 401),
                        "{millis}, {claim}: {literal}: {}",
                        answer.status
                    );
                }
            }
            victim.assert_refused_via(
                "forged",
                Via::Bearer,
                SigningKey::foreign().session(&json!({})).as_bytes(),
            );
        }
    }
}
