//! Types that redact themselves: [`Secret`], and [`WithoutQuery`] for URLs.

use std::fmt;
use std::sync::Arc;

use url::Url;

/// A secret key, a token or a nonce.
///
/// # Security
///
/// `Debug` prints `[redacted]`. The type has neither `Display`, `PartialEq` nor serialization on purpose: only
/// [`expose`](Self::expose) returns the text, so that a search finds every use.
///
/// Its memory is not overwritten when it is dropped. A session token is shared by the cache of verified tokens and the
/// requests that use it, and the secret key is in the process's environment as long as the process runs.
///
/// ```
/// use portal_sdk::secret::Secret;
///
/// let secret = Secret::new("sk_test_example");
/// assert_eq!(format!("{secret:?}"), "[redacted]");
/// assert_eq!(secret.expose(), "sk_test_example");
/// ```
#[derive(Clone)]
pub struct Secret(Arc<str>);

impl Secret {
    /// Wraps `text`.
    #[must_use]
    pub fn new(text: impl Into<Arc<str>>) -> Self {
        Self(text.into())
    }

    /// Returns the text. Do not log it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

/// A URL for logs and `Debug`: scheme, host, port and path.
///
/// # Security
///
/// The query string is replaced, because it may carry a nonce, a ticket or a development browser's token. User
/// information and fragment are dropped.
///
/// ```
/// use portal_sdk::secret::WithoutQuery;
/// use url::Url;
///
/// let url = Url::parse("https://app.example.com/a?__clerk_handshake_nonce=n1")?;
/// assert_eq!(WithoutQuery(&url).to_string(), "https://app.example.com/a?[redacted]");
/// # Ok::<(), url::ParseError>(())
/// ```
#[derive(Clone, Copy)]
pub struct WithoutQuery<'u>(pub &'u Url);

impl fmt::Display for WithoutQuery<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let url = self.0;
        if url.cannot_be_a_base() {
            return write!(f, "{}:[redacted]", url.scheme());
        }
        let port = url.port().map_or_else(String::new, |port| format!(":{port}"));
        let query = url.query().map_or("", |_| "?[redacted]");
        let host = url.host_str().unwrap_or_default();
        write!(f, "{}://{host}{port}{}{query}", url.scheme(), url.path())
    }
}

impl fmt::Debug for WithoutQuery<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Returns the names of `Set-Cookie` values for `Debug`, because the values are tokens.
pub(crate) fn cookie_names<'c>(directives: impl IntoIterator<Item = &'c str>) -> Vec<&'c str> {
    let name = |directive: &'c str| directive.split_once('=').map_or("[redacted]", |(name, _)| name);
    directives.into_iter().map(name).collect()
}
