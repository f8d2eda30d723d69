//! The cookies of both hosts.

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::Value;

use super::Findings;
use crate::browser::KeptCookie;
use crate::tokens::claims;

const DEV_BROWSER: &str = "__clerk_db_jwt";
const SESSION: &str = "__session";
const CLIENT_UAT: &str = "__client_uat";
const REFRESH: &str = "__refresh";

/// The SDK's counters of guard redirects and of handshakes.
///
/// Neither identifies a user, and both live for some seconds. The next page removes the second one, unless it has
/// stopped a redirect loop.
const GUARD_COUNT: &str = "__portal_redirects";
const HANDSHAKE_COUNT: &str = "__clerk_redirect_count";
const COUNT_SECS: f64 = 10.0;

/// The times of the last redirect to the portal with a session token, and of the renewal after it.
///
/// Its value has seconds only. It lives as long as that token, which is a minute here, and is not removed earlier.
const VISIT: &str = "__portal_visit";
const VISIT_SECS: f64 = 60.0;

/// The application's host.
const APP: &str = "localhost";
/// The portal's.
const PORTAL: &str = "127.0.0.1";

const DAY_SECS: f64 = 24.0 * 60.0 * 60.0;
/// The tolerance for a cookie's lifetime of one year.
const TOLERANCE_SECS: f64 = DAY_SECS;

/// All cookies of a browser, and the suffix of the instance's cookies.
pub(super) struct Jars<'a> {
    jar: &'a [KeptCookie],
    suffix: &'a str,
    is_loop_stopped: bool,
    was_sent_to_portal: bool,
}

impl<'a> Jars<'a> {
    pub(super) fn of(jar: &'a [KeptCookie], suffix: &'a str, is_loop_stopped: bool, was_sent_to_portal: bool) -> Self {
        Self {
            jar,
            suffix,
            is_loop_stopped,
            was_sent_to_portal,
        }
    }

    fn find(&self, host: &str, name: &str) -> Option<&'a str> {
        let mut found = self.jar.iter();
        let cookie = found.find(|cookie| cookie.domain == host && cookie.name == name);
        cookie.map(|cookie| cookie.value.as_str())
    }

    fn suffixed(&self, name: &str) -> String {
        format!("{name}_{}", self.suffix)
    }

    /// The value of a cookie and of its suffixed twin.
    fn twins(&self, name: &str, findings: &mut Findings) -> Option<&'a str> {
        let (plain, suffixed) = (self.find(APP, name), self.find(APP, &self.suffixed(name)));
        findings.expect(plain == suffixed && plain.is_some(), || {
            format!("{name} is {plain:?} and its suffixed twin {suffixed:?}")
        });
        plain
    }

    /// The development browser's token, which must be the same on both hosts.
    pub(super) fn dev_browser(&self, findings: &mut Findings) -> Option<&'a str> {
        let app = self.twins(DEV_BROWSER, findings);
        let portal = self.find(PORTAL, DEV_BROWSER);
        findings.expect(app == portal, || {
            format!("the application knows the browser as {app:?}, the portal as {portal:?}")
        });
        app
    }

    /// Checks the cookies of a signed-in browser and returns the session token's claims.
    pub(super) fn check_signed_in(&self, findings: &mut Findings) -> Option<Value> {
        let (plain, suffixed) = ([DEV_BROWSER, SESSION, CLIENT_UAT], [REFRESH]);
        self.check_names(&plain, &suffixed, findings);
        let refresh = self.find(APP, &self.suffixed(REFRESH)).unwrap_or_default();
        findings.expect(!refresh.is_empty(), || "there is no refresh token".to_owned());
        let uat = self
            .twins(CLIENT_UAT, findings)
            .and_then(|text| text.parse::<i64>().ok());
        let claims = claims(self.twins(SESSION, findings)?);
        let iat = claims["iat"].as_i64();
        findings.expect(uat > Some(0) && uat <= iat, || {
            format!("{CLIENT_UAT} is {uat:?}, and the token was made at {iat:?}")
        });
        Some(claims)
    }

    pub(super) fn check_signed_out(&self, findings: &mut Findings) {
        self.check_names(&[DEV_BROWSER, CLIENT_UAT], &[], findings);
        let uat = self.twins(CLIENT_UAT, findings);
        findings.expect(uat == Some("0"), || format!("{CLIENT_UAT} is {uat:?}"));
    }

    /// Checks that the application has set no cookies.
    pub(super) fn check_unknown(&self, findings: &mut Findings) {
        self.check_names(&[], &[], findings);
    }

    /// The maximum lifetime of the SDK's own cookie in seconds; `None` for any other cookie.
    fn passing_secs(&self, cookie: &KeptCookie) -> Option<f64> {
        if cookie.domain != APP {
            return None;
        }
        let is_of_seconds = |value: &str| value.chars().all(|c| c.is_ascii_digit() || matches!(c, '~' | '.'));
        match cookie.name.as_str() {
            GUARD_COUNT => Some(COUNT_SECS),
            HANDSHAKE_COUNT if self.is_loop_stopped => Some(COUNT_SECS),
            VISIT if self.was_sent_to_portal && is_of_seconds(&cookie.value) => Some(VISIT_SECS),
            _ => None,
        }
    }

    /// Checks that the browser has exactly these cookies, with the expected attributes.
    fn check_names(&self, with_twin: &[&str], suffixed_only: &[&str], findings: &mut Findings) {
        let suffixed = with_twin.iter().chain(suffixed_only).map(|name| self.suffixed(name));
        let plain = with_twin.iter().map(|&name| name.to_owned());
        let mut expected: Vec<(&str, String)> = plain.chain(suffixed).map(|name| (APP, name)).collect();
        expected.push((PORTAL, DEV_BROWSER.to_owned()));
        for (host, name) in &expected {
            findings.expect(self.find(host, name).is_some(), || format!("{host} has no {name}"));
        }
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default()
            .as_secs_f64();
        for cookie in self.jar {
            let passing_secs = self.passing_secs(cookie);
            let is_expected = passing_secs.is_some()
                || expected
                    .iter()
                    .any(|(host, name)| *host == cookie.domain && *name == cookie.name);
            findings.expect(is_expected, || format!("{} also has {}", cookie.domain, cookie.name));
            let lifetime = cookie.expires - now;
            let lives_as_long_as_it_must = match passing_secs {
                Some(most) => lifetime <= most,
                None => (lifetime - 365.0 * DAY_SECS).abs() < TOLERANCE_SECS,
            };
            let is_as_must_be = cookie.path == "/"
                && cookie.same_site.as_deref() == Some("Lax")
                && !cookie.secure
                && cookie.http_only == (passing_secs.is_some() || cookie.name.starts_with(REFRESH))
                && lives_as_long_as_it_must;
            findings.expect(is_as_must_be, || {
                format!("{} is not as it must be: {cookie:?}", cookie.name)
            });
        }
    }

    /// Describes the cookies, with shortened values.
    pub(super) fn describe(&self) -> String {
        let line = |cookie: &KeptCookie| {
            let value: String = cookie.value.chars().take(24).collect();
            format!("  {} {}={value}", cookie.domain, cookie.name)
        };
        self.jar.iter().map(line).collect::<Vec<_>>().join("\n")
    }
}
