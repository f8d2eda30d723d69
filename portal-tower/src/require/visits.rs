//! When a browser was sent to the portal, and when its session token was renewed after that.
//!
//! The user may choose another organization at the portal, and only a new session token carries that choice. A cookie
//! set by this library holds the seconds of the last visit and of the last renewals. It proves nothing: a user
//! who changes it causes at most a few extra handshakes.

use std::fmt::Write as _;

use http::{HeaderMap, HeaderValue};
use portal_sdk::clock::UnixTime;
use portal_sdk::request::ClerkUrl;

use crate::cookie;

const NAME: &str = "__portal_visit";
/// Renewals within [`WINDOW_SECS`] before a refusal stands as it is.
const MAX_RENEWALS: usize = 3;
/// The time, in seconds, in which renewals are counted.
const WINDOW_SECS: i64 = 60;
/// How long, in seconds, a visit is remembered at most, however long tokens live.
const MAX_VISIT_SECS: i64 = 3_600;

/// The visits to the portal and renewals, as the browser's cookie records them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct PortalVisits {
    sent_at: Option<i64>,
    renewed_at: Vec<i64>,
}

impl PortalVisits {
    pub(crate) fn read(headers: &HeaderMap) -> Self {
        let Some(value) = cookie::value(headers, NAME) else {
            return Self::default();
        };
        let (sent_at, renewed_at) = value.split_once('~').unwrap_or((value, ""));
        let renewals = renewed_at.split('.').take(MAX_RENEWALS);
        Self {
            sent_at: sent_at.parse().ok(),
            renewed_at: renewals.filter_map(|piece| piece.parse().ok()).collect(),
        }
    }

    /// Returns `true` if the browser was sent to the portal since `issued_at`.
    pub(crate) fn is_since(&self, issued_at: UnixTime) -> bool {
        self.sent_at.is_some_and(|sent_at| sent_at >= issued_at.as_secs())
    }

    /// Returns `true` if the token has not been renewed too often just now.
    pub(crate) fn may_renew(&self, now: UnixTime) -> bool {
        self.recent(now).count() < MAX_RENEWALS
    }

    /// The cookie that remembers a visit that begins now, for as long as the token from before it lives.
    pub(crate) fn sent(&self, url: &ClerkUrl, now: UnixTime, expires_at: Option<UnixTime>) -> HeaderValue {
        let lives_secs = expires_at.map_or(0, |expires_at| expires_at.as_secs().saturating_sub(now.as_secs()));
        let now_secs = now.as_secs();
        let value = format!("{now_secs}{}", self.renewals(now));
        cookie(&value, url, lives_secs.clamp(WINDOW_SECS, MAX_VISIT_SECS))
    }

    /// The cookie that counts a renewal and forgets the visit that it is for.
    pub(crate) fn renewed(&self, url: &ClerkUrl, now: UnixTime) -> HeaderValue {
        let separator = if self.recent(now).next().is_some() { "." } else { "~" };
        let value = format!("{}{separator}{}", self.renewals(now), now.as_secs());
        cookie(&value, url, WINDOW_SECS)
    }

    fn recent(&self, now: UnixTime) -> impl Iterator<Item = i64> {
        let is_recent = move |at: &i64| now.is_within(WINDOW_SECS * 1_000, UnixTime::from_secs(*at));
        self.renewed_at.iter().copied().filter(is_recent)
    }

    fn renewals(&self, now: UnixTime) -> String {
        let mut text = String::new();
        for at in self.recent(now) {
            let separator = if text.is_empty() { '~' } else { '.' };
            let _ = write!(text, "{separator}{at}");
        }
        text
    }
}

fn cookie(value: &str, url: &ClerkUrl, max_age_secs: i64) -> HeaderValue {
    let secure = if url.is_https() { "; Secure" } else { "" };
    let path = url.cookie_path();
    let cookie = format!("{NAME}={value}; Path={path}; Max-Age={max_age_secs}; HttpOnly; SameSite=Lax{secure}");
    HeaderValue::try_from(cookie).expect("digits, constants and a path of a URL")
}

#[cfg(test)]
mod tests {
    use http::header::COOKIE;
    use url::Url;

    use super::*;

    fn at(secs: i64) -> UnixTime {
        UnixTime::from_secs(secs)
    }

    fn page() -> ClerkUrl {
        ClerkUrl::from(Url::parse("https://app.example.com/team").unwrap())
    }

    /// The browser keeps the cookie and comes again.
    fn again(cookie: &HeaderValue) -> PortalVisits {
        let mut headers = HeaderMap::new();
        let pair = cookie.to_str().unwrap().split(';').next().unwrap();
        headers.insert(COOKIE, format!("a=b; {pair}").parse().unwrap());
        PortalVisits::read(&headers)
    }

    #[test]
    fn visit_is_remembered_until_the_token_is_renewed() {
        let cookie = PortalVisits::default().sent(&page(), at(100), Some(at(155)));
        assert!(
            cookie
                .to_str()
                .unwrap()
                .ends_with("; Path=/; Max-Age=60; HttpOnly; SameSite=Lax; Secure")
        );
        let visits = again(&cookie);
        assert!(visits.is_since(at(100)) && visits.is_since(at(99)) && !visits.is_since(at(101)));
        let renewed = again(&visits.renewed(&page(), at(104)));
        assert!(!renewed.is_since(at(0)) && renewed.may_renew(at(104)));
        // Another visit keeps the count.
        let visits = again(&renewed.sent(&page(), at(105), None));
        assert!(visits.is_since(at(105)));
        assert_eq!(visits.renewed_at, [104]);
    }

    #[test]
    fn renewals_are_bounded() {
        let mut visits = PortalVisits::default();
        for (secs, expected) in [
            (100, true),
            (110, true),
            (120, true),
            (130, false),
            (159, false),
            (160, true),
        ] {
            assert_eq!(visits.may_renew(at(secs)), expected, "{secs}");
            if expected {
                visits = again(&visits.renewed(&page(), at(secs)));
            }
        }
    }

    #[test]
    fn any_cookie_value_is_read() {
        for value in [
            "",
            "~",
            "~~..",
            "x~y",
            "-1~-2.-3",
            "9223372036854775807~-9223372036854775808",
            "é",
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(
                COOKIE,
                HeaderValue::from_bytes(format!("{NAME}={value}").as_bytes()).unwrap(),
            );
            let visits = PortalVisits::read(&headers);
            visits.sent(&page(), at(100), None);
            visits.renewed(&page(), at(100));
        }
    }
}
