//! The `Set-Cookie` values that a handshake or a renewal brings.

use http::HeaderValue;
use http::header::SET_COOKIE;

use super::Question;
use crate::limits::{MAX_SET_COOKIE_BYTES, MAX_SET_COOKIES};
use crate::names::cookie;
use crate::state::ResponseHeaders;
use crate::token::UnverifiedToken;

/// The parts of the brought cookies that the decision needs.
#[derive(Default)]
pub(super) struct Brought<'t> {
    /// The last session cookie: `None` without one, `Some(None)` for one without a value.
    pub(super) session: Option<Option<&'t str>>,
    /// An entry was skipped, because it is beyond a limit, not a string, or cannot be a header field.
    pub(super) has_skipped: bool,
    /// `__client_uat` is among them: Clerk has said whether the browser is signed in.
    has_client_uat: bool,
}

impl Brought<'_> {
    /// Returns `true` if Clerk's cookies for a renewal must be incomplete.
    ///
    /// That is so if the session cookie's value is not a token, or if the session cookie is missing and `__client_uat`
    /// is missing too or an entry was skipped. An empty session cookie is a sign-out.
    pub(super) fn is_garbage(&self) -> bool {
        match self.session {
            None => self.has_skipped || !self.has_client_uat,
            Some(value) => value.is_some_and(|token| !token.is_empty() && UnverifiedToken::decode(token).is_err()),
        }
    }
}

/// Appends the cookies to `headers` and reads them. An entry that is not a string or cannot be a header field is
/// skipped, so that the others still arrive. An entry beyond a limit is skipped too, because a proxy in front would answer
/// 502 to such a head.
pub(super) fn brought_by<'t>(
    question: Question<'_, '_>,
    mut set_cookies: impl Iterator<Item = Option<&'t str>>,
    headers: &mut ResponseHeaders,
) -> Brought<'t> {
    let suffix = question.cx.instance().publishable_key().cookie_suffix();
    let mut brought = Brought::default();
    for (index, set_cookie) in set_cookies.by_ref().take(MAX_SET_COOKIES).enumerate() {
        let set_cookie = set_cookie.filter(|text| text.len() <= MAX_SET_COOKIE_BYTES);
        let Some((set_cookie, value)) = set_cookie.and_then(|text| Some((text, header_value(text)?))) else {
            if !brought.has_skipped {
                tracing::debug!(
                    index,
                    "a cookie from Clerk is too large or cannot be a header field; it is skipped"
                );
            }
            brought.has_skipped = true;
            continue;
        };
        headers.append(SET_COOKIE, value);
        let (name, value) = cookie_pair(set_cookie);
        if is_named(name, cookie::SESSION, suffix) {
            brought.session = Some(value);
        }
        brought.has_client_uat |= is_named(name, cookie::CLIENT_UAT, suffix);
    }
    brought.has_skipped |= set_cookies.next().is_some();
    brought
}

/// Returns `true` if `name` is `plain`, with or without this instance's suffix.
fn is_named(name: &str, plain: &str, suffix: &str) -> bool {
    name.strip_prefix(plain)
        .is_some_and(|rest| rest.is_empty() || rest.strip_prefix('_') == Some(suffix))
}

/// Splits a `Set-Cookie` field like Clerk's SDK: without trimming, and the value ends at its first `=`. The value is
/// `None` without a `=`.
fn cookie_pair(set_cookie: &str) -> (&str, Option<&str>) {
    let pair = set_cookie.split(';').next().unwrap_or_default();
    let mut pieces = pair.split('=');
    (pieces.next().unwrap_or_default(), pieces.next())
}

/// HTTP whitespace, which `Headers` drops around a value (Fetch standard, "normalize"). Other whitespace is part of it.
const HTTP_WHITESPACE: [char; 4] = ['\t', '\n', '\r', ' '];

/// Converts a `Set-Cookie` value; returns `None` if it contains a character that headers forbid, such as a line end.
fn header_value(set_cookie: &str) -> Option<HeaderValue> {
    let bytes: Option<Vec<u8>> = set_cookie
        .trim_matches(HTTP_WHITESPACE)
        .chars()
        .map(|c| u8::try_from(u32::from(c)).ok())
        .collect();
    HeaderValue::from_bytes(&bytes?).ok()
}

#[cfg(test)]
mod tests {
    use super::header_value;

    #[test]
    fn only_http_whitespace_around_a_cookie_is_dropped() {
        for text in ["a=b", " a=b", "\ta=b\r\n"] {
            assert_eq!(header_value(text).unwrap(), "a=b", "{text:?}");
        }
        for text in ["a=b\u{c}", "\u{b}a=b", "a=b\u{2028}", "a=b\0", "a\r\n=b", "a=\u{100}"] {
            assert!(header_value(text).is_none(), "{text:?}");
        }
        assert_eq!(header_value("a=b\u{a0}").unwrap().as_bytes(), b"a=b\xa0");
    }
}
