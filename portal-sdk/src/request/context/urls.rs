//! The facts about a request's URL and its referring page.

use http::header::{ORIGIN, REFERER};
use url::{Url, form_urlencoded};

use super::AuthenticateContext;
use crate::instance::{OrganizationTarget, is_same_origin};
use crate::request::PublicUrl;
use crate::request::headers::first_value;

impl<'r> AuthenticateContext<'r> {
    /// The request's public URL.
    #[must_use]
    pub fn url(&self) -> &PublicUrl {
        self.url.get_or_init(|| {
            let given = self.given_url.clone();
            let url = given.unwrap_or_else(|| PublicUrl::within(self.parts, self.instance.public_origins()));
            match self.cookie_check() {
                Some(_) => url.without_cookie_check(),
                None => url,
            }
        })
    }

    /// The origin that the request names, even if it is not one of the application's.
    pub(crate) fn claimed_origin(&self) -> Box<str> {
        PublicUrl::of(self.parts).origin().into()
    }

    /// The origin of [`url`](Self::url), if it was computed for this address before.
    pub(crate) fn known_origin(&self) -> Option<&'r str> {
        let read = || {
            let addresses = self.addresses.filter(|_| self.given_url.is_none());
            addresses?.origin(self.parts, &self.fields)
        };
        *self.known_origin.get_or_init(read)
    }

    /// Remembers the origin of [`url`](Self::url), if it was computed, for requests under the same address.
    pub(crate) fn remember_origin(&self) {
        let addresses = self.addresses.filter(|_| self.given_url.is_none());
        if let (Some(addresses), Some(url)) = (addresses, self.url.get()) {
            addresses.remember(self.parts, &self.fields, url.origin());
        }
    }

    /// The organization or personal account of the request's path.
    pub(crate) fn organization_target(&self) -> Option<&OrganizationTarget> {
        let read = || self.instance.organization_patterns().target(self.application_path());
        self.organization_target.get_or_init(read).as_ref()
    }

    /// The path as the application's router sees it, percent-encoded.
    fn application_path(&self) -> &str {
        let path = self.parts.uri.path();
        match self.given_url.is_none() && is_plain(path) {
            true => path,
            false => self.url().application_path(),
        }
    }

    /// The first query parameter named `name`, decoded.
    pub(crate) fn query_parameter(&self, name: &str) -> Option<String> {
        let query = match &self.given_url {
            Some(url) => url.as_url().query(),
            None => self.parts.uri.query(),
        };
        form_urlencoded::parse(query?.as_bytes()).find_map(|(key, value)| (key == name).then(|| value.into_owned()))
    }

    /// The `Origin` header.
    #[must_use]
    pub fn origin(&self) -> Option<&str> {
        let read = || {
            self.fields
                .origin
                .value(&self.parts.headers, &ORIGIN)
                .filter(|origin| !origin.is_empty())
        };
        self.origin.get_or_init(read).as_deref()
    }

    /// The `Referer` header, if it is a valid URL.
    #[must_use]
    pub fn referer(&self) -> Option<&Url> {
        let read = || match self.fields.referer.is_missing() {
            true => None,
            false => Url::parse(&first_value(&self.parts.headers, &REFERER)?).ok(),
        };
        self.referer.get_or_init(read).as_ref()
    }

    /// Parses `address`; returns `None` unless it is a URL on the application's origin.
    #[must_use]
    pub fn same_origin(&self, address: &str) -> Option<Url> {
        Url::parse(address).ok().filter(|url| self.is_own(url))
    }

    /// The `Referer`, if it is on the application's origin.
    #[must_use]
    pub fn same_origin_referer(&self) -> Option<&Url> {
        self.referer().filter(|referer| self.is_own(referer))
    }

    /// The `Referer`, if it is on another origin.
    pub(crate) fn foreign_referer(&self) -> Option<&Url> {
        // Most referring pages are the application's own, which the text shows without parsing.
        if self.fields.referer.is_missing() {
            return None;
        }
        let text = self.parts.headers.get(REFERER)?.as_bytes();
        if self.known_origin().is_some_and(|own| is_on_origin(text, own)) {
            return None;
        }
        self.referer().filter(|referer| !self.is_own(referer))
    }

    fn is_own(&self, url: &Url) -> bool {
        is_same_origin(url, self.url().as_url())
    }
}

/// Returns `true` if `text` is certainly a URL on `origin`.
///
/// After the origin and one of these delimiters, the rest of a URL cannot change its origin.
fn is_on_origin(text: &[u8], origin: &str) -> bool {
    text.strip_prefix(origin.as_bytes())
        .is_some_and(|rest| matches!(rest, [] | [b'/' | b'?' | b'#', ..]))
}

/// Returns `true` for a path that a URL parser does not change.
///
/// It has no dot segments and no characters to encode.
fn is_plain(path: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'-' | b'_' | b'~' | b'.');
    path.starts_with('/') && path.bytes().all(is_plain) && !path.contains("/.")
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;
    use crate::clock::UnixTime;
    use crate::instance::Instance;

    #[test]
    fn plain_path_is_one_that_a_url_parser_keeps() {
        for path in ["/", "//", "/a/b-c_d~e.f", "/a.b/c", "/A/9"] {
            assert!(is_plain(path), "{path}");
            assert_eq!(Url::parse(&format!("http://a{path}")).unwrap().path(), path);
        }
        for path in [
            "",
            "*",
            "a",
            "a/b",
            "/.",
            "/..",
            "/./a",
            "/../a",
            "/a/..",
            "/a/../b",
            "/a%20b",
            "/%2e%2e/a",
            "/a:b",
            "/a+b",
            "/\u{e9}",
            "/a\\b",
        ] {
            assert!(!is_plain(path), "{path}");
        }
    }

    #[test]
    fn url_is_on_an_origin_only_if_the_origin_ends_there() {
        let own = "https://app.example.com";
        for rest in ["", "/", "/a", "?a", "#a"] {
            assert!(is_on_origin(format!("{own}{rest}").as_bytes(), own), "{rest}");
        }
        for other in [
            "https://app.example.com.evil.example/",
            "https://app.example.community",
            "https://app.example.com:444/",
            "https://app.example.com@evil.example/",
            "https://app.example.com\\@evil.example/",
            "http://app.example.com/",
            "https://app.example.co",
            "",
        ] {
            assert!(!is_on_origin(other.as_bytes(), own), "{other}");
        }
    }

    #[test]
    fn organization_is_that_of_the_path_as_a_router_sees_it() {
        let instance = Instance::builder("pk_live_Y2xlcmsuZXhhbXBsZS5jb20k", "sk_live_x")
            .organization_patterns(["/orgs/:slug"])
            .build()
            .unwrap();
        let parts = |path: &str| {
            let request = Request::get(path).header("host", "app.example.com");
            request.body(()).unwrap().into_parts().0
        };
        let slug = |slug: &str| Some(OrganizationTarget::Slug(slug.into()));
        for (path, expected) in [
            ("/orgs/acme", slug("acme")),
            ("/orgs/ac%6De", slug("acme")),
            ("/a/../orgs/acme", slug("acme")),
            ("/orgs/../acme", None),
            ("/other", None),
        ] {
            let parts = parts(path);
            let cx = AuthenticateContext::new(&parts, &instance, UnixTime::from_secs(0));
            assert_eq!(cx.organization_target(), expected.as_ref(), "{path}");
        }
        // A router has removed the prefix since the URL was read.
        let (outer, inner) = (parts("/orgs/acme"), parts("/acme"));
        let cx = AuthenticateContext::new(&inner, &instance, UnixTime::from_secs(0));
        let cx = cx.with_public_url(PublicUrl::of(&outer));
        assert_eq!(cx.organization_target(), slug("acme").as_ref());
    }
}
