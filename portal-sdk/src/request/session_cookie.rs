//! [`SessionCookies`]: the session cookies of a request, decoded only if necessary.

use std::borrow::Cow;
use std::cell::OnceCell;

use super::cookies::value;
use crate::token::{ReadOnce, TokenError, UnverifiedToken, VerifiedTokens};

/// The session cookie under the plain name and under the suffixed one.
#[derive(Clone, Default)]
pub(super) struct SessionCookies<'h> {
    plain: Option<SessionCookie<'h>>,
    /// `None` too if it equals the plain one, which is then read for both.
    suffixed: Option<SessionCookie<'h>>,
    are_equal: bool,
}

#[derive(Clone)]
struct SessionCookie<'h> {
    sent: &'h [u8],
    text: OnceCell<Cow<'h, str>>,
    token: ReadOnce,
}

impl<'h> SessionCookies<'h> {
    /// Creates the pair of the values as sent, of which none is empty.
    pub(super) fn new(plain: Option<&'h [u8]>, suffixed: Option<&'h [u8]>) -> Self {
        let are_equal = plain.is_some() && plain == suffixed;
        Self {
            plain: plain.map(SessionCookie::new),
            suffixed: suffixed.filter(|_| !are_equal).map(SessionCookie::new),
            are_equal,
        }
    }

    /// Returns `true` if there is a cookie under the suffixed name or under the plain one.
    pub(super) fn has(&self, suffixed: bool) -> bool {
        self.cookie(suffixed).is_some()
    }

    /// Returns the decoded value.
    pub(super) fn text(&self, suffixed: bool) -> Option<&str> {
        self.cookie(suffixed).map(SessionCookie::text)
    }

    pub(super) fn token(
        &self,
        suffixed: bool,
        verified: Option<&VerifiedTokens>,
    ) -> Option<Result<UnverifiedToken<'_>, TokenError>> {
        let cookie = self.cookie(suffixed)?;
        Some(cookie.token.read(cookie.sent, || cookie.text(), verified))
    }

    pub(super) fn forget_plain(&mut self) {
        let plain = self.plain.take();
        if self.are_equal {
            self.suffixed = plain;
            self.are_equal = false;
        }
    }

    fn cookie(&self, suffixed: bool) -> Option<&SessionCookie<'h>> {
        match suffixed && !self.are_equal {
            true => self.suffixed.as_ref(),
            false => self.plain.as_ref(),
        }
    }
}

impl<'h> SessionCookie<'h> {
    fn new(sent: &'h [u8]) -> Self {
        Self {
            sent,
            text: OnceCell::new(),
            token: ReadOnce::default(),
        }
    }

    fn text(&self) -> &str {
        let text = || &**self.text.get_or_init(|| value(self.sent));
        self.token.verified_text().unwrap_or_else(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_cookies_are_read_once_and_forgotten_separately() {
        let mut cookies = SessionCookies::new(Some(b"a"), Some(b"a"));
        assert!(cookies.suffixed.is_none());
        assert_eq!((cookies.text(false), cookies.text(true)), (Some("a"), Some("a")));
        cookies.forget_plain();
        assert_eq!((cookies.text(false), cookies.text(true)), (None, Some("a")));
        cookies.forget_plain();
        assert!(cookies.has(true) && !cookies.has(false));
    }

    #[test]
    fn different_or_missing_cookies_are_told_apart() {
        let mut cookies = SessionCookies::new(Some(b"a"), Some(b"b%20"));
        assert_eq!((cookies.text(false), cookies.text(true)), (Some("a"), Some("b ")));
        cookies.forget_plain();
        assert_eq!((cookies.text(false), cookies.text(true)), (None, Some("b ")));
        for (plain, suffixed) in [(None, None), (Some(&b"a"[..]), None), (None, Some(&b"a"[..]))] {
            let cookies = SessionCookies::new(plain, suffixed);
            assert_eq!(
                (cookies.has(false), cookies.has(true)),
                (plain.is_some(), suffixed.is_some())
            );
        }
    }
}
