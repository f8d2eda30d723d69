//! [`PortalVisits`]: a browser's last visit to the portal, and the token renewals after it.
//!
//! The user may choose another organization at the portal, and only a new session token carries that choice. A cookie
//! set by this library holds the times of the last visit and renewals, in Unix seconds. It needs no signature, because
//! a user who alters it causes at most a few extra handshakes.

use std::fmt::Write as _;
use std::time::Duration;

use http::{HeaderMap, HeaderValue};
use portal_sdk::clock::UnixTime;
use portal_sdk::request::PublicUrl;

use crate::cookie;

const NAME: &str = "__portal_visit";
/// Renewals within [`WINDOW`] before a refusal is sent as it is.
const MAX_RENEWALS: usize = 3;
/// The time in which renewals are counted.
const WINDOW: Duration = Duration::from_secs(60);
/// The longest time that a visit is remembered, even if tokens live longer.
const MAX_VISIT: Duration = Duration::from_secs(3_600);

/// The visits and renewals that the browser's cookie records.
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

    /// Returns `true` if fewer than [`MAX_RENEWALS`] renewals are recent.
    pub(crate) fn may_renew(&self, now: UnixTime) -> bool {
        self.recent(now).count() < MAX_RENEWALS
    }

    /// Returns the cookie that records a visit starting now, for the remaining life of the current token.
    pub(crate) fn sent(&self, url: &PublicUrl, now: UnixTime, expires_at: Option<UnixTime>) -> HeaderValue {
        let lives_secs = expires_at.map_or(0, |expires_at| expires_at.as_secs().saturating_sub(now.as_secs()));
        let lives = Duration::from_secs(u64::try_from(lives_secs).unwrap_or_default());
        let now_secs = now.as_secs();
        let value = format!("{now_secs}{}", self.renewals(now));
        cookie::counter(url, NAME, &value, lives.clamp(WINDOW, MAX_VISIT))
    }

    /// Returns the cookie that counts a renewal and forgets the visit that caused it.
    pub(crate) fn renewed(&self, url: &PublicUrl, now: UnixTime) -> HeaderValue {
        let separator = if self.recent(now).next().is_some() { "." } else { "~" };
        let value = format!("{}{separator}{}", self.renewals(now), now.as_secs());
        cookie::counter(url, NAME, &value, WINDOW)
    }

    fn recent(&self, now: UnixTime) -> impl Iterator<Item = i64> {
        let is_recent = move |at: &i64| now.is_within(WINDOW, UnixTime::from_secs(*at));
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

#[cfg(test)]
mod tests {
    use http::header::COOKIE;
    use url::Url;

    use super::*;

    fn at(secs: i64) -> UnixTime {
        UnixTime::from_secs(secs)
    }

    fn page() -> PublicUrl {
        PublicUrl::from(Url::parse("https://app.example.com/team").unwrap())
    }

    /// Reads the cookie as a browser would send it.
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
                .ends_with("; HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age=60")
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
    fn fourth_renewal_within_a_minute_is_refused() {
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
    fn malformed_cookie_values_are_ignored() {
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
