//! Renewals of valid but possibly outdated tokens.

use portal_sdk::decide::{comes_from_portal, renewal};
use portal_sdk::request::AuthenticateContext;
use url::Url;

use super::request::request;
use super::table::decide_at;
use super::words::Setting;
use crate::common::now;

/// Returns whether a renewal is possible, and whether the user comes from the portal.
fn renewal_of(instance: &str, words: &str) -> (bool, bool) {
    let setting = Setting::named(instance);
    let parts = request(&setting, words);
    let state = decide_at(&setting, &parts, now());
    let cx = AuthenticateContext::new(&parts, &setting.instance, now());
    let headers = renewal(&cx, &state);
    (
        headers.is_some_and(|headers| headers.location().is_some()),
        comes_from_portal(&cx, &state),
    )
}

#[test]
fn page_of_a_valid_session_cookie_is_renewed_once() {
    let signed_in = "session=valid uat={recent}";
    for (words, expected) in [
        ("document", true),
        ("accept=text/html", true),
        ("document count=1", false),
        ("document count=0", true),
        ("api", false),
        ("POST document", false),
        ("document bearer=valid", false),
    ] {
        let words = format!("{words} {signed_in}");
        assert_eq!(renewal_of("live", &words), (expected, false), "{words}");
        let words = format!("{words} referer=https://accounts.example.com/user");
        assert_eq!(renewal_of("live", &words), (expected, expected), "{words}");
    }
    for words in ["document", "document session=expired uat=1", "document uat=0"] {
        assert_eq!(renewal_of("live", words), (false, false), "{words}");
    }
}

/// Returns a parameter of the renewal's handshake.
fn parameter_of_renewal(instance: &str, words: &str, name: &str) -> Option<String> {
    let setting = Setting::named(instance);
    let parts = request(&setting, words);
    let state = decide_at(&setting, &parts, now());
    let cx = AuthenticateContext::new(&parts, &setting.instance, now());
    let headers = renewal(&cx, &state).expect("a renewal is possible");
    let location = Url::parse(headers.location().unwrap().to_str().unwrap()).unwrap();
    let mut parameters = location.query_pairs();
    parameters.find_map(|(found, value)| (found == name).then(|| value.into_owned()))
}

/// A handshake's token is newer than the cookie beside it.
#[test]
fn renewal_names_the_token_that_signed_the_request_in() {
    let words = "document handshake=hs:newer session=expired uat=1";
    let newer = Setting::named("live").token("newer");
    assert_eq!(parameter_of_renewal("live", words, "__session"), Some(newer));
}

#[test]
fn only_the_portal_and_the_frontend_api_are_the_portal() {
    for (instance, referer, expected) in [
        ("live", "https://accounts.example.com/", true),
        ("live", "https://clerk.example.com/v1", true),
        ("live", "https://app.example.com/", false),
        ("live", "https://accounts.evil.example/", false),
        ("live", "https://www.example.com/", false),
        ("test", "https://foo-bar-13.accounts.dev/user", true),
        ("test", "https://accounts.foo.bar-13.lcl.dev/", true),
        ("test", "https://evil.lcl.dev/", false),
        ("test", "https://accounts.evil.example/", false),
        ("test", "https://evil.clerk.accounts.dev/", false),
    ] {
        let words = format!("document dev=d session=valid uat={{recent}} referer={referer}");
        assert_eq!(renewal_of(instance, &words).1, expected, "{instance} {referer}");
    }
}
