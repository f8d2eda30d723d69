//! Sending a caller elsewhere, in the way it understands.

use crate::caller::Caller;
use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, LOCATION};
use http::{HeaderValue, Response, StatusCode};
use portal_sdk::names::header::HX_REDIRECT;

use super::html::{content_that_goes_to, page_that_goes_to};

const TITLE: &str = "One moment, please";
const TEXT: &str = "This leads to another page.";

/// Redirects the client to `location` (a URL or a path): `303 See Other`, `HX-Redirect` for htmx, or a page that
/// continues by itself for Turbo, which cannot follow cross-origin redirects.
pub(crate) fn go_to(kind: Caller, location: &str) -> Response<Bytes> {
    let mut response = Response::new(Bytes::new());
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    let page = match kind {
        Caller::Turbo { .. } => Some(page_that_goes_to(location, TITLE, TEXT)),
        Caller::HtmxHistoryRestore => Some(content_that_goes_to(location, TITLE, TEXT)),
        _ => None,
    };
    if let Some(page) = page {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
        *response.body_mut() = page.into();
    }
    let name = match kind {
        Caller::Turbo { .. } => return response,
        Caller::Htmx { .. } | Caller::HtmxHistoryRestore => HX_REDIRECT,
        _ => LOCATION,
    };
    if name == LOCATION {
        *response.status_mut() = StatusCode::SEE_OTHER;
    }
    if let Ok(location) = HeaderValue::from_str(location) {
        response.headers_mut().insert(name, location);
    }
    response
}
