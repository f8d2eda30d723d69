//! The head of a forwarded response.

use http::HeaderValue;
use http::header::{ALT_SVC, CONTENT_LENGTH, LOCATION, TRANSFER_ENCODING};
use http::response::Parts;
use url::Url;

use super::fields::drop_hop_by_hop;
use super::request::Upstream;

/// Turns `parts` into the head for the client: rewrites `Location` on Clerk's host to the proxy.
pub(super) fn rewrite(parts: &mut Parts, upstream: &Upstream, proxy_url: &str) {
    // The coding alone delimits the body (RFC 9112 section 6.3). Forwarded, the length would give the client another body.
    if parts.headers.contains_key(TRANSFER_ENCODING) {
        parts.headers.remove(CONTENT_LENGTH);
    }
    drop_hop_by_hop(&mut parts.headers);
    // It names servers of Clerk's host. Browsers would look for them on the application's (RFC 7838 section 3).
    parts.headers.remove(ALT_SVC);
    let location = parts.headers.get(LOCATION).and_then(|location| location.to_str().ok());
    let rewritten = location.and_then(|location| below_the_proxy(location, upstream, proxy_url));
    if let Some(location) = rewritten.and_then(|location| HeaderValue::try_from(location).ok()) {
        parts.headers.insert(LOCATION, location);
    }
}

/// Returns a location on the upstream as a URL below the proxy; `None` if it is on another host.
fn below_the_proxy(location: &str, upstream: &Upstream, proxy_url: &str) -> Option<String> {
    let base = format!("{}://{}{}/", upstream.scheme(), upstream.authority(), upstream.prefix());
    let base = Url::parse(&base).ok()?;
    let url = base.join(location).ok()?;
    if (url.host_str(), url.port_or_known_default()) != (base.host_str(), base.port_or_known_default()) {
        return None;
    }
    // Other paths of the upstream's host are not the Frontend API's.
    let path = url
        .path()
        .strip_prefix(upstream.prefix())
        .filter(|path| path.starts_with('/'))?;
    let query = url.query().map_or_else(String::new, |query| format!("?{query}"));
    let fragment = url
        .fragment()
        .map_or_else(String::new, |fragment| format!("#{fragment}"));
    Some(format!("{proxy_url}{path}{query}{fragment}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locations_on_the_upstream_are_below_the_proxy() {
        let proxied = "https://app.example.com/__clerk";
        for (upstream, location, expected) in [
            (
                "https://fapi.example.com",
                "https://fapi.example.com/v1/x?a=b#c",
                Some("/v1/x?a=b#c"),
            ),
            ("https://fapi.example.com", "/v1/x", Some("/v1/x")),
            ("https://fapi.example.com", "//fapi.example.com/v1/x", Some("/v1/x")),
            ("https://fapi.example.com", "https://fapi.example.com:443/x", Some("/x")),
            ("https://fapi.example.com", "https://fapi.example.com:444/x", None),
            ("https://fapi.example.com", "https://app.example.com/back", None),
            (
                "https://fapi.example.com",
                "https://fapi.example.com.evil.example/",
                None,
            ),
            ("https://fapi.example.com", "mailto:a@b", None),
            (
                "http://127.0.0.1:8787/accounts.dev",
                "http://127.0.0.1:8787/accounts.dev/v1/x",
                Some("/v1/x"),
            ),
            (
                "http://127.0.0.1:8787/accounts.dev",
                "http://127.0.0.1:8787/sign-in",
                None,
            ),
            (
                "http://127.0.0.1:8787/accounts.dev",
                "http://127.0.0.1:8787/accounts.development",
                None,
            ),
        ] {
            let upstream = Upstream::parse(upstream).unwrap();
            let expected = expected.map(|path| format!("{proxied}{path}"));
            assert_eq!(below_the_proxy(location, &upstream, proxied), expected, "{location}");
        }
    }
}
