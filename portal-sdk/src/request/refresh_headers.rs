//! The header fields that a refresh forwards to Clerk.

use http::HeaderMap;
use http::header::{AUTHORIZATION, COOKIE};

use super::cookie_reader::cookies;
use super::headers::{header_value, latin1};
use crate::names::cookie;

/// Lower-case names, only Clerk's cookies, and no `Authorization`.
pub(super) fn headers_for_refresh(headers: &HeaderMap, suffix: &str) -> Vec<(String, String)> {
    headers
        .keys()
        .filter(|name| *name != AUTHORIZATION)
        .filter_map(|name| {
            let value = if name == COOKIE {
                clerk_cookies(headers, suffix)
            } else {
                header_value(headers, name)?.into_owned()
            };
            (!value.is_empty()).then(|| (name.as_str().to_owned(), value))
        })
        .collect()
}

/// Joins Clerk's cookies, plain or with this instance's suffix, into one field value.
fn clerk_cookies(headers: &HeaderMap, suffix: &str) -> String {
    let is_clerks = |name: &str| {
        let plain = name
            .strip_suffix(suffix)
            .and_then(|name| name.strip_suffix('_'))
            .unwrap_or(name);
        cookie::ALL.contains(&plain)
    };
    cookies(headers)
        .filter_map(|(name, value)| Some((std::str::from_utf8(name).ok()?, latin1(value))))
        .filter(|(name, _)| is_clerks(name))
        .map(|(name, value)| format!("{name}={value}"))
        .collect::<Vec<_>>()
        .join("; ")
}
