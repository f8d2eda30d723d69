//! Header fields that the proxy removes.

use http::HeaderMap;
use http::header::{
    CONNECTION, EXPECT, HeaderName, PROXY_AUTHENTICATE, PROXY_AUTHORIZATION, TE, TRAILER, TRANSFER_ENCODING, UPGRADE,
};
use portal_sdk::names::header::{CLERK_PROXY_URL, CLERK_SECRET_KEY};

/// Hop-by-hop fields (RFC 9110 section 7.6.1), besides those that `Connection` names.
const HOP_BY_HOP: [HeaderName; 11] = [
    CONNECTION,
    HeaderName::from_static("http2-settings"),
    HeaderName::from_static("keep-alive"),
    PROXY_AUTHENTICATE,
    HeaderName::from_static("proxy-authentication-info"),
    PROXY_AUTHORIZATION,
    HeaderName::from_static("proxy-connection"),
    TE,
    TRAILER,
    TRANSFER_ENCODING,
    UPGRADE,
];

/// Parts of field names that claim the client's address or country, or the requested host and port: `X-Client-IP`,
/// `True-Client-IP`, `CF-Connecting-IPv6`, `Fastly-Client-IP`, `X-Azure-SocketIP`, `X-Envoy-External-Address`,
/// `CloudFront-Viewer-Address`, `X-Remote-Addr`, `Forwarded`, `X-Forwarded-Port`, `X-Original-Host`.
const CLAIMING: [&str; 18] = [
    "ip",
    "ips",
    "ipv4",
    "ipv6",
    "ipcountry",
    "clientip",
    "realip",
    "remoteip",
    "socketip",
    "userip",
    "addr",
    "address",
    "forwarded",
    "forwardedfor",
    "proxied",
    "original",
    "originating",
    "host",
];

/// Removes the hop-by-hop fields.
pub(super) fn drop_hop_by_hop(headers: &mut HeaderMap) {
    // Split bytes, so that an unreadable name does not hide the others.
    let named: Vec<HeaderName> = headers
        .get_all(CONNECTION)
        .iter()
        .flat_map(|value| value.as_bytes().split(|byte| *byte == b','))
        .filter_map(|name| HeaderName::from_bytes(name.trim_ascii()).ok())
        .collect();
    for name in named.iter().chain(&HOP_BY_HOP) {
        headers.remove(name);
    }
}

/// Removes the claims that only a proxy may make, and the fields that the server has already handled.
pub(super) fn drop_claims(headers: &mut HeaderMap) {
    let claims: Vec<HeaderName> = headers.keys().filter(|name| is_claim(name)).cloned().collect();
    for name in claims.iter().chain(&[EXPECT]) {
        headers.remove(name);
    }
}

/// Returns `true` if the field makes such a claim.
///
/// `_` counts as `-`, because some servers treat them alike (CGI, RFC 3875 section 4.1.18).
fn is_claim(name: &HeaderName) -> bool {
    let name = name.as_str().replace('_', "-");
    let is_ours = [&CLERK_PROXY_URL, &CLERK_SECRET_KEY]
        .into_iter()
        .any(|own| *own == *name);
    is_ours || name.split('-').any(|part| CLAIMING.contains(&part))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn claimed_addresses_are_dropped() {
        for name in [
            "x-client-ip",
            "x_client_ip",
            "true-client-ip",
            "cf-connecting-ip",
            "cf-connecting-ipv6",
            "cf-pseudo-ipv4",
            "cf-ipcountry",
            "x-real-ip",
            "x_real_ip",
            "forwarded",
            "forwarded-for",
            "x-forwarded",
            "x-forwarded-for",
            "x_forwarded_for",
            "x-forwarded-host",
            "x-forwarded-port",
            "x-forwarded-prefix",
            "x-forwarded-proto",
            "x-forwarded-server",
            "x-original-forwarded-for",
            "x-original-host",
            "x-original-url",
            "x-originating-ip",
            "x-host",
            "x-http-host-override",
            "x-remote-ip",
            "x-remote-addr",
            "x-cluster-client-ip",
            "x-azure-clientip",
            "x-azure-socketip",
            "x-appengine-user-ip",
            "x-envoy-external-address",
            "x-vercel-forwarded-for",
            "x-vercel-proxied-for",
            "x-nf-client-connection-ip",
            "x-proxyuser-ip",
            "wl-proxy-client-ip",
            "proxy-client-ip",
            "fastly-client-ip",
            "fly-client-ip",
            "do-connecting-ip",
            "incap-client-ip",
            "ali-cdn-real-ip",
            "cdn-src-ip",
            "cloudfront-viewer-address",
            "clerk-secret-key",
            "clerk_secret_key",
            "clerk_proxy_url",
        ] {
            assert!(is_claim(&HeaderName::from_static(name)), "{name}");
        }
    }

    #[test]
    fn other_fields_are_forwarded() {
        for name in [
            "accept",
            "authorization",
            "cookie",
            "content-length",
            "content-type",
            "origin",
            "referer",
            "user-agent",
            "sec-fetch-site",
            "x-csrf-token",
            "x-zip-code",
            "x-clip",
            "x-clerk-client",
            "clerk-api-version",
            "x-request-id",
        ] {
            assert!(!is_claim(&HeaderName::from_static(name)), "{name}");
        }
    }

    #[test]
    fn unreadable_connection_option_hides_no_other() {
        let mut headers = HeaderMap::new();
        headers.append(CONNECTION, HeaderValue::from_bytes("é, X-Drop".as_bytes()).unwrap());
        headers.append(CONNECTION, HeaderValue::from_static("x-too ,"));
        for name in ["x-drop", "x-too", "x-keep", "proxy-connection"] {
            headers.append(name, HeaderValue::from_static("1"));
        }
        drop_hop_by_hop(&mut headers);
        assert_eq!(headers.keys().map(HeaderName::as_str).collect::<Vec<_>>(), ["x-keep"]);
    }
}
