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
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;

    use super::*;
    use crate::instance::{Instance, PublishableKey};

    const LIVE_PK: &str = "pk_live_Y2xlcmsuZXhhbXBsZS5jb20k";
    const TEST_PK: &str = "pk_test_Zm9vLWJhci0xMy5jbGVyay5hY2NvdW50cy5kZXYk";

    /// The address, or the name of the broken rule.
    fn checked(portal: &Portal, here: Option<&str>, text: &str) -> String {
        let here = here.map(|here| Url::parse(here).unwrap());
        match ReturnBackUrl::parse(text, portal, here.as_ref()) {
            Ok(url) => url.to_string(),
            Err(error) => {
                assert!(
                    error.to_string().contains(&format!("{:?}", without_query(text))),
                    "{error}"
                );
                let name = format!("{error:?}");
                name.split([' ', '{']).next().unwrap().to_owned()
            }
        }
    }

    #[test]
    fn only_addresses_of_ones_own_are_returned_to() {
        let instance = Instance::builder(LIVE_PK, "sk_live_x")
            .trusted_origins(["https://app.example.com", "https://other.example.org:8443"])
            .allowed_redirect_origins(["https://partner.example.net", "http://localhost:5173"])
            .build()
            .unwrap();
        let portal = Portal::from(&instance);
        for (text, expected) in [
            ("/a?b=1#c", "https://app.example.com/a?b=1#c"),
            ("a/../b", "https://app.example.com/b"),
            ("?x", "https://app.example.com/dash?x"),
            ("https://APP.example.com/x", "https://app.example.com/x"),
            ("https://example.com/", "https://example.com/"),
            ("https://deep.sub.example.com/", "https://deep.sub.example.com/"),
            ("https://other.example.org:8443/x", "https://other.example.org:8443/x"),
            ("https://partner.example.net/x", "https://partner.example.net/x"),
            ("http://localhost:5173/x", "http://localhost:5173/x"),
            ("/a b", "https://app.example.com/a%20b"),
            ("//evil.example/x", "Origin"),
            ("/\\evil.example/x", "Origin"),
            ("\\\\evil.example/x", "Origin"),
            ("https:evil.example", "https://app.example.com/evil.example"),
            ("http:evil.example", "Origin"),
            ("https:///evil.example/x", "Origin"),
            ("https://evil.example/", "Origin"),
            ("https://app.example.com.evil.example/", "Origin"),
            ("https://evilexample.com/", "Origin"),
            ("https://example.com.:443/", "Origin"),
            ("https://app.example.com./", "Origin"),
            ("http://app.example.com/", "Origin"),
            ("https://app.example.com:8443/", "Origin"),
            ("https://sub.example.com:8443/", "Origin"),
            ("https://sub.partner.example.net/", "Origin"),
            ("https://other.example.org/", "Origin"),
            ("http://localhost:5174/x", "Origin"),
            ("https://app.ex\u{430}mple.com/", "Origin"),
            ("https://app.example.com@evil.example/", "UserInfo"),
            ("https://user:pass@app.example.com/", "UserInfo"),
            ("https://app.example.com//evil.example", "Path"),
            ("/x\n", "Control"),
            ("\t//evil.example", "Control"),
            ("java\tscript:alert(1)", "Control"),
            ("/\0", "Control"),
            ("javascript:alert(1)", "Scheme"),
            ("data:text/html,x", "Scheme"),
            ("ftp://app.example.com/", "Scheme"),
            ("https://[", "Invalid"),
            ("https://", "Invalid"),
        ] {
            assert_eq!(
                checked(&portal, Some("https://app.example.com/dash"), text),
                expected,
                "{text:?}"
            );
        }
    }

    /// An application at `http://localhost:3000` whose Frontend API is `frontend_api`.
    fn portal_of(prefix: &str, frontend_api: &str) -> Portal {
        let key = STANDARD.encode(format!("{frontend_api}$"));
        let instance = Instance::builder(format!("pk_{prefix}_{key}"), format!("sk_{prefix}_x"));
        Portal::from(&instance.build().unwrap())
    }

    #[test]
    fn in_development_the_frontend_api_is_allowed_too() {
        const HERE: Option<&str> = Some("http://localhost:3000/x");
        let development = portal_of("test", "foo-bar-13.clerk.accounts.dev");
        let production = portal_of("live", "foo-bar-13.clerk.example.com");
        let local = portal_of("test", "http://127.0.0.1:8787/accounts.dev");
        for (portal, text, is_allowed) in [
            (
                &development,
                "https://foo-bar-13.clerk.accounts.dev/v1/verify?a=1",
                true,
            ),
            (&development, "https://foo-bar-13.clerk.accounts.dev:8443/x", false),
            (&development, "http://foo-bar-13.clerk.accounts.dev/x", false),
            (&development, "https://deep.foo-bar-13.clerk.accounts.dev/x", false),
            (&development, "https://other.clerk.accounts.dev/x", false),
            (&development, "https://clerk.accounts.dev/x", false),
            (&development, "https://deep.foo-bar-13.accounts.dev/x", true),
            (&production, "https://foo-bar-13.clerk.example.com/v1/verify", false),
            (&production, "https://deep.foo-bar-13.example.com/x", true),
            (&local, "http://127.0.0.1:8787/user", true),
            (&local, "http://127.0.0.1:8788/user", false),
            (&local, "https://127.0.0.1:8787/user", false),
        ] {
            let expected = if is_allowed { text } else { "Origin" };
            assert_eq!(checked(portal, HERE, text), expected, "{text}");
        }
        // Without an application's settings the key's kind says the same.
        let key: PublishableKey = TEST_PK.parse().unwrap();
        let bare = Portal::from(key.frontend_api());
        let text = "https://foo-bar-13.clerk.accounts.dev/v1/verify";
        assert_eq!(checked(&bare, None, text), text);
    }

    #[test]
    fn errors_say_what_the_portal_would_do_and_no_more() {
        let portal = portal_of("test", "foo-bar-13.clerk.accounts.dev");
        let here = Url::parse("http://localhost:3000/x").unwrap();
        let error = |text| {
            ReturnBackUrl::parse(text, &portal, Some(&here))
                .unwrap_err()
                .to_string()
        };
        assert_eq!(
            error("https://evil.example/"),
            "\"https://evil.example/\" is not on an allowed origin (http://localhost:3000, https://foo-bar-13.accounts.dev \
             and its subdomains, https://foo-bar-13.clerk.accounts.dev); unless Clerk was told to allow it, the portal \
             would drop it and send the person to its default page; add the origin to allowed_redirect_origins, here and \
             at Clerk"
        );
        for (text, is_dropped) in [
            ("javascript:alert(1)", true),
            ("http://localhost:3000//x", true),
            // The portal compares origins and would go to these, or cannot read them at all.
            ("http://ada:pass@localhost:3000/", false),
            ("/x\n", false),
            ("https://[", false),
        ] {
            assert_eq!(error(text).contains("the portal would drop it"), is_dropped, "{text:?}");
        }
    }

    #[test]
    fn overlong_address_is_refused_by_its_length() {
        let portal = portal_of("test", "foo-bar-13.clerk.accounts.dev");
        let here = Url::parse("http://localhost:3000/x").unwrap();
        let of_length = |length: usize| {
            let path = "a".repeat(length - "http://localhost:3000/".len());
            ReturnBackUrl::parse(&format!("/{path}"), &portal, Some(&here))
        };
        assert!(of_length(8_192).is_ok());
        let error = of_length(8_193).unwrap_err();
        assert_eq!(
            error.to_string(),
            "found an address of 8193 bytes; expected at most 8192"
        );
    }

    #[test]
    fn a_checked_address_reads_as_one() {
        let portal = Portal::from(&Instance::builder(LIVE_PK, "sk_live_x").build().unwrap());
        let url = ReturnBackUrl::parse("https://app.example.com/x?y", &portal, None).unwrap();
        assert_eq!(
            (url.as_ref(), url.to_string().as_str()),
            ("https://app.example.com/x?y", url.as_url().as_str())
        );
    }

    #[test]
    fn without_a_request_the_instances_domain_counts() {
        let live = Portal::from(
            Instance::builder(LIVE_PK, "sk_live_x")
                .build()
                .unwrap()
                .publishable_key()
                .frontend_api(),
        );
        let test = Portal::from(
            Instance::builder(TEST_PK, "sk_test_x")
                .build()
                .unwrap()
                .publishable_key()
                .frontend_api(),
        );
        for (portal, text, expected) in [
            (&live, "https://app.example.com/x", "https://app.example.com/x"),
            (&live, "https://evil.example/x", "Origin"),
            (&live, "/x", "Relative"),
            (
                &test,
                "https://foo-bar-13.accounts.dev/user",
                "https://foo-bar-13.accounts.dev/user",
            ),
            (&test, "http://localhost:3000/", "Origin"),
        ] {
            assert_eq!(checked(portal, None, text), expected, "{text}");
        }
        assert_eq!(
            checked(&test, Some("http://localhost:3000/x"), "/y"),
            "http://localhost:3000/y"
        );
    }
}
