//! [`RequestCookies`]: Clerk's cookies of one request, each under both of its names.

use std::borrow::Cow;

use http::HeaderMap;
use memchr::memchr;
use percent_encoding::percent_decode_str;

use super::cookie_reader::cookies;
use super::headers::latin1;
use crate::limits::MAX_TOKEN_BYTES;
use crate::names::cookie;
use crate::token::{ReadOnce, TokenError, UnverifiedToken, VerifiedTokens};

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
    pub(super) session: CookiePair<'h>,
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
    /// The tokens of the plain and the suffixed session cookie.
    tokens: [ReadOnce; 2],
}

impl<'h> RequestCookies<'h> {
    /// Reads the `Cookie` fields.
    ///
    /// Pairs are split at `;` before they are decoded, so that a value cannot inject another cookie. The first cookie
    /// of a name counts. A value is percent-decoded if the result is UTF-8, and kept as sent otherwise; quotes are
    /// part of it.
    pub(super) fn read(headers: &'h HeaderMap, suffix: &str) -> Self {
        // First values by name, including empty ones: a later cookie of the same name must not replace an empty one.
        let mut values: [Option<Cow<'h, str>>; 10] = Default::default();
        for (name, value) in cookies(headers) {
            let Some(index) = slot(name, suffix.as_bytes()) else {
                continue;
            };
            if values[index].is_none() {
                let first = values[SESSION].as_ref().filter(|_| index == SUFFIXED_SESSION);
                values[index] = Some(match first {
                    // Usually both hold the same token, and comparing is faster than decoding it again.
                    Some(Cow::Borrowed(first)) if first.as_bytes() == value => Cow::Borrowed(first),
                    _ => decode(latin1(value)),
                });
            }
        }
        let is_any = values.iter().any(Option::is_some);
        let [
            session,
            session_s,
            uat,
            uat_s,
            dev,
            dev_s,
            refresh,
            handshake,
            nonce,
            count,
        ] = values.map(|value| value.filter(|value| !value.is_empty()));
        Self {
            session: CookiePair {
                plain: session,
                suffixed: session_s,
            },
            client_uat: CookiePair {
                plain: uat,
                suffixed: uat_s,
            },
            dev_browser: CookiePair {
                plain: dev,
                suffixed: dev_s,
            },
            refresh,
            handshake,
            handshake_nonce: nonce,
            redirect_count: count,
            is_any,
            tokens: Default::default(),
        }
    }

    /// Returns the token in the suffixed or the plain session cookie.
    ///
    /// Each is decoded once; two equal ones are decoded once together.
    pub(super) fn session_token(
        &self,
        suffixed: bool,
        verified: Option<&VerifiedTokens>,
    ) -> Option<Result<UnverifiedToken<'_>, TokenError>> {
        let text = self.session.get(suffixed)?;
        let is_second = suffixed && self.session.get(false) != Some(text);
        Some(self.tokens[usize::from(is_second)].read(text, verified))
    }

    /// Returns `true` if a suffixed session or client cookie is set.
    pub(super) fn has_suffixed_state(&self) -> bool {
        self.session.suffixed.is_some() || self.client_uat.suffixed.is_some()
    }
}

const SESSION: usize = 0;
const SUFFIXED_SESSION: usize = 1;

/// Returns the position of a cookie's value in the order of [`RequestCookies::read`].
fn slot(name: &[u8], suffix: &[u8]) -> Option<usize> {
    // All of Clerk's names start with `__`; names of other applications rarely do.
    if !name.starts_with(b"__") {
        return None;
    }
    let suffixed = name.strip_suffix(suffix).and_then(|name| name.strip_suffix(b"_"));
    // Byte constants, because a match on them compares lengths first.
    Some(match (suffixed, name) {
        (Some(names::SESSION), _) => SUFFIXED_SESSION,
        (Some(names::CLIENT_UAT), _) => 3,
        (Some(names::DEV_BROWSER), _) => 5,
        (Some(names::REFRESH), _) => 6,
        (None, names::SESSION) => SESSION,
        (None, names::CLIENT_UAT) => 2,
        (None, names::DEV_BROWSER) => 4,
        (None, names::HANDSHAKE) => 7,
        (None, names::HANDSHAKE_NONCE) => 8,
        (None, names::REDIRECT_COUNT) => 9,
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

fn decode(value: Cow<'_, str>) -> Cow<'_, str> {
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
            assert_eq!(RequestCookies::read(&headers, SUFFIX).session.get(false), Some("a"));
        }
        // Latin-1, as Node reads it.
        let headers = field("__session=é%41");
        assert_eq!(
            RequestCookies::read(&headers, SUFFIX).session.get(false),
            Some("\u{c3}\u{a9}A")
        );
    }

    #[test]
    fn first_cookie_of_a_name_counts() {
        let headers = field("__session=a; __session=b;__client_uat = 5 ;  x; =y");
        let cookies = RequestCookies::read(&headers, SUFFIX);
        assert_eq!(cookies.session.get(false), Some("a"));
        assert_eq!(cookies.client_uat.get(false), Some("5"));
        let headers = field("__session=; __session=b");
        let cookies = RequestCookies::read(&headers, SUFFIX);
        assert_eq!(cookies.session.get(false), None);
    }

    #[test]
    fn suffixed_names_belong_to_one_instance() {
        let headers = field(
            "__session_nx2h_E-I=a; __session_other=b; __refresh_nx2h_E-I=r; __refresh=p; __clerk_handshake_nx2h_E-I=h",
        );
        let cookies = RequestCookies::read(&headers, SUFFIX);
        assert_eq!(cookies.session.get(true), Some("a"));
        assert_eq!(cookies.session.get(false), None);
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
            assert_eq!(cookies.session.get(false), Some(expected), "{value}");
            assert_eq!(cookies.client_uat.get(false), None);
        }
        let headers = field("__sess%69on=a");
        assert!(RequestCookies::read(&headers, SUFFIX).session.plain.is_none());
    }
}
