//! The head of a forwarded request.

use std::net::IpAddr;

use http::header::{ACCEPT_ENCODING, COOKIE, HOST, HeaderMap};
use http::request::Parts;
use http::uri::{Authority, PathAndQuery, Scheme};
use http::{HeaderValue, Method, Uri};
use percent_encoding::percent_decode_str;
use portal_sdk::names::header::{CLERK_PROXY_URL, CLERK_SECRET_KEY, FORWARDED_FOR, FORWARDED_HOST, FORWARDED_PROTO};
use portal_sdk::request::PublicUrl;

use super::ProxyError;
use super::fields::{drop_claims, drop_hop_by_hop};

/// The base URL that requests are forwarded to.
#[derive(Clone, Debug)]
pub(super) struct Upstream {
    scheme: Scheme,
    authority: Authority,
    /// The path before every request's path, without a trailing slash.
    prefix: Box<str>,
}

impl Upstream {
    /// Returns `None` unless `address` is an absolute URL.
    pub(super) fn parse(address: &str) -> Option<Self> {
        let uri: Uri = address.parse().ok()?;
        let parts = uri.into_parts();
        let prefix = parts
            .path_and_query
            .map_or_else(String::new, |path| path.path().to_owned());
        Some(Self {
            scheme: parts.scheme?,
            authority: parts.authority?,
            prefix: prefix.trim_end_matches('/').into(),
        })
    }

    pub(super) fn authority(&self) -> &Authority {
        &self.authority
    }

    pub(super) fn prefix(&self) -> &str {
        &self.prefix
    }

    pub(super) fn scheme(&self) -> &str {
        self.scheme.as_str()
    }

    /// Returns the upstream URL for a request; the request cannot choose the host.
    ///
    /// # Errors
    ///
    /// Returns [`ProxyError::Path`] if the path is not below `mount` or contains `..`.
    pub(super) fn address(&self, requested: &Uri, mount: &str) -> Result<Uri, ProxyError> {
        let rest = requested
            .path()
            .strip_prefix(mount)
            .filter(|rest| rest.is_empty() || rest.starts_with('/'));
        let rest = rest.filter(|rest| !climbs(rest)).ok_or(ProxyError::Path)?;
        let rest = if rest.is_empty() { "/" } else { rest };
        let query = requested.query().map_or_else(String::new, |query| format!("?{query}"));
        let path: PathAndQuery = format!("{}{rest}{query}", self.prefix)
            .parse()
            .map_err(|_| ProxyError::Path)?;
        let mut parts = http::uri::Parts::default();
        parts.scheme = Some(self.scheme.clone());
        parts.authority = Some(self.authority.clone());
        parts.path_and_query = Some(path);
        Uri::from_parts(parts).map_err(|_| ProxyError::Path)
    }
}

/// Returns `true` if a path contains `..`, percent-encoded or not.
fn climbs(path: &str) -> bool {
    let decoded = percent_decode_str(path).decode_utf8_lossy();
    decoded.split(['/', '\\']).any(|segment| segment == "..")
}

/// Returns `true` for methods that must not be forwarded.
///
/// A response to `TRACE` echoes the secret key (RFC 9110 section 9.3.8), and `CONNECT` opens a tunnel.
pub(super) fn is_for_one_hop(method: &Method) -> bool {
    matches!(*method, Method::CONNECT | Method::TRACE)
}

/// The values that the proxy adds to a request's head.
#[derive(Debug)]
pub(super) struct Facts<'r> {
    pub(super) url: &'r PublicUrl,
    pub(super) proxy_url: &'r str,
    pub(super) secret_key: &'r HeaderValue,
    pub(super) client: Option<IpAddr>,
    pub(super) host: &'r Authority,
}

/// Turns `parts` into the head for Clerk.
pub(super) fn rewrite(parts: &mut Parts, facts: &Facts<'_>) {
    let headers = &mut parts.headers;
    drop_hop_by_hop(headers);
    drop_claims(headers);
    join_cookies(headers);
    let text = |value: &str| HeaderValue::from_str(value).ok();
    let url = facts.url.as_url();
    let host = url.host_str().map(|host| match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    });
    for (name, value) in [
        (HOST, text(facts.host.as_str())),
        // As in Clerk's proxy, so that no hop has to guess a body's encoding.
        (ACCEPT_ENCODING, Some(HeaderValue::from_static("identity"))),
        (CLERK_PROXY_URL, text(facts.proxy_url)),
        (CLERK_SECRET_KEY, Some(facts.secret_key.clone())),
        (FORWARDED_HOST, host.as_deref().and_then(text)),
        (FORWARDED_PROTO, text(url.scheme())),
        (FORWARDED_FOR, facts.client.and_then(|client| text(&client.to_string()))),
    ] {
        headers.remove(&name);
        headers.extend(value.map(|value| (name, value)));
    }
}

/// Joins the fields into which HTTP/2 divides `Cookie`: HTTP/1.1 has one (RFC 9113 section 8.2.3).
fn join_cookies(headers: &mut HeaderMap) {
    let fields: Vec<&[u8]> = headers.get_all(COOKIE).iter().map(HeaderValue::as_bytes).collect();
    if fields.len() < 2 {
        return;
    }
    // Valid values stay valid when they are joined.
    if let Ok(joined) = HeaderValue::from_bytes(&fields.join(&b"; "[..])) {
        headers.insert(COOKIE, joined);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(upstream: &str, requested: &str) -> Option<String> {
        let upstream = Upstream::parse(upstream).unwrap();
        let address = upstream.address(&requested.parse().unwrap(), "/__clerk").ok()?;
        Some(address.to_string())
    }

    #[test]
    fn request_cannot_choose_the_upstream_host() {
        for (requested, expected) in [
            ("/__clerk/v1/client?a=%20b&c", Some("/v1/client?a=%20b&c")),
            ("/__clerk", Some("/")),
            ("/__clerk?a", Some("/?a")),
            ("/__clerk/", Some("/")),
            ("/__clerk//evil.example/x", Some("//evil.example/x")),
            ("/__clerk/@evil.example/x", Some("/@evil.example/x")),
            ("/__clerk/https://evil.example/x", Some("/https://evil.example/x")),
            ("http://evil.example/__clerk/v1/client", Some("/v1/client")),
            ("/__clerk/%2e%2e/x", None),
            ("/__clerk/v1/../../x", None),
            ("/__clerk/v1/..%2fx", None),
            ("/__clerk/..%5cx", None),
            ("/__clerkx/v1", None),
            ("/v1/client", None),
            ("/", None),
        ] {
            let found = address("https://fapi.example.com", requested);
            assert_eq!(
                found,
                expected.map(|path| format!("https://fapi.example.com{path}")),
                "{requested}"
            );
            let found = address("http://127.0.0.1:8787/accounts.dev/", requested);
            assert_eq!(
                found,
                expected.map(|path| format!("http://127.0.0.1:8787/accounts.dev{path}")),
                "{requested}"
            );
        }
        assert!(Upstream::parse("/path").is_none() && Upstream::parse("").is_none());
    }
}
