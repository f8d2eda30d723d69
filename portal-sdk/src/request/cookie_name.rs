//! [`Name`]: the names of Clerk's cookies, with and without the suffix of an instance.

use super::cookie_reader::trim_start;
use crate::names::cookie;

/// One of Clerk's cookies, by its name.
#[derive(Clone, Copy)]
pub(super) enum Name {
    Session,
    SuffixedSession,
    ClientUat,
    SuffixedClientUat,
    DevBrowser,
    SuffixedDevBrowser,
    SuffixedRefresh,
    Handshake,
    HandshakeNonce,
    RedirectCount,
}

/// The number of names.
pub(super) const NAMES: usize = Name::RedirectCount as usize + 1;

impl Name {
    pub(super) fn session(suffixed: bool) -> Self {
        match suffixed {
            true => Self::SuffixedSession,
            false => Self::Session,
        }
    }

    /// Returns one of Clerk's names and the text after its `=`; `None` if `text` starts with another name.
    pub(super) fn split<'t>(text: &'t [u8], suffix: &[u8]) -> Option<(Self, &'t [u8])> {
        let text = text.strip_prefix(PREFIX)?;
        COOKIES.iter().find_map(|(name, plain, suffixed)| {
            let rest = text.strip_prefix(name.as_bytes())?;
            let (found, rest) = match rest.strip_prefix(b"_") {
                Some(rest) => (suffixed, rest.strip_prefix(suffix)?),
                None => (plain, rest),
            };
            let value = trim_start(rest).strip_prefix(b"=")?;
            Some(((*found)?, trim_start(value)))
        })
    }
}

/// The start of all of Clerk's names. Names of other applications rarely have it.
const PREFIX: &[u8] = b"__";

/// The cookies by name, with and without a suffix. Those of a signed-in user are first.
const COOKIES: [(&str, Option<Name>, Option<Name>); 7] = [
    (
        without_prefix(cookie::SESSION),
        Some(Name::Session),
        Some(Name::SuffixedSession),
    ),
    (
        without_prefix(cookie::CLIENT_UAT),
        Some(Name::ClientUat),
        Some(Name::SuffixedClientUat),
    ),
    (without_prefix(cookie::REFRESH), None, Some(Name::SuffixedRefresh)),
    (
        without_prefix(cookie::DEV_BROWSER),
        Some(Name::DevBrowser),
        Some(Name::SuffixedDevBrowser),
    ),
    (without_prefix(cookie::HANDSHAKE), Some(Name::Handshake), None),
    (
        without_prefix(cookie::HANDSHAKE_NONCE),
        Some(Name::HandshakeNonce),
        None,
    ),
    (without_prefix(cookie::REDIRECT_COUNT), Some(Name::RedirectCount), None),
];

const fn without_prefix(name: &'static str) -> &'static str {
    name.split_at(PREFIX.len()).1
}
