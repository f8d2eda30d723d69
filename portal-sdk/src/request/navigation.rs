//! Navigations and WebSockets, as browsers announce them.

use http::header::{CONNECTION, UPGRADE};
use http::request::Parts;
use http::{HeaderMap, HeaderName, Method};

use super::headers::header_value;
use crate::names::header;

/// Returns `true` for a navigation (`Sec-Fetch-Mode: navigate`): the browser will show the response as a page.
#[must_use]
pub fn is_navigation(headers: &HeaderMap) -> bool {
    has(headers, &header::SEC_FETCH_MODE, |mode| mode == "navigate")
}

/// Returns `true` for a WebSocket: `Upgrade` (RFC 6455 section 4.1), or since HTTP/2 an extended `CONNECT` (RFC 8441).
#[must_use]
pub fn is_upgrade(parts: &Parts) -> bool {
    let is_asked = has(&parts.headers, &CONNECTION, |value| value.contains("upgrade"))
        && has(&parts.headers, &UPGRADE, |value| value.contains("websocket"));
    is_asked || parts.method == Method::CONNECT
}

/// Returns `true` if the field exists and `is` accepts its value in lower case.
fn has(headers: &HeaderMap, name: &HeaderName, is: impl FnOnce(&str) -> bool) -> bool {
    header_value(headers, name).is_some_and(|value| is(value.trim().to_ascii_lowercase().as_str()))
}
