//! Tells requests of the portal's own pages from those of other sites.

use axum::http::HeaderMap;
use axum::http::header::{HOST, HeaderName, ORIGIN};

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Returns `true` unless the headers name another site as the origin of the request.
///
/// # Security
///
/// Only browsers send these headers. A form needs its token besides.
pub(crate) fn is_from_here(headers: &HeaderMap) -> bool {
    let text = |name: &HeaderName| headers.get(name).map(|value| value.to_str().unwrap_or("unreadable"));
    let same_site = text(&SEC_FETCH_SITE).is_none_or(|site| matches!(site, "same-origin" | "none"));
    let same_origin = text(&ORIGIN).is_none_or(|origin| {
        let host = text(&HOST).unwrap_or_default();
        origin
            .strip_prefix("http://")
            .is_some_and(|from| from.eq_ignore_ascii_case(host))
    });
    same_site && same_origin
}
