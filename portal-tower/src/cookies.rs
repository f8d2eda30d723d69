//! Cookies of our own.

use http::HeaderMap;
use http::header::COOKIE;

/// The value of the first cookie with this name.
pub(crate) fn value<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let fields = headers.get_all(COOKIE).iter().filter_map(|field| field.to_str().ok());
    fields
        .flat_map(|field| field.split(';'))
        .filter_map(|pair| pair.split_once('='))
        .find_map(|(found, value)| (found.trim() == name).then(|| value.trim()))
}
