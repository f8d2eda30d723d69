//! Sending a caller elsewhere, in the way it understands.

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, LOCATION};
use http::{HeaderValue, Response, StatusCode};
use portal_sdk::names::header::HX_REDIRECT;
use portal_sdk::request::RequestKind;

use crate::page::page_that_goes_to;

/// 303 to `location` (an address or a path), or what stands in for it: htmx reads a header of its own, and Turbo, whose
/// requests must not be redirected to another origin, a page that goes on by itself.
pub(crate) fn go_to(kind: RequestKind, location: &str) -> Response<Bytes> {
    let mut response = Response::new(Bytes::new());
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let RequestKind::Turbo { .. } = kind {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
        *response.body_mut() = page_that_goes_to(location, "One moment, please", "This leads to another page.").into();
        return response;
    }
    let name = match kind {
        RequestKind::Htmx { .. } => HX_REDIRECT,
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
