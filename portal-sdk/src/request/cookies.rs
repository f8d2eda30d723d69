//! [`RequestCookies`]: Clerk's cookies of one request, each under both of its names.

use std::borrow::Cow;

use http::HeaderMap;
use http::header::COOKIE;
use memchr::memchr;
use percent_encoding::percent_decode_str;

use super::cookie_reader::pairs;
use super::headers::latin1;
use super::session_cookie::SessionCookies;
use crate::limits::MAX_TOKEN_BYTES;
use crate::names::cookie;

/// A cookie that may exist under its plain name and under this instance's suffixed one. An empty value counts as
/// absent.
#[derive(Clone, Default)]
pub(super) struct CookiePair<'h> {
    /// The value under the plain name.
    pub(super) plain: Option<Cow<'h, str>>,
    /// The value under `<name>_<suffix>`.
    pub(super) suffixed: Option<Cow<'h, str>>,
}

impl<'h> CookiePair<'h> {
    /// Returns the value under the suffixed name, or under the plain one.
    pub(super) fn get(&self, suffixed: bool) -> Option<&str> {
        if suffixed {
            self.suffixed.as_deref()
        } else {
            self.plain.as_deref()
        }
    }
}

/// Clerk's cookies that a server reads.
#[derive(Clone, Default)]
pub(super) struct RequestCookies<'h> {
    /// `__session`.
    pub(super) session: SessionCookies<'h>,
    /// `__client_uat`, unparsed.
    pub(super) client_uat: CookiePair<'h>,
    /// `__clerk_db_jwt`.
    pub(super) dev_browser: CookiePair<'h>,
    /// `__refresh_<suffix>`.
    pub(super) refresh: Option<Cow<'h, str>>,
    /// `__clerk_handshake`.
    pub(super) handshake: Option<Cow<'h, str>>,
    /// `__clerk_handshake_nonce`.
    pub(super) handshake_nonce: Option<Cow<'h, str>>,
    /// `__clerk_redirect_count`, unparsed.
    pub(super) redirect_count: Option<Cow<'h, str>>,
    /// `true` if any of these cookies is present, even empty.
    pub(super) is_any: bool,
}

impl<'h> RequestCookies<'h> {
    /// Reads the `Cookie` fields.
    ///
    /// Pairs are split at `;` before they are decoded, so that a value cannot inject another cookie. The first cookie
    /// of a name counts. A value is percent-decoded if the result is UTF-8, and kept as sent otherwise; quotes are
    /// part of it.
    pub(super) fn read(headers: &'h HeaderMap, suffix: &str) -> Self {
        // First values by name, including empty ones: a later cookie of the same name must not replace an empty one.
        let mut values = [None; NAMES];
        for field in headers.get_all(COOKIE) {
            for (name, value) in pairs(field.as_bytes()) {
                if let Some(index) = index(name, suffix.as_bytes()) {
                    values[index].get_or_insert(value);
                }
            }
        }
        let is_any = values.iter().any(Option::is_some);
        let sent = |index: usize| values[index].filter(|value| !value.is_empty());
        let read = |index| sent(index).map(value);
        let pair = |plain, suffixed| CookiePair {
            plain: read(plain),
            suffixed: read(suffixed),
        };
        Self {
            session: SessionCookies::new(sent(SESSION), sent(SUFFIXED_SESSION)),
            client_uat: pair(CLIENT_UAT, SUFFIXED_CLIENT_UAT),
            dev_browser: pair(DEV_BROWSER, SUFFIXED_DEV_BROWSER),
            refresh: read(SUFFIXED_REFRESH),
            handshake: read(HANDSHAKE),
            handshake_nonce: read(HANDSHAKE_NONCE),
            redirect_count: read(REDIRECT_COUNT),
            is_any,
        }
    }

    /// Returns `true` if a suffixed session or client cookie is set.
    pub(super) fn has_suffixed_state(&self) -> bool {
        self.session.has(true) || self.client_uat.suffixed.is_some()
    }
}

// The positions of the cookies in [`RequestCookies::read`].
const SESSION: usize = 0;
const SUFFIXED_SESSION: usize = 1;
const CLIENT_UAT: usize = 2;
const SUFFIXED_CLIENT_UAT: usize = 3;
const DEV_BROWSER: usize = 4;
const SUFFIXED_DEV_BROWSER: usize = 5;
const SUFFIXED_REFRESH: usize = 6;
const HANDSHAKE: usize = 7;
const HANDSHAKE_NONCE: usize = 8;
const REDIRECT_COUNT: usize = 9;
const NAMES: usize = 10;

/// Returns the position of a cookie, `None` if it is not one of Clerk's.
fn index(name: &[u8], suffix: &[u8]) -> Option<usize> {
    // All of Clerk's names start with `__`; names of other applications rarely do.
    if !name.starts_with(b"__") {
        return None;
    }
    let suffixed = name.strip_suffix(suffix).and_then(|name| name.strip_suffix(b"_"));
    // Byte constants, because a match on them compares lengths first.
    Some(match (suffixed, name) {
        (Some(names::SESSION), _) => SUFFIXED_SESSION,
        (Some(names::CLIENT_UAT), _) => SUFFIXED_CLIENT_UAT,
        (Some(names::DEV_BROWSER), _) => SUFFIXED_DEV_BROWSER,
        (Some(names::REFRESH), _) => SUFFIXED_REFRESH,
        (None, names::SESSION) => SESSION,
        (None, names::CLIENT_UAT) => CLIENT_UAT,
        (None, names::DEV_BROWSER) => DEV_BROWSER,
        (None, names::HANDSHAKE) => HANDSHAKE,
        (None, names::HANDSHAKE_NONCE) => HANDSHAKE_NONCE,
        (None, names::REDIRECT_COUNT) => REDIRECT_COUNT,
        _ => return None,
    })
}

/// The names of [`cookie`] as bytes.
mod names {
    use super::cookie;

    pub(super) const SESSION: &[u8] = cookie::SESSION.as_bytes();
    pub(super) const CLIENT_UAT: &[u8] = cookie::CLIENT_UAT.as_bytes();
    pub(super) const DEV_BROWSER: &[u8] = cookie::DEV_BROWSER.as_bytes();
    pub(super) const REFRESH: &[u8] = cookie::REFRESH.as_bytes();
    pub(super) const HANDSHAKE: &[u8] = cookie::HANDSHAKE.as_bytes();
    pub(super) const HANDSHAKE_NONCE: &[u8] = cookie::HANDSHAKE_NONCE.as_bytes();
    pub(super) const REDIRECT_COUNT: &[u8] = cookie::REDIRECT_COUNT.as_bytes();
}

/// Returns the value of a cookie by its bytes as sent.
pub(super) fn value(sent: &[u8]) -> Cow<'_, str> {
    let value = latin1(sent);
    if value.len() > MAX_TOKEN_BYTES || memchr(b'%', value.as_bytes()).is_none() || !has_only_whole_escapes(&value) {
        return value;
    }
    let decoded = percent_decode_str(&value).decode_utf8().map(Cow::into_owned);
    decoded.map_or(value, Cow::Owned)
}

/// Returns `true` if every escape is complete; `decodeURIComponent` rejects other strings.
fn has_only_whole_escapes(value: &str) -> bool {
    value
        .split('%')
        .skip(1)
        .all(|rest| rest.len() >= 2 && rest.bytes().take(2).all(|byte| byte.is_ascii_hexdigit()))
}

/// Parses an unsigned decimal number; saturates.
pub(super) fn unsigned(text: &str) -> Option<u64> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SUFFIX: &str = "nx2h_E-I";

    fn field(text: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(
            http::header::COOKIE,
            http::HeaderValue::from_bytes(text.as_bytes()).unwrap(),
        );
        headers
    }

    #[test]
    fn non_ascii_cookie_hides_no_session() {
        for text in ["name=José; __session=a", "__session=a; name=José"] {
            let headers = field(text);
            assert_eq!(RequestCookies::read(&headers, SUFFIX).session.text(false), Some("a"));
        }
        // Latin-1, as Node reads it.
        let headers = field("__session=é%41");
        assert_eq!(
            RequestCookies::read(&headers, SUFFIX).session.text(false),
            Some("\u{c3}\u{a9}A")
        );
    }

    #[test]
    fn first_cookie_of_a_name_counts() {
        let headers = field("__session=a; __session=b;__client_uat = 5 ;  x; =y");
        let cookies = RequestCookies::read(&headers, SUFFIX);
        assert_eq!(cookies.session.text(false), Some("a"));
        assert_eq!(cookies.client_uat.get(false), Some("5"));
        let headers = field("__session=; __session=b");
        let cookies = RequestCookies::read(&headers, SUFFIX);
        assert_eq!(cookies.session.text(false), None);
    }

    #[test]
    fn suffixed_names_belong_to_one_instance() {
        let headers = field(
            "__session_nx2h_E-I=a; __session_other=b; __refresh_nx2h_E-I=r; __refresh=p; __clerk_handshake_nx2h_E-I=h",
        );
        let cookies = RequestCookies::read(&headers, SUFFIX);
        assert_eq!(cookies.session.text(true), Some("a"));
        assert_eq!(cookies.session.text(false), None);
        assert_eq!(cookies.refresh.as_deref(), Some("r"));
        assert!(cookies.handshake.is_none());
    }

    #[test]
    fn values_are_decoded_after_splitting() {
        for (value, expected) in [
            ("a%20b", "a b"),
            ("a%3B%20__client_uat%3D9", "a; __client_uat=9"),
            ("a%zzb", "a%zzb"),
            ("a%2", "a%2"),
            ("%ff", "%ff"),
            ("\"q\"", "\"q\""),
            ("a=b=c", "a=b=c"),
        ] {
            let headers = field(&format!("__session={value}"));
            let cookies = RequestCookies::read(&headers, SUFFIX);
            assert_eq!(cookies.session.text(false), Some(expected), "{value}");
            assert_eq!(cookies.client_uat.get(false), None);
        }
        let headers = field("__sess%69on=a");
        assert!(RequestCookies::read(&headers, SUFFIX).session.text(false).is_none());
    }
}
