//! [`Origin`]: scheme, host and port of a URL.

use std::borrow::Borrow;
use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;
use std::sync::Arc;

use url::{Host, Position, Url};

use super::redact::{holds_secret_key, redacted};

/// A scheme, host and port, such as `https://app.example.com`.
///
/// The scheme's default port is omitted. Browser extensions and native applications have origins too, such as
/// `chrome-extension://abcdef` and `capacitor://localhost`.
///
/// ```
/// use portal_sdk::instance::Origin;
/// use url::Url;
///
/// let origin: Origin = "https://APP.example.com:443/".parse()?;
/// assert_eq!(origin, "https://app.example.com");
/// assert!(origin.is_origin_of(&Url::parse("https://app.example.com/dashboard")?));
/// assert!("https://app.example.com/dashboard".parse::<Origin>().is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Origin(Arc<str>);

/// The error of a string that is not an [`Origin`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected {}, found {found:?}", Origin::EXPECTED)]
#[non_exhaustive]
pub struct OriginError {
    /// The string. A secret in it is replaced by its kind.
    pub found: String,
}

impl Origin {
    /// The expected value, for error messages.
    pub(super) const EXPECTED: &str =
        "an origin (scheme, host and perhaps a port, nothing else) such as https://app.example.com";

    /// Returns the origin of `url`; `None` for schemes without one, such as `data:` and `file:`.
    #[must_use]
    pub fn of(url: &Url) -> Option<Self> {
        // `file:` has an opaque origin (WHATWG URL section 4.7).
        let host = url
            .host_str()
            .filter(|host| !host.is_empty() && url.scheme() != "file")?;
        let port = url.port().map_or_else(String::new, |port| format!(":{port}"));
        Some(Self(format!("{}://{host}{port}", url.scheme()).into()))
    }

    /// The origin as browsers write it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns `true` if `url` is on this origin.
    #[must_use]
    pub fn is_origin_of(&self, url: &Url) -> bool {
        let rest = self.0.strip_prefix(url.scheme());
        rest.and_then(|rest| rest.strip_prefix("://")) == Some(host_and_port(url))
    }

    /// Returns `true` if the host is this machine: `localhost`, `*.localhost`, 127.0.0.0/8 or `[::1]`.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        Url::parse(&self.0).is_ok_and(|url| is_loopback(&url))
    }
}

impl FromStr for Origin {
    type Err = OriginError;

    /// Parses an origin. A trailing slash is dropped.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let url = web_url(text).or_else(|| application_url(text));
        let bare =
            url.filter(|url| matches!(url.path(), "" | "/") && url.query().is_none() && url.fragment().is_none());
        bare.as_ref()
            .and_then(Self::of)
            .ok_or_else(|| OriginError { found: redacted(text) })
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Origin({})", self.0)
    }
}

impl AsRef<str> for Origin {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl Borrow<str> for Origin {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl PartialEq<str> for Origin {
    fn eq(&self, other: &str) -> bool {
        *self.0 == *other
    }
}

impl PartialEq<&str> for Origin {
    fn eq(&self, other: &&str) -> bool {
        *self.0 == **other
    }
}

impl From<Origin> for String {
    fn from(origin: Origin) -> Self {
        origin.0.as_ref().to_owned()
    }
}

impl From<&Origin> for String {
    fn from(origin: &Origin) -> Self {
        origin.0.as_ref().to_owned()
    }
}

/// Returns `true` if both URLs have the same scheme, host and port (RFC 6454 section 5), without allocating.
///
/// A URL with a non-web scheme has an opaque origin, which is never equal to another (WHATWG URL section 4.7).
pub(crate) fn is_same_origin(one: &Url, other: &Url) -> bool {
    let is_of_the_web = matches!(one.scheme(), "http" | "https" | "ws" | "wss" | "ftp");
    is_of_the_web && one.scheme() == other.scheme() && host_and_port(one) == host_and_port(other)
}

/// Returns `true` if the host is this machine: `localhost`, `*.localhost`, 127.0.0.0/8 or `[::1]`.
pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(ip)) => IpAddr::V4(ip).is_loopback(),
        Some(Host::Ipv6(ip)) => IpAddr::V6(ip).is_loopback(),
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        None => false,
    }
}

/// Parses an http(s) URL with a valid host and without user information.
pub(super) fn web_url(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    let is_web = matches!(url.scheme(), "http" | "https")
        && is_web_host(&url)
        && !text.chars().any(char::is_control)
        && !holds_secret_key(text);
    (is_web && url.username().is_empty() && url.password().is_none()).then_some(url)
}

/// Returns `true` if browsers can connect to the host. Wildcards and lists of hosts are rejected.
pub(super) fn is_web_host(url: &Url) -> bool {
    // Port 0 is reserved (RFC 6335 section 6).
    url.port() != Some(0) && has_web_host(url)
}

fn has_web_host(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => {
            let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
            let mut labels = name.strip_suffix('.').unwrap_or(name).split('.');
            labels.all(|label| !label.is_empty() && label.bytes().all(is_plain))
        }
        Some(Host::Ipv4(_) | Host::Ipv6(_)) => true,
        None => false,
    }
}

/// Parses the URL of a browser extension or a native application, such as `capacitor://localhost`.
fn application_url(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    // Web and WebSocket schemes have other rules.
    let is_application = !matches!(url.scheme(), "http" | "https" | "ws" | "wss" | "ftp" | "file");
    let has_plain_host = url.host_str().is_some_and(|host| !host.contains(['*', ',']));
    let has_user = !url.username().is_empty() || url.password().is_some();
    (is_application && has_plain_host && !has_user && !holds_secret_key(text)).then_some(url)
}

fn host_and_port(url: &Url) -> &str {
    &url[Position::BeforeHost..Position::BeforePath]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    #[test]
    fn origin_is_normalized_as_browsers_write_it() {
        for (text, origin) in [
            ("https://APP.example.com:443/", "https://app.example.com"),
            ("http://[::1]:3000", "http://[::1]:3000"),
            ("http://127.1", "http://127.0.0.1"),
            ("chrome-extension://abcdef/", "chrome-extension://abcdef"),
            ("capacitor://localhost", "capacitor://localhost"),
        ] {
            let parsed: Origin = text.parse().unwrap();
            assert_eq!(parsed, origin);
            assert_eq!(Origin::of(&url(text)), Some(parsed));
        }
        assert_eq!(Origin::of(&url("data:text/html,x")), None);
        assert_eq!(Origin::of(&url("file:///x")), None);
    }

    #[test]
    fn url_lies_on_its_own_origin_only() {
        let origin: Origin = "https://app.example.com:8443".parse().unwrap();
        for on in ["https://app.example.com:8443/a?b#c", "https://u:p@app.example.com:8443"] {
            assert!(origin.is_origin_of(&url(on)), "{on}");
        }
        for elsewhere in [
            "http://app.example.com:8443/",
            "https://app.example.com/",
            "https://app.example.com:844/",
            "https://b.app.example.com:8443/",
            "https://evil.example/https://app.example.com:8443",
            "data:app.example.com:8443",
        ] {
            assert!(!origin.is_origin_of(&url(elsewhere)), "{elsewhere}");
        }
        let extension: Origin = "chrome-extension://abc".parse().unwrap();
        assert!(extension.is_origin_of(&url("chrome-extension://abc/popup.html")));
    }

    #[test]
    fn same_origin_is_the_url_crates() {
        let urls = [
            "https://a.example/x",
            "https://u:p@a.example:443/y?z",
            "https://a.example:444/",
            "http://a.example/",
            "wss://a.example/",
            "file:///x",
            "data:text/html,x",
            "app://a.example/",
        ];
        for (one, other) in urls.iter().flat_map(|one| urls.map(|other| (url(one), url(other)))) {
            assert_eq!(
                is_same_origin(&one, &other),
                one.origin() == other.origin(),
                "{one} {other}"
            );
        }
    }

    #[test]
    fn loopback_hosts_are_recognized() {
        for (text, is_expected) in [
            ("http://localhost:3000", true),
            ("http://app.localhost", true),
            ("https://127.8.9.1", true),
            ("http://[::1]", true),
            ("https://localhost.example", false),
            ("https://10.0.0.1", false),
        ] {
            assert_eq!(text.parse::<Origin>().unwrap().is_loopback(), is_expected, "{text}");
        }
    }

    #[test]
    fn error_shows_the_text_but_no_secret() {
        let error = |text: &str| text.parse::<Origin>().unwrap_err().to_string();
        assert!(error("app.example.com").ends_with("found \"app.example.com\""));
        assert!(!error("sk_live_hunter2").contains("hunter2"));
    }
}
