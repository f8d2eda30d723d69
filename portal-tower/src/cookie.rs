//! Cookies of our own.

use http::HeaderMap;
use portal_sdk::request::cookie_values;

/// Returns the value of the first readable cookie with this name.
pub(crate) fn value<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    cookie_values(headers, name).next()
}
