//! How often a browser was just sent to sign in from the same page.
//!
//! A cookie holds a mark of the page, the seconds at which the browser was sent away from it, and what was last wrong
//! with a session token: a circle may lose the token on its way. It is no secret and proves nothing: whoever changes it
//! only changes when they see the page that explains, and what it says.

use std::fmt::Write as _;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use http::{HeaderMap, HeaderValue};
use portal_sdk::clock::UnixTime;
use portal_sdk::request::ClerkUrl;
use portal_sdk::token::TokenErrorReason;

use crate::cookies;

const NAME: &str = "__portal_redirects";
/// Redirects to sign in from one page before the next one is replaced by an explanation.
const MAX_REDIRECTS: usize = 3;
/// The time, in seconds, in which they must have happened.
const WINDOW_SECS: i64 = 10;

/// What the browser says of redirects that it was just sent on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct RecentRedirects {
    page: Box<str>,
    at_secs: Vec<i64>,
    problem: Option<TokenErrorReason>,
}

/// There have been as many as may be.
#[derive(Debug)]
pub(crate) struct InVain;

impl RecentRedirects {
    pub(crate) fn read(headers: &HeaderMap) -> Self {
        let Some(value) = cookies::value(headers, NAME) else {
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

    /// What was last wrong with a session token.
    pub(crate) fn problem(&self) -> Option<TokenErrorReason> {
        self.problem
    }

    /// The cookie that counts another redirect from `url`, or that there have been enough.
    pub(crate) fn another(
        &self,
        url: &ClerkUrl,
        problem: Option<TokenErrorReason>,
        now: UnixTime,
    ) -> Result<HeaderValue, InVain> {
        let page = mark(url);
        // The last second of the window counts whole.
        let is_recent = |at: &&i64| now.is_within((WINDOW_SECS + 1) * 1_000, UnixTime::from_secs(**at));
        let recent: Vec<i64> = match *self.page == *page {
            true => self.at_secs.iter().filter(is_recent).copied().collect(),
            // Tabs that a browser opens again all at once are no circle.
            false => Vec::new(),
        };
        if recent.len() >= MAX_REDIRECTS {
            return Err(InVain);
        }
        let mut value = page;
        for at in recent.into_iter().chain([now.as_secs()]) {
            let _ = write!(value, ".{at}");
        }
        // That a token has expired is why people are sent to sign in, not why it does not help.
        let problem = problem.filter(|problem| *problem != TokenErrorReason::TokenExpired);
        if let Some(problem) = problem.or(self.problem) {
            let _ = write!(value, "~{problem}");
        }
        let secure = if url.is_https() { "; Secure" } else { "" };
        let path = url.cookie_path();
        let cookie = format!("{NAME}={value}; Path={path}; Max-Age={WINDOW_SECS}; HttpOnly; SameSite=Lax{secure}");
        Ok(HeaderValue::try_from(cookie).expect("digits, constants and a path of a URL"))
    }
}

/// A few characters for a page's path.
fn mark(url: &ClerkUrl) -> String {
    let mut hasher = DefaultHasher::new();
    url.as_url().path().hash(&mut hasher);
    format!("{:08x}", hasher.finish() >> 32)
}

#[cfg(test)]
mod tests {
    use http::header::COOKIE;
    use url::Url;

    use super::*;

    fn page(path: &str) -> ClerkUrl {
        ClerkUrl::from(Url::parse("https://app.example.com").unwrap().join(path).unwrap())
    }

    /// The browser keeps the cookie and comes again.
    fn again(cookie: &HeaderValue) -> RecentRedirects {
        let mut headers = HeaderMap::new();
        let pair = cookie.to_str().unwrap().split(';').next().unwrap();
        headers.insert(COOKIE, format!("a=b; {pair}").parse().unwrap());
        RecentRedirects::read(&headers)
    }

    /// How many redirects there are at these seconds before the explanation.
    fn redirects(requests: &[(&str, i64)]) -> usize {
        let mut recent = RecentRedirects::default();
        for (count, (path, at)) in requests.iter().enumerate() {
            match recent.another(&page(path), None, UnixTime::from_secs(*at)) {
                Ok(cookie) => recent = again(&cookie),
                Err(InVain) => return count,
            }
        }
        requests.len()
    }

    #[test]
    fn the_fourth_in_ten_seconds_is_one_too_many() {
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
    fn what_was_wrong_is_kept_on_the_way() {
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
    fn several_pages_at_once_are_no_circle() {
        assert_eq!(redirects(&[("/a", 1), ("/b", 1), ("/c", 1), ("/d", 1), ("/e", 1)]), 5);
    }

    #[test]
    fn whatever_the_cookie_holds_is_read() {
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
