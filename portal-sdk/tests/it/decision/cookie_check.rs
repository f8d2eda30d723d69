//! Browsers that keep no cookies, detected by the parameter `__portal_cookie_check` that a handshake leaves in the URL.

use portal_sdk::names::query;
use portal_sdk::state::Outcome;

use super::request::request;
use super::table::{check, decide_at};
use super::words::Setting;
use crate::common::{NOW_SECS, now};

/// Returns `true` if the request is signed out because its browser keeps no cookies. `age` is that of the mark.
fn keeps_no_cookies(words: &str, age: i64) -> bool {
    let setting = Setting::named("test");
    let address = format!("/p?{}={}", query::COOKIE_CHECK, NOW_SECS - age);
    let parts = request(&setting, &format!("{address} {words}"));
    let state = decide_at(&setting, &parts, now());
    matches!(state.outcome, Outcome::SignedOut(state) if state.cookies_not_kept)
}

#[test]
fn only_a_page_without_any_clerk_cookie_shows_that_none_are_kept() {
    for (words, expected) in [
        ("document", true),
        ("iframe", true),
        ("accept=text/html", true),
        ("document dev=dvb_1", false),
        ("document uat=0", false),
        ("document count=1", false),
        ("document refresh'=r", false),
        ("api", false),
        ("POST document", false),
        ("document bearer=valid", false),
    ] {
        assert_eq!(keeps_no_cookies(words, 0), expected, "{words}");
    }
}

#[test]
fn development_browser_in_the_address_allows_a_further_handshake() {
    check(
        "
A token in the address | test | document /p?__portal_cookie_check={recent}&__clerk_db_jwt=J | - | handshake dev-browser-sync dev=J redirect_url=http://localhost:3000/p
",
    );
}

#[test]
fn mark_counts_for_one_minute_before_and_after_its_time() {
    for (age, expected) in [(60, true), (61, false), (-60, true), (-61, false), (i64::MAX, false)] {
        assert_eq!(keeps_no_cookies("document", age), expected, "{age} s");
    }
}

#[test]
fn used_mark_is_removed_from_the_address_bar() {
    check(
        "
Signed in, a page           | test | document /p?a=1&__portal_cookie_check={recent} dev=dvb_1 session=valid uat={recent} | - | signed-in token=valid to=http://localhost:3000/p?a=1
Signed in, by Accept        | test | accept=text/html /p?__portal_cookie_check=x dev=dvb_1 session=valid uat={recent} | - | signed-in token=valid to=http://localhost:3000/p
Signed out with cookies     | test | document /p?__portal_cookie_check={recent} dev=dvb_1          | - | signed-out session-token-and-uat-missing to=http://localhost:3000/p
No cookies are kept         | test | document /p?__portal_cookie_check={recent}                    | - | signed-out dev-browser-missing
A script                    | test | api /p?__portal_cookie_check={recent} dev=dvb_1 session=valid uat={recent} | - | signed-in token=valid
A form                      | test | POST document /p?__portal_cookie_check={recent} dev=dvb_1 session=valid uat={recent} | - | signed-in token=valid
A token in the header       | test | document /p?__portal_cookie_check={recent} bearer=valid       | - | signed-in token=valid
Production knows no mark    | live | document /p?__portal_cookie_check={recent} session=valid uat={recent} | - | signed-in token=valid
",
    );
}
