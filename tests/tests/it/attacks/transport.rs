//! The places of a request that carry a token.

use http::HeaderValue;
use percent_encoding::{NON_ALPHANUMERIC, percent_encode};

use super::victim::SUFFIX;

/// A place that carries a session token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Via {
    /// `__session` and `__client_uat`.
    Cookie,
    /// Both cookies with the instance's suffix.
    SuffixedCookie,
    /// The same token under both names.
    BothCookies,
    /// `Authorization: Bearer …`.
    Bearer,
    /// `Authorization` without a scheme.
    Bare,
}

impl Via {
    pub(crate) const ALL: [Self; 5] = [
        Self::Cookie,
        Self::SuffixedCookie,
        Self::BothCookies,
        Self::Bearer,
        Self::Bare,
    ];
    pub(crate) const COOKIES: [Self; 3] = [Self::Cookie, Self::SuffixedCookie, Self::BothCookies];

    /// The field that carries `token`; `None` if HTTP cannot send it there.
    pub(crate) fn field(self, token: &[u8]) -> Option<(&'static str, HeaderValue)> {
        let value = match self {
            Self::Bearer => [b"Bearer ", token].concat(),
            Self::Bare => token.to_vec(),
            Self::Cookie => cookies("", &in_cookie(token)),
            Self::SuffixedCookie => cookies(&format!("_{SUFFIX}"), &in_cookie(token)),
            Self::BothCookies => {
                let token = in_cookie(token);
                let suffixed = cookies(&format!("_{SUFFIX}"), &token);
                [cookies("", &token), b"; ".to_vec(), suffixed].concat()
            }
        };
        let name = match self {
            Self::Bearer | Self::Bare => "authorization",
            _ => "cookie",
        };
        Some((name, HeaderValue::from_bytes(&value).ok()?))
    }
}

fn cookies(suffix: &str, token: &[u8]) -> Vec<u8> {
    let uat = format!("; __client_uat{suffix}=1");
    [format!("__session{suffix}=").as_bytes(), token, uat.as_bytes()].concat()
}

/// A cookie's value: percent-encoded if it has bytes that a header field forbids, because values are decoded.
fn in_cookie(token: &[u8]) -> Vec<u8> {
    match HeaderValue::from_bytes(token).is_ok() && !token.contains(&b';') {
        true => token.to_vec(),
        false => percent_encode(token, NON_ALPHANUMERIC).to_string().into_bytes(),
    }
}
