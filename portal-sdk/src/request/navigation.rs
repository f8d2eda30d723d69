//! What a browser says about how it made a request.

use http::header::{CONNECTION, UPGRADE};
use http::request::Parts;
use http::{HeaderMap, HeaderName, Method};

use super::headers::header_value;
use crate::names::header;

/// Returns `true` if the browser navigates (`Sec-Fetch-Mode: navigate`): it will show the answer as a page.
#[must_use]
pub fn is_navigation(headers: &HeaderMap) -> bool {
    has(headers, &header::SEC_FETCH_MODE, |mode| mode == "navigate")
}

/// Returns `true` if the connection is to become a WebSocket: by `Upgrade` (RFC 6455 section 4.1), or since HTTP/2 by an
/// extended `CONNECT` (RFC 8441).
#[must_use]
pub fn is_upgrade(parts: &Parts) -> bool {
    let is_asked = has(&parts.headers, &CONNECTION, |value| value.contains("upgrade"))
        && has(&parts.headers, &UPGRADE, |value| value.contains("websocket"));
    is_asked || parts.method == Method::CONNECT
}

/// Returns `true` if there is such a field and `is` holds for its value in lower case.
fn has(headers: &HeaderMap, name: &HeaderName, is: impl FnOnce(&str) -> bool) -> bool {
    header_value(headers, name).is_some_and(|value| is(value.trim().to_ascii_lowercase().as_str()))
}
