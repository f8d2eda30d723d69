//! [`PublicUrl`]: the URL of a request, as the browser sees it.

use std::borrow::Cow;
use std::fmt;

use http::Version;
use http::header::HOST;
use http::request::Parts;
use url::{ParseError, Position, Url};

use super::headers::{first_value, header_value};
use crate::instance::{PublicOrigins, base_path, is_same_origin, join_below};
use crate::names::{header, query};
use crate::secret::WithoutQuery;
use crate::url_query::without_parameters;

/// The URL of a request, as the browser sees it.
///
/// Scheme and host are taken from the forwarded headers, else from `Host`, else from the request target. Path and query
/// string are the request target's.
///
/// # Security
///
/// `X-Forwarded-Host` and `X-Forwarded-Proto` are trusted, as in Clerk's SDK. Let the proxy in front of the application
/// set or remove them. The path never changes the origin, even if it starts with `//`.
///
/// `X-Forwarded-Port` and `Forwarded` (RFC 7239) are not read; set
/// [`public_origin`](crate::instance::InstanceBuilder::public_origin) where a proxy sends only those.
///
/// ```
/// use http::Request;
/// use portal_sdk::request::PublicUrl;
///
/// let request = Request::get("/cart?step=2").header("host", "shop:8080").header("x-forwarded-host", "shop.example.com");
/// let (parts, ()) = request.header("x-forwarded-proto", "https").body(())?.into_parts();
/// assert_eq!(PublicUrl::of(&parts).as_url().as_str(), "https://shop.example.com/cart?step=2");
/// # Ok::<(), http::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct PublicUrl {
    url: Url,
    origin: Box<str>,
    /// The path prefix that a proxy strips, without a trailing slash.
    base_path: Box<str>,
}

impl PublicUrl {
    /// Reads a request's public URL.
    ///
    /// Never fails. An invalid forwarded host is ignored; a request without any host is treated as `localhost`.
    #[must_use]
    pub fn of(parts: &Parts) -> Self {
        let authority: Option<Cow<'_, str>> = parts.uri.authority().map(|authority| authority.as_str().into());
        // Since HTTP/2 the target holds the host (`:authority`), and `Host` may be missing (RFC 9113 section 8.3.1).
        let target_is_host = parts.version >= Version::HTTP_2;
        let host = first_value(&parts.headers, &HOST).or_else(|| authority.clone().filter(|_| target_is_host));
        let own_host = authority.or_else(|| host.clone());
        let own_scheme = parts.uri.scheme_str().unwrap_or("http");
        let path_and_query = parts.uri.path_and_query().map_or("/", |path| path.as_str());

        let forwarded_host = header_value(&parts.headers, &header::FORWARDED_HOST);
        let forwarded_proto = header_value(&parts.headers, &header::FORWARDED_PROTO);
        let resolved_host = match &forwarded_host {
            Some(forwarded) => first_element(forwarded),
            None => host.as_deref().unwrap_or_default(),
        };
        let resolved_scheme = forwarded_proto.as_deref().map_or(own_scheme, first_element);

        let url = with_path(resolved_scheme, resolved_host, path_and_query)
            .or_else(|| with_path(own_scheme, own_host.as_deref().unwrap_or("localhost"), path_and_query))
            .or_else(|| with_path("http", "localhost", path_and_query))
            .unwrap_or_else(localhost);
        Self::from(url)
    }

    /// Reads a request's public URL, limited to the application's `origins`.
    ///
    /// A request for another origin is treated as one for an origin of the application. Without `origins`, the URL is
    /// that of [`of`](Self::of).
    #[must_use]
    pub fn within(parts: &Parts, origins: &PublicOrigins) -> Self {
        let claimed = Self::of(parts);
        let prefix = header_value(&parts.headers, &header::FORWARDED_PREFIX);
        let Some(base) = origins.base_for(claimed.origin(), prefix.as_deref().map(first_element)) else {
            return claimed;
        };
        let mut url = base.clone();
        // The claimed path has no `..` left that could climb above the base path.
        url.set_path(&format!("{}{}", base_path(base), claimed.url.path()));
        url.set_query(claimed.url.query());
        Self {
            base_path: base_path(base).into(),
            ..Self::from(url)
        }
    }

    /// The URL, without a fragment.
    #[must_use]
    pub fn as_url(&self) -> &Url {
        &self.url
    }

    /// Scheme, host and port, such as `https://app.example.com`; a scheme's default port is omitted.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// The application's base URL without a trailing slash: the origin and the path prefix that a proxy strips, as in
    /// `https://example.com/shop`.
    #[must_use]
    pub fn base(&self) -> String {
        format!("{}{}", self.origin, self.base_path)
    }

    /// The cookie attribute `Path` for the whole application.
    pub(crate) fn cookie_path(&self) -> &str {
        match &*self.base_path {
            "" => "/",
            path => path,
        }
    }

    /// The path as the application's router sees it.
    pub(crate) fn application_path(&self) -> &str {
        let path = self.url.path().strip_prefix(&*self.base_path);
        path.filter(|path| !path.is_empty()).unwrap_or("/")
    }

    /// The URL of the application's root.
    #[must_use]
    pub fn root(&self) -> Url {
        let mut root = self.url.clone();
        root.set_path(&format!("{}/", self.base_path));
        root.set_query(None);
        root
    }

    /// Resolves a URL or a path of the application against this URL.
    ///
    /// A path may be the router's, such as `/cart`, or already start with the path of [`base`](Self::base).
    ///
    /// # Errors
    ///
    /// Returns [`ParseError`] if `text` is neither a URL nor a path.
    pub fn join(&self, text: &str) -> Result<Url, ParseError> {
        join_below(&self.url, &self.base_path, text)
    }

    /// Returns the `Location` for a URL or a path of the application.
    ///
    /// A path gets the prefix of [`base`](Self::base) unless it already starts with it.
    #[must_use]
    pub fn location<'t>(&self, text: &'t str) -> Cow<'t, str> {
        if self.base_path.is_empty() {
            return text.into();
        }
        let url = self.join(text).ok().filter(|url| is_same_origin(url, &self.url));
        // Relative paths and other URLs stay unchanged.
        match url.filter(|_| text.starts_with('/')) {
            Some(url) => url[Position::BeforePath..].to_owned().into(),
            None => text.into(),
        }
    }

    /// Returns `true` if the scheme is `https`.
    pub(crate) fn is_https(&self) -> bool {
        self.url.scheme() == "https"
    }

    /// The first query parameter named `name`, decoded.
    #[must_use]
    pub fn query_parameter(&self, name: &str) -> Option<String> {
        self.url
            .query_pairs()
            .find_map(|(key, value)| (key == name).then(|| value.into_owned()))
    }

    /// Returns this URL without the parameters that carry a development browser's token.
    pub(crate) fn without_dev_browser(&self) -> Url {
        without_parameters(&self.url, &[query::DEV_BROWSER, query::LEGACY_DEV_BROWSER])
    }

    /// Returns this URL without [`query::COOKIE_CHECK`].
    #[must_use]
    pub(crate) fn without_cookie_check(&self) -> Self {
        Self {
            url: without_parameters(&self.url, &[query::COOKIE_CHECK]),
            ..self.clone()
        }
    }

    /// Returns this URL without the parameters of a handshake.
    pub(crate) fn without_handshake(&self) -> Url {
        without_parameters(
            &self.url,
            &[
                query::HANDSHAKE,
                query::HELP,
                query::DEV_BROWSER,
                query::HANDSHAKE_NONCE,
            ],
        )
    }
}

impl From<Url> for PublicUrl {
    fn from(mut url: Url) -> Self {
        url.set_fragment(None);
        let origin = url.origin().ascii_serialization().into();
        Self {
            url,
            origin,
            base_path: "".into(),
        }
    }
}

impl fmt::Debug for PublicUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("PublicUrl").field(&WithoutQuery(&self.url)).finish()
    }
}

/// Prints the whole URL with its query string, which may hold a nonce or a token. For log lines use [`WithoutQuery`].
impl fmt::Display for PublicUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.url.fmt(f)
    }
}

/// Returns the first element of a comma-separated field, exactly as written.
fn first_element(list: &str) -> &str {
    list.split_once(',').map_or(list, |(first, _)| first)
}

/// Returns `None` unless `scheme` and `host` form an http(s) origin.
fn with_path(scheme: &str, host: &str, path_and_query: &str) -> Option<Url> {
    // A URL parser drops tabs and surrounding spaces; a host contains no other space.
    let (scheme, host) = (scheme.replace('\t', ""), host.replace('\t', ""));
    let (scheme, host) = (scheme.trim_start_matches(' '), host.trim_end_matches(' '));
    let scheme = web_scheme(scheme)?;
    if host.is_empty() || host.contains(|c: char| c.is_whitespace() || matches!(c, '@' | '\\')) {
        return None;
    }
    let mut url = Url::parse(&format!("{scheme}://{host}/")).ok()?;
    let (path, query) = path_and_query
        .split_once('?')
        .map_or((path_and_query, None), |(path, query)| (path, Some(query)));
    // Set path and query apart from the origin, so that `//evil.example` stays a path.
    url.set_path(path);
    url.set_query(query);
    url.set_fragment(None);
    Some(url)
}

/// Maps a WebSocket's scheme (RFC 6455 section 3), which some proxies send on an upgrade, to the page's.
fn web_scheme(scheme: &str) -> Option<&'static str> {
    match scheme.to_ascii_lowercase().as_str() {
        "http" | "ws" => Some("http"),
        "https" | "wss" => Some("https"),
        _ => None,
    }
}

fn localhost() -> Url {
    Url::parse("http://localhost/").expect("a constant URL")
}

#[cfg(test)]
mod tests;
