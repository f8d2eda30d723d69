//! [`RequestCookies`]: Clerk's cookies of one request, each under both of its names.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::{mem, ptr};

use http::header::COOKIE;
use http::{HeaderMap, HeaderValue};
use memchr::memchr;
use percent_encoding::percent_decode_str;

use super::cookie_name::{NAMES, Name};
use super::cookie_reader::{trim_end, trim_start};
use super::fields::Field;
use super::headers::latin1;
use crate::limits::MAX_TOKEN_BYTES;
use crate::token::{ReadOnce, TokenError, UnverifiedToken, VerifiedTokens};

/// Clerk's cookies that a server reads. An empty value counts as absent.
///
/// Values are kept as sent and decoded on use, because most requests use few of them.
#[derive(Clone, Default)]
pub(super) struct RequestCookies<'h> {
    /// First values by name, including empty ones: a later cookie of the same name must not replace an empty one.
    sent: [Option<&'h [u8]>; NAMES],
    /// The values that decoding changes. Boxed, because few requests have any.
    decoded: OnceCell<Box<[OnceCell<Box<str>>; NAMES]>>,
    /// Read for both names if the session cookies are equal.
    session: Session<'h>,
    suffixed_session: Session<'h>,
}

/// The decoded value of a session cookie, and its token.
#[derive(Clone, Default)]
struct Session<'h> {
    text: OnceCell<Cow<'h, str>>,
    token: ReadOnce,
}

impl<'h> RequestCookies<'h> {
    /// Reads the `Cookie` fields.
    ///
    /// Pairs are split at `;` before they are decoded, so that a value cannot inject another cookie. The first cookie
    /// of a name counts. A value is percent-decoded if the result is UTF-8, and kept as sent otherwise; quotes are
    /// part of it.
    pub(super) fn read(field: Field<'h>, headers: &'h HeaderMap, suffix: &str) -> Self {
        match field {
            Field::Missing => Self::default(),
            Field::Once(field) => Self::of([field.as_bytes()], suffix),
            Field::Repeated => Self::of(headers.get_all(COOKIE).iter().map(HeaderValue::as_bytes), suffix),
        }
    }

    fn of(fields: impl IntoIterator<Item = &'h [u8]>, suffix: &str) -> Self {
        let mut cookies = Self::default();
        for field in fields {
            cookies.add(field, suffix.as_bytes());
        }
        cookies
    }

    fn add(&mut self, field: &'h [u8], suffix: &[u8]) {
        let mut rest = Some(field);
        while let Some(text) = rest {
            let text = trim_start(text);
            let cookie = Name::split(text, suffix);
            let (value, next) = self.split_value(cookie.map_or(text, |(_, value)| value));
            if let Some((name, _)) = cookie {
                self.sent[name as usize].get_or_insert(trim_end(value));
            }
            rest = next;
        }
    }

    /// Splits a text at `;`. A value that equals the session cookie is the same slice.
    fn split_value(&self, text: &'h [u8]) -> (&'h [u8], Option<&'h [u8]>) {
        // Browsers send one token under both names, and to compare it is faster than to search for its end.
        let session = self.sent(Name::Session).or(self.sent(Name::SuffixedSession));
        if let Some(session) = session
            && let Some(rest) = text.strip_prefix(session)
        {
            match rest {
                [] => return (session, None),
                [b';', rest @ ..] => return (session, Some(rest)),
                _ => {}
            }
        }
        match memchr(b';', text) {
            Some(end) => (&text[..end], Some(&text[end + 1..])),
            None => (text, None),
        }
    }

    /// Returns `true` if any of these cookies is present, even empty.
    pub(super) fn is_any(&self) -> bool {
        self.sent.iter().any(Option::is_some)
    }

    /// Returns `true` if a suffixed session or client cookie is set.
    pub(super) fn has_suffixed_state(&self) -> bool {
        self.sent(Name::SuffixedSession).is_some() || self.sent(Name::SuffixedClientUat).is_some()
    }

    /// Returns `true` if `__session` is set under the suffixed name or under the plain one.
    pub(super) fn has_session(&self, suffixed: bool) -> bool {
        self.sent(Name::session(suffixed)).is_some()
    }

    /// `__session`.
    pub(super) fn session(&self, suffixed: bool) -> Option<&str> {
        let sent = self.sent(Name::session(suffixed))?;
        Some(self.session_read(suffixed).text(sent))
    }

    /// The token of `__session`.
    pub(super) fn session_token(
        &self,
        suffixed: bool,
        verified: Option<&VerifiedTokens>,
    ) -> Option<Result<UnverifiedToken<'_>, TokenError>> {
        let sent = self.sent(Name::session(suffixed))?;
        let session = self.session_read(suffixed);
        Some(session.token.read(sent, || session.text(sent), verified))
    }

    fn session_read(&self, suffixed: bool) -> &Session<'h> {
        match suffixed && !self.are_sessions_equal() {
            true => &self.suffixed_session,
            false => &self.session,
        }
    }

    pub(super) fn are_sessions_equal(&self) -> bool {
        let [plain, suffixed] = [Name::Session, Name::SuffixedSession].map(|name| self.sent(name));
        plain
            .zip(suffixed)
            .is_some_and(|(plain, suffixed)| ptr::eq(plain, suffixed))
    }

    /// Drops `__session` under the plain name.
    pub(super) fn forget_plain_session(&mut self) {
        let read = mem::take(&mut self.session);
        if self.are_sessions_equal() {
            self.suffixed_session = read;
        }
        self.sent[Name::Session as usize] = None;
    }

    /// `__client_uat`, unparsed.
    pub(super) fn client_uat(&self, suffixed: bool) -> Option<&str> {
        self.get(match suffixed {
            true => Name::SuffixedClientUat,
            false => Name::ClientUat,
        })
    }

    /// `__clerk_db_jwt`.
    pub(super) fn dev_browser(&self, suffixed: bool) -> Option<&str> {
        self.get(match suffixed {
            true => Name::SuffixedDevBrowser,
            false => Name::DevBrowser,
        })
    }

    /// `__refresh_<suffix>`.
    pub(super) fn refresh(&self) -> Option<&str> {
        self.get(Name::SuffixedRefresh)
    }

    /// `__clerk_handshake`.
    pub(super) fn handshake(&self) -> Option<&str> {
        self.get(Name::Handshake)
    }

    /// `__clerk_handshake_nonce`.
    pub(super) fn handshake_nonce(&self) -> Option<&str> {
        self.get(Name::HandshakeNonce)
    }

    /// `__clerk_redirect_count`, unparsed.
    pub(super) fn redirect_count(&self) -> Option<&str> {
        self.get(Name::RedirectCount)
    }

    fn sent(&self, name: Name) -> Option<&'h [u8]> {
        self.sent[name as usize].filter(|value| !value.is_empty())
    }

    fn get(&self, name: Name) -> Option<&str> {
        let sent = self.sent(name)?;
        let position = name as usize;
        if let Some(known) = self.decoded.get().and_then(|decoded| decoded[position].get()) {
            return Some(known);
        }
        Some(match decode(sent) {
            Cow::Borrowed(text) => text,
            Cow::Owned(text) => self.decoded.get_or_init(Box::default)[position].get_or_init(|| text.into()),
        })
    }
}

impl<'h> Session<'h> {
    /// Returns the value of the cookie. `sent` is always the same.
    fn text(&self, sent: &'h [u8]) -> &str {
        let text = || &**self.text.get_or_init(|| decode(sent));
        self.token.verified_text().unwrap_or_else(text)
    }
}

/// Returns the value of a cookie by its bytes as sent.
fn decode(sent: &[u8]) -> Cow<'_, str> {
    /// Longer values are searched faster by other means.
    const SHORT: usize = 16;

    if sent.len() <= SHORT
        && sent.iter().all(u8::is_ascii_alphanumeric)
        && let Ok(text) = str::from_utf8(sent)
    {
        return text.into();
    }
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

    fn read(field: &str) -> RequestCookies<'_> {
        RequestCookies::of([field.as_bytes()], SUFFIX)
    }

    #[test]
    fn non_ascii_cookie_hides_no_session() {
        for field in ["name=José; __session=a", "__session=a; name=José"] {
            assert_eq!(read(field).session(false), Some("a"));
        }
        // Latin-1, as Node reads it.
        assert_eq!(read("__session=é%41").session(false), Some("\u{c3}\u{a9}A"));
    }

    #[test]
    fn first_cookie_of_a_name_counts() {
        let cookies = read("__session=a; __session=b;__client_uat = 5 ;  x; =y");
        assert_eq!(cookies.session(false), Some("a"));
        assert_eq!(cookies.client_uat(false), Some("5"));
        let cookies = read("__session=; __session=b");
        assert!(cookies.session(false).is_none() && cookies.is_any());
    }

    #[test]
    fn suffixed_names_belong_to_one_instance() {
        let cookies = read(
            "__session_nx2h_E-I=a; __session_other=b; __refresh_nx2h_E-I=r; __refresh=p; __clerk_handshake_nx2h_E-I=h",
        );
        assert_eq!((cookies.session(true), cookies.session(false)), (Some("a"), None));
        assert_eq!((cookies.refresh(), cookies.handshake()), (Some("r"), None));
    }

    #[test]
    fn values_are_decoded_after_splitting() {
        for (value, expected) in [
            ("a%20b", "a b"),
            ("a%3B%20__client_uat%3D9", "a; __client_uat=9"),
            ("a%zzb", "a%zzb"),
            ("a%2", "a%2"),
            // One bad escape leaves the whole value as sent, as `decodeURIComponent` does.
            ("a%20%zz", "a%20%zz"),
            ("%zz%20a", "%zz%20a"),
            ("%41%2", "%41%2"),
            ("%41%", "%41%"),
            ("%41%g0", "%41%g0"),
            ("%41%0g", "%41%0g"),
            ("%ff", "%ff"),
            ("\"q\"", "\"q\""),
            ("a=b=c", "a=b=c"),
        ] {
            let field = format!("__session={value}; __clerk_redirect_count={value}");
            let cookies = read(&field);
            // The second time from memory.
            for _ in 0..2 {
                assert_eq!(cookies.session(false), Some(expected), "{value}");
                assert_eq!(cookies.redirect_count(), Some(expected), "{value}");
            }
            assert_eq!(cookies.client_uat(false), None);
        }
        assert_eq!(read("__sess%69on=a").session(false), None);
    }

    #[test]
    fn value_beyond_the_size_of_a_token_stays_encoded() {
        let longest = format!("%41{}", "a".repeat(MAX_TOKEN_BYTES - 3));
        let field = format!("__session={longest}");
        assert!(read(&field).session(false).is_some_and(|value| value.starts_with("Aa")));
        let field = format!("{field}a");
        assert!(
            read(&field)
                .session(false)
                .is_none_or(|value| value.starts_with("%41a"))
        );
    }

    #[test]
    fn equal_session_cookies_are_forgotten_separately() {
        let mut cookies = read("__session=a; __session_nx2h_E-I=a");
        assert!(cookies.are_sessions_equal());
        assert_eq!((cookies.session(false), cookies.session(true)), (Some("a"), Some("a")));
        cookies.forget_plain_session();
        assert_eq!((cookies.session(false), cookies.session(true)), (None, Some("a")));
        cookies.forget_plain_session();
        assert!(cookies.has_session(true) && !cookies.has_session(false));
    }

    #[test]
    fn different_or_missing_session_cookies_are_told_apart() {
        let mut cookies = read("__session=a; __session_nx2h_E-I=b%20");
        assert_eq!((cookies.session(false), cookies.session(true)), (Some("a"), Some("b ")));
        cookies.forget_plain_session();
        assert_eq!((cookies.session(false), cookies.session(true)), (None, Some("b ")));
        for (field, has) in [
            ("", (false, false)),
            ("__session=a", (true, false)),
            ("__session_nx2h_E-I=a", (false, true)),
        ] {
            let cookies = read(field);
            assert_eq!((cookies.has_session(false), cookies.has_session(true)), has, "{field}");
            assert!(!cookies.are_sessions_equal());
        }
    }
}
