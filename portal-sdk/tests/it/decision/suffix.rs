//! The choice between the two cookie sets.

use portal_sdk::request::AuthenticateContext;

use super::table::{check, request};
use super::words::Setting;
use crate::common::now;

#[test]
fn cookie_set_is_chosen_by_clerks_rules() {
    for (name, instance, cookies, suffixed) in [
        ("nothing", "live", "", false),
        ("1 nothing suffixed", "live", "session=valid uat=1", false),
        ("1 garbage and nothing suffixed", "live", "session=garbage uat=1", false),
        (
            "1 no issuer and nothing suffixed",
            "live",
            "session=without-iss uat=1",
            false,
        ),
        (
            "1 garbage beside this instance's (G17)",
            "live",
            "session=garbage session'=valid uat'=1",
            true,
        ),
        (
            "1 no issuer beside this instance's (G17)",
            "live",
            "session=without-iss session'=valid uat'=1",
            true,
        ),
        (
            "2 another issuer",
            "live",
            "session=of-another-issuer uat=1 session'=valid uat'=1",
            true,
        ),
        (
            "2 another issuer, nothing suffixed",
            "live",
            "session=of-another-issuer uat=1",
            true,
        ),
        (
            "2 the proxy as issuer",
            "live+proxy",
            "session=of-proxy-issuer uat=1",
            true,
        ),
        (
            "2 the scheme does not matter",
            "live",
            "session=of-http-issuer uat=1",
            false,
        ),
        (
            "2 a satellite's own issuer",
            "live+satellite",
            "session=valid uat=1",
            false,
        ),
        (
            "4 plain is newer",
            "live",
            "session=newer uat=1 session'=valid uat'=1",
            false,
        ),
        (
            "4 suffixed is newer",
            "live",
            "session=valid uat=1 session'=newer uat'=1",
            true,
        ),
        (
            "4 as old as each other",
            "live",
            "session=valid uat=1 session'=valid uat'=1",
            true,
        ),
        (
            "4 plain is newer, but signed out",
            "live",
            "session=newer uat=0 session'=valid uat'=1",
            true,
        ),
        (
            "4 an absent uat is not signed out",
            "live",
            "session=newer session'=valid uat'=1",
            false,
        ),
        (
            "4 suffixed is garbage",
            "live",
            "session=valid uat=1 session'=garbage uat'=1",
            false,
        ),
        ("5 suffixed is signed out", "live", "session=valid uat=1 uat'=0", false),
        (
            "5 suffixed is signed out, plain uat absent",
            "live",
            "session=valid uat'=0",
            false,
        ),
        (
            "5 both are signed out",
            "live",
            "session=valid uat=0 session'=valid uat'=0",
            true,
        ),
        (
            "6 suffixed expired, plain signed out",
            "test",
            "uat=0 session'=expired uat'=1",
            false,
        ),
        (
            "6 suffixed still good, plain signed out",
            "test",
            "uat=0 session'=valid uat'=1",
            true,
        ),
        ("6 not in production", "live", "uat=0 session'=expired uat'=1", true),
        (
            "7 suffixed without its uat",
            "live",
            "session=valid uat=1 session'=valid",
            false,
        ),
        ("8 suffixed alone", "live", "session'=valid uat'=1", true),
        ("8 the suffixed uat alone", "live", "uat'=1", true),
    ] {
        let setting = Setting::named(instance);
        let parts = request(&setting, cookies);
        let cx = AuthenticateContext::new(&parts, &setting.instance, now());
        assert_eq!(cx.uses_suffixed_cookies(), suffixed, "{name}");
    }
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
