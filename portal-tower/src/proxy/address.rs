//! The client's IP address.

use std::net::IpAddr;

use http::HeaderMap;
use portal_sdk::names::header::FORWARDED_FOR;

/// Returns the client's IP address.
///
/// That is the peer's, or behind trusted proxies the last address in `X-Forwarded-For` that is not a trusted proxy's.
/// Addresses before it may be forged by the client.
pub(super) fn client_address(headers: &HeaderMap, peer: Option<IpAddr>, proxies: &[IpAddr]) -> Option<IpAddr> {
    let peer = peer?.to_canonical();
    let is_proxy = |address: &IpAddr| proxies.contains(address);
    if !is_proxy(&peer) {
        return Some(peer);
    }
    let fields = headers.get_all(FORWARDED_FOR).iter().rev();
    // Compare bytes, because unreadable text from the client must not hide an address that a proxy appended.
    let elements = fields.flat_map(|field| field.as_bytes().rsplit(|byte| *byte == b','));
    let mut client = peer;
    for element in elements {
        let element = std::str::from_utf8(element.trim_ascii()).ok();
        let Some(address) = element.and_then(parse) else {
            break;
        };
        client = address;
        if !is_proxy(&client) {
            break;
        }
    }
    Some(client)
}

/// Parses an address as proxies write it, with or without a port and brackets.
fn parse(element: &str) -> Option<IpAddr> {
    let bare = element.trim_start_matches('[');
    let bare = bare.split_once(']').map_or(bare, |(address, _)| address);
    let address = bare
        .parse()
        .or_else(|_| element.parse().map(|socket: std::net::SocketAddr| socket.ip()));
    address.ok().map(|address: IpAddr| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forwarded_address_is_trusted_from_configured_proxies_only() {
        let proxies: Vec<IpAddr> = ["10.0.0.1", "10.0.0.2"].map(|address| address.parse().unwrap()).into();
        for (peer, forwarded, expected) in [
            (Some("192.0.2.7"), vec![], Some("192.0.2.7")),
            (Some("192.0.2.7"), vec!["203.0.113.9"], Some("192.0.2.7")),
            (Some("::ffff:192.0.2.7"), vec![], Some("192.0.2.7")),
            (Some("10.0.0.1"), vec![], Some("10.0.0.1")),
            (Some("10.0.0.1"), vec!["203.0.113.9"], Some("203.0.113.9")),
            (
                Some("10.0.0.1"),
                vec!["1.1.1.1, 203.0.113.9, 10.0.0.2"],
                Some("203.0.113.9"),
            ),
            (
                Some("10.0.0.1"),
                vec!["1.1.1.1", "203.0.113.9:4711", "10.0.0.2"],
                Some("203.0.113.9"),
            ),
            (Some("10.0.0.1"), vec!["[2001:db8::1]:443"], Some("2001:db8::1")),
            (Some("10.0.0.1"), vec!["2001:db8::1"], Some("2001:db8::1")),
            (Some("10.0.0.1"), vec!["unknown"], Some("10.0.0.1")),
            (Some("10.0.0.1"), vec!["203.0.113.9, unknown"], Some("10.0.0.1")),
            (Some("10.0.0.1"), vec!["José, 203.0.113.9"], Some("203.0.113.9")),
            (Some("10.0.0.1"), vec!["203.0.113.9, José"], Some("10.0.0.1")),
            (Some("10.0.0.1"), vec!["José", "203.0.113.9"], Some("203.0.113.9")),
            (None, vec!["203.0.113.9"], None),
        ] {
            let mut headers = HeaderMap::new();
            for value in &forwarded {
                headers.append(FORWARDED_FOR, http::HeaderValue::from_bytes(value.as_bytes()).unwrap());
            }
            let peer = peer.map(|peer| peer.parse().unwrap());
            let expected = expected.map(|address| address.parse().unwrap());
            assert_eq!(
                client_address(&headers, peer, &proxies),
                expected,
                "{peer:?} {forwarded:?}"
            );
        }
    }
}
