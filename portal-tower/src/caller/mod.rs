//! [`Caller`]: the kind of client, which determines the form of a response.
//!
//! A new kind of caller touches two files: this one recognizes it, `require/answer.rs` responds to it.

mod grpc;
#[cfg(test)]
mod tests;

use http::header::{ACCEPT, CONTENT_TYPE};
use http::request::Parts;
use http::{HeaderMap, HeaderName, Method};
use portal_sdk::names::header::SEC_FETCH_DEST;
use portal_sdk::request::{header_value, is_navigation, is_upgrade};

pub use self::grpc::GrpcMediaType;

/// htmx made the request: `true`.
const HX_REQUEST: HeaderName = HeaderName::from_static("hx-request");
/// htmx made the request for a boosted link or form: `true`.
const HX_BOOSTED: HeaderName = HeaderName::from_static("hx-boosted");
/// htmx restores a page of the browser's history that is missing from its cache: `true`.
const HX_HISTORY_RESTORE_REQUEST: HeaderName = HeaderName::from_static("hx-history-restore-request");
/// The URL of the page that htmx runs on.
const HX_CURRENT_URL: HeaderName = HeaderName::from_static("hx-current-url");
/// The frame that Turbo fills with the response.
const TURBO_FRAME: HeaderName = HeaderName::from_static("turbo-frame");
/// Turbo made the request.
const TURBO_REQUEST_ID: HeaderName = HeaderName::from_static("x-turbo-request-id");
/// Unpoly made the request: its version (<https://unpoly.com/X-Up-Version>).
const UP_VERSION: HeaderName = HeaderName::from_static("x-up-version");
/// Datastar made the request: `true` (<https://data-star.dev/reference/actions>).
const DATASTAR_REQUEST: HeaderName = HeaderName::from_static("datastar-request");

/// The kind of client that made a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Caller {
    /// A browser that navigates to a page and follows redirects.
    Page,
    /// A browser that submits a form. It follows redirects, but the form's URL is not a page to return to.
    Form,
    /// A script or a program, which needs a distinct status.
    Api,
    /// htmx, which swaps the response into a page and follows only its own header `HX-Redirect`.
    Htmx {
        /// `true` for a boosted link or form, whose URL becomes the page's.
        is_boosted: bool,
    },
    /// htmx, which restores a page of the browser's history. It swaps in a response with status 200 and ignores
    /// `HX-Redirect` there (htmx 2; see `loadHistoryFromServer` in its source).
    HtmxHistoryRestore,
    /// Turbo, which renders the response into a page.
    Turbo {
        /// `true` if the response is for a frame or a list of stream actions, not for the whole page.
        is_partial: bool,
    },
    /// Unpoly, which renders a part of an HTML response into a page, whatever its status. It cannot follow a redirect
    /// to another origin.
    Unpoly,
    /// Datastar, which applies patches to a page. It ignores the body of every response whose status is not 200, and
    /// cannot follow a redirect to another origin.
    Datastar,
    /// A WebSocket or an event stream, which must not be redirected.
    Stream,
    /// gRPC or gRPC-Web, which reads the status from the header `grpc-status` if the response has no message.
    Grpc(GrpcMediaType),
}

/// The page that the user returns to from the portal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ReturnsTo {
    /// The requested page.
    Requested,
    /// The page that sent the request, else the application's root.
    Sender,
    /// The page that sent the request, if the request names it.
    NamedSender,
    /// No page of the application.
    Nowhere,
}

impl Caller {
    /// Determines the kind of client from a request's head.
    ///
    /// A browser sends `Sec-Fetch-Mode: navigate`, or `Sec-Fetch-Dest: document` or `iframe`. Without a destination, it
    /// is a client whose `Accept` prefers HTML to JSON and to `*/*` (RFC 9110 section 12.5.1). The mode counts because
    /// a service worker that forwards a navigation leaves the destination `empty` (Fetch standard).
    #[must_use]
    pub fn of(parts: &Parts) -> Self {
        let headers = &parts.headers;
        let content_type = header_value(headers, &CONTENT_TYPE).unwrap_or_default();
        if let Some(media_type) = GrpcMediaType::of(&content_type.trim().to_ascii_lowercase()) {
            return Self::Grpc(media_type);
        }
        let accept = header_value(headers, &ACCEPT).unwrap_or_default();
        if is_upgrade(parts) {
            return Self::Stream;
        }
        // Before event streams: Datastar prefers one, but accepts other media types too.
        if has(headers, &DATASTAR_REQUEST, |value| value == "true") {
            return Self::Datastar;
        }
        if accept.trim_start().starts_with("text/event-stream") {
            return Self::Stream;
        }
        if has(headers, &HX_HISTORY_RESTORE_REQUEST, |value| value == "true") {
            return Self::HtmxHistoryRestore;
        }
        if has(headers, &HX_REQUEST, |value| value == "true") {
            let is_boosted = has(headers, &HX_BOOSTED, |value| value == "true");
            return Self::Htmx { is_boosted };
        }
        let is_partial = headers.contains_key(TURBO_FRAME) || accept.contains("text/vnd.turbo-stream.html");
        if is_partial || headers.contains_key(TURBO_REQUEST_ID) {
            return Self::Turbo { is_partial };
        }
        if headers.contains_key(UP_VERSION) {
            return Self::Unpoly;
        }
        let is_page = match header_value(headers, &SEC_FETCH_DEST).filter(|dest| !dest.is_empty()) {
            _ if is_navigation(headers) => true,
            Some(dest) => matches!(&*dest, "document" | "iframe"),
            None => prefers_html(&accept),
        };
        match (is_page, &parts.method) {
            (false, _) => Self::Api,
            (true, &Method::GET | &Method::HEAD) => Self::Page,
            (true, _) => Self::Form,
        }
    }

    /// Returns the unchecked URL of the page that the caller's script runs on.
    pub(crate) fn page_of_script(self, parts: &Parts) -> Option<String> {
        let name = match self {
            Self::Htmx { .. } => HX_CURRENT_URL,
            _ => return None,
        };
        header_value(&parts.headers, &name).map(Into::into)
    }

    /// Returns the page that the user returns to after a request with `method`.
    pub(crate) fn returns_to(self, method: &Method) -> ReturnsTo {
        let is_read_only = matches!(*method, Method::GET | Method::HEAD);
        match self {
            Self::Page | Self::HtmxHistoryRestore => ReturnsTo::Requested,
            Self::Htmx { is_boosted: true } | Self::Turbo { is_partial: false } if is_read_only => ReturnsTo::Requested,
            Self::Form | Self::Htmx { .. } | Self::Turbo { .. } | Self::Unpoly | Self::Datastar => ReturnsTo::Sender,
            Self::Api => ReturnsTo::NamedSender,
            Self::Stream | Self::Grpc(_) => ReturnsTo::Nowhere,
        }
    }

    /// Returns `true` if the request's body may never end.
    pub(crate) fn keeps_sending(self) -> bool {
        matches!(self, Self::Stream | Self::Grpc(_))
    }

    /// Returns `true` if the user sees an HTML response, whatever its status.
    pub(crate) fn reads_pages(self) -> bool {
        !matches!(self, Self::Api | Self::Datastar | Self::Stream | Self::Grpc(_))
    }

    /// Returns `true` if the browser shows the response as a page.
    #[must_use]
    pub fn is_shown(self) -> bool {
        matches!(self, Self::Page | Self::Form)
    }
}

/// Returns `true` if the field is present and `is` accepts its lower-case value.
fn has(headers: &HeaderMap, name: &HeaderName, is: impl FnOnce(&str) -> bool) -> bool {
    header_value(headers, name).is_some_and(|value| is(value.trim().to_ascii_lowercase().as_str()))
}

/// Returns `true` if an `Accept` value prefers HTML to JSON and to `*/*`. The first of equal weights wins.
fn prefers_html(accept: &str) -> bool {
    let mut best = (0.0, false);
    for range in accept.split(',') {
        let mut pieces = range.split(';').map(str::trim);
        let media_type = pieces.next().unwrap_or_default().to_ascii_lowercase();
        let is_html = matches!(&*media_type, "text/html" | "application/xhtml+xml");
        let is_other = media_type == "*/*" || media_type == "application/json" || media_type.ends_with("+json");
        if !is_html && !is_other {
            continue;
        }
        let weight = pieces.find_map(|piece| piece.strip_prefix("q=").or_else(|| piece.strip_prefix("Q=")));
        let weight = weight.map_or(1.0, |weight| weight.trim().parse().unwrap_or(0.0));
        if weight > best.0 {
            best = (weight, is_html);
        }
    }
    best.1
}
