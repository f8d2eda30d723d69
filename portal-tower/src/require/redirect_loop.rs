//! Detection of redirect loops: counts a browser's recent redirects to sign-in from the same page.
//!
//! A cookie holds a hash of the page's path, the times of recent redirects in Unix seconds, and the last error of a
//! session token, because a loop may lose the token. The cookie is not a secret. A browser that alters it affects only
//! when that browser gets the page that explains the loop, and the reason on that page.

use std::fmt::Write as _;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::time::Duration;

use http::{HeaderMap, HeaderValue};
use portal_sdk::clock::UnixTime;
use portal_sdk::request::PublicUrl;
use portal_sdk::token::TokenErrorReason;

use crate::cookie;

const NAME: &str = "__portal_redirects";
/// Redirects from one page to sign-in before a page explains the loop instead.
const MAX_REDIRECTS: usize = 3;
/// The time in which redirects are counted.
const WINDOW: Duration = Duration::from_secs(10);
/// Times are whole seconds, so all of the window's last second counts.
const COUNTED: Duration = Duration::from_secs(11);

/// Recent redirects to sign-in, as the browser's cookie records them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct RecentRedirects {
    page: Box<str>,
    at_secs: Vec<i64>,
    problem: Option<TokenErrorReason>,
}

/// The redirect limit was reached.
#[derive(Debug)]
pub(crate) struct LimitReached;

impl RecentRedirects {
    pub(crate) fn read(headers: &HeaderMap) -> Self {
        let Some(value) = cookie::value(headers, NAME) else {
            return Self::default();
        };
        let (value, problem) = value.split_once('~').unwrap_or((value, ""));
        let mut pieces = value.split('.');
        Self {
            page: pieces.next().unwrap_or_default().into(),
            at_secs: pieces
                .take(MAX_REDIRECTS)
                .filter_map(|piece| piece.parse().ok())
                .collect(),
            problem: TokenErrorReason::named(problem),
        }
    }

    /// Returns the last problem with a session token.
    pub(crate) fn problem(&self) -> Option<TokenErrorReason> {
        self.problem
    }

    /// Returns the cookie that counts another redirect from `url`.
    ///
    /// # Errors
    ///
    /// Returns [`LimitReached`] if the redirect would continue a loop.
    pub(crate) fn another(
        &self,
        url: &PublicUrl,
        problem: Option<TokenErrorReason>,
        now: UnixTime,
    ) -> Result<HeaderValue, LimitReached> {
        let page = mark(url);
        let is_recent = |at: &&i64| now.is_within(COUNTED, UnixTime::from_secs(**at));
        let recent: Vec<i64> = match *self.page == *page {
            true => self.at_secs.iter().filter(is_recent).copied().collect(),
            // Not a loop: a browser may restore several tabs at once.
            false => Vec::new(),
        };
        if recent.len() >= MAX_REDIRECTS {
            return Err(LimitReached);
        }
        let mut value = page;
        for at in recent.into_iter().chain([now.as_secs()]) {
            let _ = write!(value, ".{at}");
        }
        // An expired token is why users are sent to sign in, not why sign-in fails.
        let problem = problem.filter(|problem| *problem != TokenErrorReason::TokenExpired);
        if let Some(problem) = problem.or(self.problem) {
            let _ = write!(value, "~{problem}");
        }
        Ok(cookie::counter(url, NAME, &value, WINDOW))
    }
}

/// Hashes a page's path to eight hex digits.
fn mark(url: &PublicUrl) -> String {
    let mut hasher = DefaultHasher::new();
    url.as_url().path().hash(&mut hasher);
    format!("{:08x}", hasher.finish() >> 32)
}

#[cfg(test)]
mod tests {
    use http::header::COOKIE;
    use url::Url;

    use super::*;

    fn page(path: &str) -> PublicUrl {
        PublicUrl::from(Url::parse("https://app.example.com").unwrap().join(path).unwrap())
    }

    /// Reads the cookie as a browser would send it.
    fn again(cookie: &HeaderValue) -> RecentRedirects {
        let mut headers = HeaderMap::new();
        let pair = cookie.to_str().unwrap().split(';').next().unwrap();
        headers.insert(COOKIE, format!("a=b; {pair}").parse().unwrap());
        RecentRedirects::read(&headers)
    }

    /// Counts the redirects at these times (Unix seconds) until the limit is reached.
    fn redirects(requests: &[(&str, i64)]) -> usize {
        let mut recent = RecentRedirects::default();
        for (count, (path, at)) in requests.iter().enumerate() {
            match recent.another(&page(path), None, UnixTime::from_secs(*at)) {
                Ok(cookie) => recent = again(&cookie),
                Err(LimitReached) => return count,
            }
        }
        requests.len()
    }

    #[test]
    fn fourth_redirect_in_ten_seconds_reaches_the_limit() {
        assert_eq!(redirects(&[("/a", 100), ("/a?x=1", 103), ("/a", 106), ("/a", 110)]), 3);
        assert_eq!(
            redirects(&[("/a", 100), ("/a", 103), ("/a", 106), ("/a", 111), ("/a", 112)]),
            4
        );
        assert_eq!(
            redirects(&[("/a", 100), ("/a", 120), ("/a", 140), ("/a", 160), ("/a", 180)]),
            5
        );
    }

    #[test]
    fn token_problem_is_kept_across_redirects() {
        let now = UnixTime::from_secs(100);
        let wrong = Some(TokenErrorReason::TokenInvalidSignature);
        let first = again(&RecentRedirects::default().another(&page("/a"), wrong, now).unwrap());
        assert_eq!(first.problem(), wrong);
        let second = again(&first.another(&page("/a"), None, now).unwrap());
        assert_eq!((second.problem(), second.at_secs.len()), (wrong, 2));
        let clock = Some(TokenErrorReason::TokenIatInTheFuture);
        assert_eq!(
            again(&second.another(&page("/a"), clock, now).unwrap()).problem(),
            clock
        );
    }

    #[test]
    fn several_pages_at_once_do_not_reach_the_limit() {
        assert_eq!(redirects(&[("/a", 1), ("/b", 1), ("/c", 1), ("/d", 1), ("/e", 1)]), 5);
    }

    #[test]
    fn malformed_cookie_values_are_ignored() {
        for value in [
            "",
            ".",
            "x.y.z",
            "-1.-2",
            "00.9223372036854775807.-9223372036854775808",
            "é",
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(
                COOKIE,
                HeaderValue::from_bytes(format!("{NAME}={value}").as_bytes()).unwrap(),
            );
            let recent = RecentRedirects::read(&headers);
            assert!(
                recent.another(&page("/"), None, UnixTime::from_secs(100)).is_ok(),
                "{value}"
            );
        }
    }
}
