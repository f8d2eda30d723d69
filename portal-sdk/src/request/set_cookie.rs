//! [`SetCookie`]: a `Set-Cookie` field of this library.

use std::fmt;
use std::time::Duration;

use http::HeaderValue;

use super::PublicUrl;

/// A `Set-Cookie` field (RFC 6265 section 4.1) for an application's public URL.
///
/// The cookie covers the whole application (`Path`), is hidden from scripts (`HttpOnly`), is limited to TLS if the
/// public URL is https (`Secure`), and is not sent with cross-site subrequests (`SameSite=Lax`). Without a maximum age
/// it is a session cookie.
///
/// ```
/// use std::time::Duration;
///
/// use portal_sdk::request::{PublicUrl, SetCookie};
///
/// let url = PublicUrl::from("https://app.example.com/cart".parse::<url::Url>()?);
/// let cookie = SetCookie::new(&url, "theme", "dark").with_max_age(Duration::from_secs(3_600));
/// assert_eq!(
///     cookie.to_header().unwrap(),
///     "theme=dark; HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age=3600"
/// );
/// # Ok::<(), url::ParseError>(())
/// ```
#[derive(Clone)]
#[must_use = "a cookie is set by sending its field with a response"]
pub struct SetCookie {
    name: Box<str>,
    value: Box<str>,
    is_http_only: bool,
    is_strict: bool,
    is_secure: bool,
    path: Box<str>,
    domain: Option<Box<str>>,
    max_age: Option<Duration>,
}

impl SetCookie {
    /// Creates a cookie with a name and a value, both unencoded.
    pub fn new(url: &PublicUrl, name: &str, value: &str) -> Self {
        Self {
            name: name.into(),
            value: value.into(),
            is_http_only: true,
            is_strict: false,
            is_secure: url.is_https(),
            path: url.cookie_path().into(),
            domain: None,
            max_age: None,
        }
    }

    /// Creates the removal of a cookie set with [`new`](Self::new).
    pub fn removal(url: &PublicUrl, name: &str) -> Self {
        Self::new(url, name, "").with_max_age(Duration::ZERO)
    }

    /// Sets how long the browser keeps the cookie, in whole seconds.
    pub fn with_max_age(self, max_age: Duration) -> Self {
        Self {
            max_age: Some(max_age),
            ..self
        }
    }

    /// Sets `SameSite=Strict` instead of `Lax` (default: `false`).
    ///
    /// The browser then withholds the cookie even if the user follows a link on another site.
    pub fn with_strict_same_site(self, strict: bool) -> Self {
        Self {
            is_strict: strict,
            ..self
        }
    }

    /// Sets the attributes of Clerk's cookies.
    ///
    /// The cookie covers the whole host, or `domain` and its subdomains, and the scripts of Clerk's components can read
    /// it.
    pub(crate) fn like_clerk(self, domain: Option<&str>) -> Self {
        Self {
            is_http_only: false,
            path: "/".into(),
            domain: domain.map(Into::into),
            ..self
        }
    }

    /// The value of the `Set-Cookie` field.
    ///
    /// Returns `None` if the name is not a token, or the value or an attribute contains a character that ends it
    /// (RFC 6265 section 4.1.1).
    #[must_use]
    pub fn to_header(&self) -> Option<HeaderValue> {
        let is_name = !self.name.is_empty() && self.name.bytes().all(is_token_byte);
        let is_value = self.value.bytes().all(is_cookie_octet);
        let attributes = [Some(&self.path), self.domain.as_ref()];
        let are_attributes = attributes.into_iter().flatten().all(|text| !text.contains(';'));
        if !(is_name && is_value && are_attributes) {
            return None;
        }
        HeaderValue::try_from(self.to_text()).ok()
    }

    fn to_text(&self) -> String {
        let mut text = format!("{}={}", self.name, self.value);
        if self.is_http_only {
            text += "; HttpOnly";
        }
        text += if self.is_strict {
            "; SameSite=Strict"
        } else {
            "; SameSite=Lax"
        };
        if self.is_secure {
            text += "; Secure";
        }
        text += "; Path=";
        text += &self.path;
        if let Some(domain) = &self.domain {
            text += "; Domain=";
            text += domain;
        }
        if let Some(max_age) = self.max_age {
            text += "; Max-Age=";
            // Browsers read a signed number.
            text += &i64::try_from(max_age.as_secs()).unwrap_or(i64::MAX).to_string();
        }
        text
    }
}

/// Returns `true` for the characters of a token (RFC 9110 section 5.6.2).
fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

/// Returns `true` for the characters of an unquoted cookie value (`cookie-octet`).
fn is_cookie_octet(byte: u8) -> bool {
    byte.is_ascii_graphic() && !b"\",;\\".contains(&byte)
}

/// Shows the name only: the value may be a token.
impl fmt::Debug for SetCookie {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SetCookie")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use url::Url;

    use super::*;

    fn url(url: &str) -> PublicUrl {
        PublicUrl::from(Url::parse(url).unwrap())
    }

    #[test]
    fn attributes_follow_the_public_url() {
        for (here, expected) in [
            ("http://localhost:3000/a", "a=b; HttpOnly; SameSite=Lax; Path=/"),
            (
                "https://app.example.com/a",
                "a=b; HttpOnly; SameSite=Lax; Secure; Path=/",
            ),
        ] {
            assert_eq!(SetCookie::new(&url(here), "a", "b").to_header().unwrap(), expected);
        }
        let here = url("http://localhost/");
        let strict = SetCookie::removal(&here, "a").with_strict_same_site(true);
        assert_eq!(
            strict.to_header().unwrap(),
            "a=; HttpOnly; SameSite=Strict; Path=/; Max-Age=0"
        );
        let clerks = SetCookie::new(&here, "a", "").like_clerk(Some("example.com"));
        assert_eq!(
            clerks.to_header().unwrap(),
            "a=; SameSite=Lax; Path=/; Domain=example.com"
        );
    }

    #[test]
    fn characters_that_end_a_value_are_refused() {
        let here = url("http://localhost/");
        for (name, value) in [
            ("", "b"),
            ("a=", "b"),
            ("a;", "b"),
            ("a b", "b"),
            ("a", "b; Domain=example.com"),
            ("a", "b\r\nset-cookie: c"),
            ("a", "b c"),
            ("a", "b,c"),
            ("a", "\"b\""),
            ("a", "é"),
        ] {
            assert!(
                SetCookie::new(&here, name, value).to_header().is_none(),
                "{name:?} {value:?}"
            );
        }
        let domain = SetCookie::new(&here, "a", "b").like_clerk(Some("a;b.example"));
        assert!(domain.to_header().is_none());
    }

    #[test]
    fn value_is_absent_from_debug_output() {
        let cookie = SetCookie::new(&url("http://localhost/"), "a", "secret");
        assert!(!format!("{cookie:?}").contains("secret"));
    }

    #[test]
    fn longest_age_is_accepted() {
        let cookie = SetCookie::new(&url("http://localhost/"), "a", "b").with_max_age(Duration::MAX);
        assert!(cookie.to_header().is_some());
    }
}
