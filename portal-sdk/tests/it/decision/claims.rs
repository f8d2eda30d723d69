//! Claims of every JSON type against the settings that restrict them.

use portal_sdk::state::Outcome;
use serde_json::{Value, json};

use super::request::request;
use super::table::decide_at;
use super::words::{LIVE_FRONTEND_API, Setting};
use crate::common::now;
use crate::common::tokens::{instance_key, session_token};

/// Returns `true` if a token with these changes to its claims is signed in.
fn is_signed_in(instance: &str, claims: &Value) -> bool {
    let token = session_token(instance_key(), LIVE_FRONTEND_API, claims);
    let setting = Setting::named(instance);
    let parts = request(&setting, &format!("api authorization=Bearer+{token}"));
    matches!(decide_at(&setting, &parts, now()).outcome, Outcome::SignedIn(_))
}

#[test]
fn audience_is_a_string_or_a_list_of_strings_that_names_a_configured_one() {
    for audience in [
        json!("api"),
        json!("web"),
        json!(["api"]),
        json!(["other", "web"]),
        json!(["", "api"]),
        json!(["api", ""]),
    ] {
        assert!(is_signed_in("live+audience", &json!({ "aud": audience })), "{audience}");
    }
    for audience in [
        json!("other"),
        json!("api "),
        json!("API"),
        json!(["other"]),
        json!(["other", ""]),
        json!(["api", 5]),
        json!([5, "api"]),
        json!([["api"]]),
        json!(["api", null]),
        json!({ "api": true }),
        json!({}),
        json!(true),
        json!(5),
        json!(-0.5),
    ] {
        assert!(
            !is_signed_in("live+audience", &json!({ "aud": audience })),
            "{audience}"
        );
    }
}

/// Clerk's package treats JavaScript's falsy values, and lists of them, as a token without an audience.
#[test]
fn empty_audience_counts_as_missing() {
    for audience in [
        json!(""),
        json!(0),
        json!(0.0),
        json!(-0.0),
        json!(false),
        json!([]),
        json!([""]),
        json!([[], "", 0]),
    ] {
        assert!(is_signed_in("live+audience", &json!({ "aud": audience })), "{audience}");
    }
}

#[test]
fn any_audience_passes_where_none_is_configured() {
    for audience in [json!("other"), json!(["other", 5]), json!({ "a": 1 }), json!(5)] {
        assert!(is_signed_in("live", &json!({ "aud": audience })), "{audience}");
    }
}

#[test]
fn issuer_and_authorized_party_must_be_the_configured_string() {
    for (setting, claim, value) in [
        ("live+issuer", "iss", "https://clerk.other.example"),
        ("live+parties", "azp", "https://admin.example.com"),
    ] {
        assert!(is_signed_in(setting, &json!({ claim: value })), "{claim}");
        for wrong in [
            json!(null),
            json!(""),
            json!(5),
            json!(true),
            json!([value]),
            json!({ value: value }),
            json!(format!("{value}.evil.example")),
            json!(format!("{value}:444")),
            json!("https://"),
        ] {
            assert!(!is_signed_in(setting, &json!({ claim: wrong })), "{claim}: {wrong}");
        }
    }
}
