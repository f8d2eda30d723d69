//! [`ReturnBackUrl`]: an address that the portal will send people back to.

use std::fmt;

use url::{ParseError, Url};

use super::Portal;
use crate::secret::WithoutQuery;

/// An address that was checked by the portal's own rules, so that the portal does not drop it, and by two more: it has
/// no user information, and no characters that a browser would leave out or change.
///
/// Allowed are the origin of the request, the application's other
/// [named origins](crate::instance::InstanceBuilder::public_origin), the instance's domain and its subdomains over https,
/// in development the Frontend API, and the
/// [`allowed_redirect_origins`](crate::instance::InstanceBuilder::allowed_redirect_origins). Scheme and port count.
/// The portal would silently send the person to its default page otherwise.
///
/// Links check theirs by themselves; make one to check what a visitor sent, such as a `?next=` parameter:
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
/// Whoever may choose where people land after signing in can show them a copy of the sign-in page: an open redirect.
#[derive(Clone, PartialEq, Eq)]
pub struct ReturnBackUrl(Url);

/// Why an address is none to send people back to. Most of them the portal would drop, and lead to its default page.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReturnBackUrlError {
    /// It is a path, and it is not known of which site.
    #[error(
        "{found:?} is relative; the portal would take it for a page of its own; give the public URL of the request, or an \
         absolute URL"
    )]
    Relative {
        /// The path.
        found: Box<str>,
    },
    /// It is neither a URL nor a path.
    #[error("{found:?} is no address; expected an absolute http(s) URL or a path")]
    Invalid {
        /// The text.
        found: Box<str>,
    },
    /// It is no address of the web.
    #[error("{found:?} is not http(s); the portal would drop it and send the person to its default page")]
    Scheme {
        /// The address.
        found: Box<str>,
    },
    /// It is longer than addresses may be.
    #[error("found an address of {length} bytes; expected at most {}", ReturnBackUrl::MAX_BYTES)]
    TooLong {
        /// Its length in bytes.
        length: usize,
    },
    /// It names a user before the host.
    #[error("{found:?} has user information; expected an address without a name or a password before its host")]
    UserInfo {
        /// The address.
        found: Box<str>,
    },
    /// It holds control characters. A browser leaves some out and writes others in another way, so that it would go
    /// elsewhere than was checked.
    #[error("{found:?} holds control characters; expected an address without, or with them percent-encoded")]
    Control {
        /// The text.
        found: Box<str>,
    },
    /// Its path begins with two slashes.
    #[error(
        "{found:?} has a path that begins with two slashes; the portal would drop it and send the person to its default \
         page; write it with one"
    )]
    Path {
        /// The address.
        found: Box<str>,
    },
    /// It lies on an origin that is not allowed.
    #[error(
        "{found:?} is not on an allowed origin ({allowed}); unless Clerk was told to allow it, the portal would drop it \
         and send the person to its default page; add the origin to allowed_redirect_origins, here and at Clerk"
    )]
    Origin {
        /// The address.
        found: Box<str>,
        /// What is allowed.
        allowed: Box<str>,
    },
}

impl ReturnBackUrl {
    /// The greatest length of an absolute address, in bytes: many servers and proxies refuse longer ones.
    pub const MAX_BYTES: usize = 8_192;

    /// Checks `text`: an absolute URL, or a path of the site that `requested_from` (the public URL of the request) is on.
    ///
    /// # Errors
    ///
    /// [`ReturnBackUrlError`] says which rule is broken.
    pub fn parse(text: &str, portal: &Portal, requested_from: Option<&Url>) -> Result<Self, ReturnBackUrlError> {
        let found = || without_query(text);
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
        let is_own = requested_from.is_some_and(|here| here.origin() == url.origin());
        if !is_own && !portal.allows(&url) {
            let allowed = portal.allowed(requested_from).into();
            return Err(ReturnBackUrlError::Origin {
                found: found(),
                allowed,
            });
        }
        Ok(Self(url))
    }

    /// The address.
    #[must_use]
    pub fn as_url(&self) -> &Url {
        &self.0
    }

    /// The address as text.
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

/// `text` for an error message: a query may hold a ticket or a token.
fn without_query(text: &str) -> Box<str> {
    match text.split_once(['?', '#']) {
        Some((address, _)) => format!("{address}?[redacted]").into(),
        None => text.into(),
    }
}

#[cfg(test)]
mod tests;
