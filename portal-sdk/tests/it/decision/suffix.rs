//! The choice between the two cookie sets.

use http::Request;
use http::header::COOKIE;
use portal_sdk::request::AuthenticateContext;
use serde_json::{Value, json};

use super::request::request;
use super::table::check;
use super::words::{LIVE_FRONTEND_API, Setting};
use crate::common::tokens::{instance_key, session_token};
use crate::common::{LIVE_SUFFIX, now};

/// Checks rows of name, instance, cookies, and the set that counts.
fn check_sets(table: &str) {
    for row in table.lines().filter(|row| !row.is_empty()) {
        let [name, instance, cookies, expected] = *row.split('|').map(str::trim).collect::<Vec<_>>() else {
            panic!("expected four cells: {row}");
        };
        let setting = Setting::named(instance);
        let parts = request(&setting, cookies);
        let cx = AuthenticateContext::new(&parts, &setting.instance, now());
        let found = if cx.uses_suffixed_cookies() {
            "suffixed"
        } else {
            "unsuffixed"
        };
        assert_eq!(found, expected, "{name}");
    }
}

#[test]
fn unsuffixed_set_is_used_without_a_suffixed_one() {
    check_sets(
        "
nothing                                  | live |                                           | unsuffixed
1 nothing suffixed                       | live | session=valid uat=1                       | unsuffixed
1 garbage and nothing suffixed           | live | session=garbage uat=1                     | unsuffixed
1 no issuer and nothing suffixed         | live | session=without-iss uat=1                 | unsuffixed
1 garbage beside this instance's (G17)   | live | session=garbage session'=valid uat'=1     | suffixed
1 no issuer beside this instance's (G17) | live | session=without-iss session'=valid uat'=1 | suffixed
",
    );
}

#[test]
fn session_of_another_issuer_selects_the_suffixed_set() {
    check_sets(
        "
2 another issuer                   | live           | session=of-another-issuer uat=1 session'=valid uat'=1 | suffixed
2 another issuer, nothing suffixed | live           | session=of-another-issuer uat=1                       | suffixed
2 the proxy as issuer              | live+proxy     | session=of-proxy-issuer uat=1                         | suffixed
2 the scheme does not matter       | live           | session=of-http-issuer uat=1                          | unsuffixed
2 a satellite's own issuer         | live+satellite | session=valid uat=1                                   | unsuffixed
",
    );
}

#[test]
fn newer_session_selects_its_set() {
    check_sets(
        "
4 plain is newer                  | live | session=newer uat=1 session'=valid uat'=1   | unsuffixed
4 suffixed is newer               | live | session=valid uat=1 session'=newer uat'=1   | suffixed
4 as old as each other            | live | session=valid uat=1 session'=valid uat'=1   | suffixed
4 plain is newer, but signed out  | live | session=newer uat=0 session'=valid uat'=1   | suffixed
4 an absent uat is not signed out | live | session=newer session'=valid uat'=1         | unsuffixed
4 suffixed is garbage             | live | session=valid uat=1 session'=garbage uat'=1 | unsuffixed
",
    );
}

#[test]
fn signed_out_suffixed_set_yields_to_a_signed_in_unsuffixed_one() {
    check_sets(
        "
5 suffixed is signed out                   | live | session=valid uat=1 uat'=0                | unsuffixed
5 suffixed is signed out, plain uat absent | live | session=valid uat'=0                      | unsuffixed
5 both are signed out                      | live | session=valid uat=0 session'=valid uat'=0 | suffixed
",
    );
}

#[test]
fn expired_suffixed_session_yields_in_development_only() {
    check_sets(
        "
6 suffixed expired, plain signed out    | test | uat=0 session'=expired uat'=1 | unsuffixed
6 suffixed still good, plain signed out | test | uat=0 session'=valid uat'=1   | suffixed
6 not in production                     | live | uat=0 session'=expired uat'=1 | suffixed
",
    );
}

#[test]
fn suffixed_session_counts_with_its_client_uat_only() {
    check_sets(
        "
7 suffixed without its uat | live | session=valid uat=1 session'=valid | unsuffixed
8 suffixed alone           | live | session'=valid uat'=1              | suffixed
8 the suffixed uat alone   | live | uat'=1                             | suffixed
",
    );
}

#[test]
fn chosen_cookie_set_decides_the_request() {
    check(
        "
only suffixed cookies            | live | document session'=valid uat'={recent}                        | - | signed-in token=valid
another instance beside this one | live | document session=of-another-issuer uat={recent} session'=valid uat'={recent} | - | signed-in token=valid
another instance alone           | live | document session=of-another-issuer uat={recent}              | - | signed-out session-token-and-uat-missing
plain is newer                   | live | document session=newer uat={recent} session'=valid uat'={recent} | - | signed-in token=newer
suffixed is newer                | live | document session=valid uat={recent} session'=newer uat'={recent} | - | signed-in token=newer
signed out under the suffix      | live | document session=valid uat={recent} uat'=0                   | - | signed-in token=valid
signed out, plain uat absent     | live | document session=valid uat'=0                                | - | handshake session-token-but-no-client-uat session=valid
suffixed uat is absent           | live | document session=valid uat={recent} session'=newer           | - | signed-in token=valid
expired under the suffix         | live | document uat=0 session'=expired uat'=1                       | - | handshake session-token-expired-refresh-non-eligible-no-refresh-cookie suffixed session=expired
expired, in development          | test | document dev=d uat=0 session'=expired uat'=1                 | - | signed-out session-token-and-uat-missing
garbage from a sister (G17)      | live | document session=garbage session'=valid uat'={recent}        | - | signed-in token=valid
the suffixed uat alone           | live | document uat'={recent}                                       | - | handshake client-uat-but-no-session-token suffixed
the suffixed browser             | test | document session'=valid uat'={recent} dev'=d                 | - | signed-in token=valid
the plain browser does not count | test | document session'=valid uat'={recent} dev=d                  | - | handshake dev-browser-missing suffixed session=valid
",
    );
}

/// Returns `true` if the suffixed set counts for these cookies, given as claims of the two session tokens.
fn is_suffixed(plain: &Value, suffixed: Option<&Value>) -> bool {
    let setting = Setting::named("live");
    let token = |claims| session_token(instance_key(), LIVE_FRONTEND_API, claims);
    let mut cookies = format!("__session={}; __client_uat=5", token(plain));
    if let Some(suffixed) = suffixed {
        let session = token(suffixed);
        cookies = format!("{cookies}; __session_{LIVE_SUFFIX}={session}; __client_uat_{LIVE_SUFFIX}=5");
    }
    let request = Request::get(setting.address).header(COOKIE, cookies);
    let parts = request.body(()).unwrap().into_parts().0;
    AuthenticateContext::new(&parts, &setting.instance, now()).uses_suffixed_cookies()
}

/// Clerk's package compares the two `iat` with JavaScript's `<`, which makes numbers of other values.
#[test]
fn issue_times_of_any_type_compare_as_in_javascript() {
    for (plain, suffixed, plain_is_newer) in [
        (json!(2), json!(1), true),
        (json!(1), json!(2), false),
        (json!(2), json!(2), false),
        (json!(2.5), json!(2), true),
        (json!("2"), json!(1), true),
        (json!(" 2 "), json!(1), true),
        (json!("2"), json!("10"), false),
        (json!(2), json!("1"), true),
        (json!(""), json!(-1), true),
        (json!(" "), json!(-1), true),
        (json!(""), json!(0), false),
        (json!(true), json!(0), true),
        (json!(true), json!(1), false),
        (json!(false), json!(-1), true),
        (json!(false), json!(0), false),
        (json!("x"), json!(-1), false),
        (json!(0), json!("x"), false),
        (json!([2]), json!(-1), false),
    ] {
        let [plain, suffixed] = [plain, suffixed].map(|issued_at| json!({ "iat": issued_at }));
        assert_eq!(
            is_suffixed(&plain, Some(&suffixed)),
            !plain_is_newer,
            "{plain} {suffixed}"
        );
    }
}

#[test]
fn plain_session_of_an_issuer_of_any_type_is_another_instances() {
    for (issuer, is_named) in [
        (json!("https://clerk.another.example"), true),
        (json!(5), true),
        (json!(true), true),
        (json!([]), true),
        (json!({}), true),
        // JavaScript's falsy values name no issuer.
        (json!(""), false),
        (json!(0), false),
        (json!(false), false),
        (json!(null), false),
    ] {
        assert_eq!(is_suffixed(&json!({ "iss": issuer }), None), is_named, "{issuer}");
    }
}
