//! Cookies set by this library: reading one, writing a counter.

use std::time::Duration;

use http::{HeaderMap, HeaderValue};
use portal_sdk::request::{PublicUrl, SetCookie, cookie_values};

/// Returns the value of the first readable cookie with this name.
pub(crate) fn value<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    cookie_values(headers, name).next()
}

/// Returns the `Set-Cookie` value of a cookie that holds digits and separators.
pub(crate) fn counter(url: &PublicUrl, name: &str, value: &str, max_age: Duration) -> HeaderValue {
    let cookie = SetCookie::new(url, name, value).with_max_age(max_age);
    cookie.to_header().expect("digits and separators are cookie octets")
}
