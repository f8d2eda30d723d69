//! [`ReturnBackUrl`]: a URL that the portal sends users back to.

use std::fmt;

use url::{ParseError, Url};

use super::Portal;
use crate::instance::{is_same_origin, without_user_info};
use crate::secret::WithoutQuery;

/// A URL that the portal accepts as `redirect_url`.
///
/// Allowed are the origin of the request, the application's other [named
/// origins](crate::instance::InstanceBuilder::public_origin), the instance's domain and its subdomains over https, in
/// development the Frontend API, and the
/// [`allowed_redirect_origins`](crate::instance::InstanceBuilder::allowed_redirect_origins). Scheme and port must
/// match. The portal would ignore any other URL and send the user to its default page. Beyond the portal's rules, user
/// information and control characters are rejected.
///
/// Links check their own URL. Parse one to check a client's input, such as a `?next=` parameter:
///
/// ```
/// use portal_sdk::instance::Instance;
/// use portal_sdk::portal::{Portal, ReturnBackUrl};
/// use url::Url;
///
/// let instance = Instance::builder("pk_live_Y2xlcmsuZXhhbXBsZS5jb20k", "sk_live_example").build()?;
/// let portal = Portal::from(&instance);
/// let here = Url::parse("https://app.example.com/sign-in?next=/invoices")?;
/// let next = ReturnBackUrl::parse("/invoices", &portal, Some(&here))?;
/// assert_eq!(next.as_str(), "https://app.example.com/invoices");
/// assert!(ReturnBackUrl::parse("//evil.example", &portal, Some(&here)).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Security
///
/// With an unchecked URL, an attacker can lead users to a copy of the sign-in page after sign-in (open redirect).
#[derive(Clone, PartialEq, Eq)]
pub struct ReturnBackUrl(Url);

/// The error of a URL that cannot be a [`ReturnBackUrl`].
///
/// Messages do not show query strings and user information.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReturnBackUrlError {
    /// It is a path, and the requesting site is unknown.
    #[error("return-back URL: expected an absolute URL, found the path {found:?}; give the request's public URL too")]
    Relative {
        /// The path.
        found: Box<str>,
    },
    /// It is neither a URL nor a path.
    #[error("return-back URL: expected an absolute http(s) URL or a path, found {found:?}")]
    Invalid {
        /// The string.
        found: Box<str>,
    },
    /// Its scheme is neither `http` nor `https`.
    #[error("return-back URL: expected the scheme http or https, found {found:?}; the portal ignores other schemes")]
    Scheme {
        /// The URL.
        found: Box<str>,
    },
    /// It is longer than [`ReturnBackUrl::MAX_BYTES`].
    #[error(
        "return-back URL: expected at most {} bytes, found {length}; shorten it",
        ReturnBackUrl::MAX_BYTES
    )]
    TooLong {
        /// Its length in bytes.
        length: usize,
    },
    /// It has user information.
    #[error("return-back URL: expected no user information, found {found:?}; remove what precedes the @")]
    UserInfo {
        /// The URL.
        found: Box<str>,
    },
    /// It contains control characters. Browsers drop or rewrite them, so that the checked URL is not the one visited.
    #[error("return-back URL: expected no control characters, found {found:?}; percent-encode them")]
    Control {
        /// The string.
        found: Box<str>,
    },
    /// Its path starts with two slashes.
    #[error("return-back URL: expected a path with one leading slash, found {found:?}; the portal ignores such a URL")]
    Path {
        /// The URL.
        found: Box<str>,
    },
    /// Its origin is not allowed.
    #[error(
        "return-back URL: expected one on {allowed}, found {found:?}; the portal ignores other origins, so add this one \
         to allowed_redirect_origins, here and at Clerk"
    )]
    Origin {
        /// The URL.
        found: Box<str>,
        /// The allowed origins.
        allowed: Box<str>,
    },
}

impl ReturnBackUrl {
    /// The maximum length in bytes. Many servers and proxies reject longer URLs.
    pub const MAX_BYTES: usize = 8_192;

    /// Checks `text`, an absolute URL or a path of the requesting site.
    ///
    /// `requested_from` is the request's public URL.
    ///
    /// # Errors
    ///
    /// Returns [`ReturnBackUrlError`] for the first violated rule.
    pub fn parse(text: &str, portal: &Portal, requested_from: Option<&Url>) -> Result<Self, ReturnBackUrlError> {
        let found = || redacted(text);
        if text.chars().any(char::is_control) {
            return Err(ReturnBackUrlError::Control { found: found() });
        }
        let url = portal.resolve(requested_from, text).map_err(|error| match error {
            ParseError::RelativeUrlWithoutBase => ReturnBackUrlError::Relative { found: found() },
            _ => ReturnBackUrlError::Invalid { found: found() },
        })?;
        let length = url.as_str().len();
        if length > Self::MAX_BYTES {
            return Err(ReturnBackUrlError::TooLong { length });
        }
        if !matches!(url.scheme(), "http" | "https") {
            return Err(ReturnBackUrlError::Scheme { found: found() });
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(ReturnBackUrlError::UserInfo { found: found() });
        }
        if url.path().starts_with("//") {
            return Err(ReturnBackUrlError::Path { found: found() });
        }
        let is_own = requested_from.is_some_and(|here| is_same_origin(here, &url));
        if !is_own && !portal.allows(&url) {
            let allowed = portal.allowed(requested_from).into();
            return Err(ReturnBackUrlError::Origin {
                found: found(),
                allowed,
            });
        }
        Ok(Self(url))
    }

    /// The URL.
    #[must_use]
    pub fn as_url(&self) -> &Url {
        &self.0
    }

    /// The URL as a string.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    pub(super) fn into_url(self) -> Url {
        self.0
    }
}

impl AsRef<str> for ReturnBackUrl {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl fmt::Debug for ReturnBackUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ReturnBackUrl").field(&WithoutQuery(&self.0)).finish()
    }
}

impl fmt::Display for ReturnBackUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Redacts `text` for an error message: a query string may contain a ticket or a token, user information a password.
fn redacted(text: &str) -> Box<str> {
    let text = without_user_info(text);
    match text.split_once(['?', '#']) {
        Some((address, _)) => format!("{address}?[redacted]").into(),
        None => text.into(),
    }
}

#[cfg(test)]
mod tests;
