//! [`Caller`]: what a caller can make of an answer. A new kind of caller touches this file and `require/answer.rs`.

mod grpc;

use http::header::{ACCEPT, CONTENT_TYPE};
use http::request::Parts;
use http::{HeaderMap, HeaderName, Method};
use portal_sdk::names::header;
use portal_sdk::request::{header_value, is_navigation, is_upgrade};

pub use self::grpc::GrpcMediaType;

/// The fields, besides HTTP's own, that tell callers apart.
pub(crate) const HEADERS: [HeaderName; 6] = [
    header::HX_REQUEST,
    header::HX_BOOSTED,
    header::HX_HISTORY_RESTORE_REQUEST,
    header::HX_CURRENT_URL,
    header::TURBO_FRAME,
    header::TURBO_REQUEST_ID,
];

/// What a caller can make of an answer, by what its request says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Caller {
    /// A browser that will show a page and follows redirects.
    Page,
    /// A browser that sends a form. It follows redirects, but its address is not a page to come back to.
    Form,
    /// A script or a program, which wants a status it can tell apart.
    Api,
    /// htmx, which swaps the response into a page and follows only its own header `HX-Redirect`.
    Htmx {
        /// A link or a form of the page that htmx has taken over: its address is the page's next one.
        is_boosted: bool,
    },
    /// htmx, which restores a page of the browser's history. It puts an answer of 200 into the page and follows no
    /// header there (htmx 2; see `loadHistoryFromServer` in its source).
    HtmxHistoryRestore,
    /// Turbo, which puts the answer into a page.
    Turbo {
        /// The answer is for a frame or a list of stream actions, not for the whole page.
        is_partial: bool,
    },
    /// A WebSocket or an event stream, which no redirect may touch.
    Stream,
    /// gRPC or gRPC-Web, whose status is in the header `grpc-status` if there is no message.
    Grpc(GrpcMediaType),
}

impl Caller {
    /// Reads a request.
    ///
    /// A browser is known by `Sec-Fetch-Mode: navigate` or by `Sec-Fetch-Dest: document` or `iframe`; without a
    /// destination by an `Accept` that prefers HTML to JSON and to anything at all (RFC 9110 section 12.5.1). The mode
    /// counts because a service worker that passes a navigation on leaves the destination `empty` (Fetch standard).
    #[must_use]
    pub fn of(parts: &Parts) -> Self {
        let headers = &parts.headers;
        let content_type = header_value(headers, &CONTENT_TYPE).unwrap_or_default();
        if let Some(media_type) = GrpcMediaType::of(&content_type.trim().to_ascii_lowercase()) {
            return Self::Grpc(media_type);
        }
        let accept = header_value(headers, &ACCEPT).unwrap_or_default();
        if is_upgrade(parts) || accept.trim_start().starts_with("text/event-stream") {
            return Self::Stream;
        }
        if has(headers, &header::HX_HISTORY_RESTORE_REQUEST, |value| value == "true") {
            return Self::HtmxHistoryRestore;
        }
        if has(headers, &header::HX_REQUEST, |value| value == "true") {
            let is_boosted = has(headers, &header::HX_BOOSTED, |value| value == "true");
            return Self::Htmx { is_boosted };
        }
        let is_partial = headers.contains_key(header::TURBO_FRAME) || accept.contains("text/vnd.turbo-stream.html");
        if is_partial || headers.contains_key(header::TURBO_REQUEST_ID) {
            return Self::Turbo { is_partial };
        }
        let is_page = match header_value(headers, &header::SEC_FETCH_DEST).filter(|dest| !dest.is_empty()) {
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

    /// The address of the page that a script of the browser runs on, as the request gives it; unchecked.
    pub(crate) fn page_of(parts: &Parts) -> Option<String> {
        header_value(&parts.headers, &header::HX_CURRENT_URL).map(Into::into)
    }

    /// Returns `true` if the browser shows the answer as a page.
    #[must_use]
    pub fn is_shown(self) -> bool {
        matches!(self, Self::Page | Self::Form)
    }
}

/// Returns `true` if there is such a field and `is` holds for its value in lower case.
fn has(headers: &HeaderMap, name: &HeaderName, is: impl FnOnce(&str) -> bool) -> bool {
    header_value(headers, name).is_some_and(|value| is(value.trim().to_ascii_lowercase().as_str()))
}

/// Returns `true` if an `Accept` value prefers HTML to JSON and to `*/*`. Of equal weights the first one counts.
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

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    fn kind(target: &str, headers: &[(&str, &str)]) -> Caller {
        let (method, path) = target.split_once(' ').unwrap();
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        Caller::of(&request.body(()).unwrap().into_parts().0)
    }

    #[test]
    fn browsers_are_distinguished_from_scripts() {
        let document = ("sec-fetch-dest", "document");
        for (target, headers, expected) in [
            ("GET /", vec![document], Caller::Page),
            ("HEAD /", vec![document], Caller::Page),
            ("POST /", vec![document], Caller::Form),
            ("PUT /", vec![("sec-fetch-dest", "iframe")], Caller::Form),
            (
                "GET /",
                vec![("sec-fetch-dest", "empty"), ("accept", "text/html")],
                Caller::Api,
            ),
            (
                "GET /",
                vec![("accept", "text/html,application/xhtml+xml,*/*;q=0.8")],
                Caller::Page,
            ),
            ("POST /", vec![("accept", "text/html")], Caller::Form),
            ("GET /", vec![("accept", "*/*")], Caller::Api),
            ("GET /", vec![], Caller::Api),
        ] {
            assert_eq!(kind(target, &headers), expected, "{target} {headers:?}");
        }
    }

    #[test]
    fn navigation_is_a_page_whatever_its_destination() {
        let mode = ("sec-fetch-mode", "navigate");
        for dest in ["empty", "document", "iframe", "frame", "fencedframe", "object", "embed"] {
            let headers = [("sec-fetch-dest", dest), mode];
            assert_eq!(kind("GET /", &headers), Caller::Page, "{dest}");
            assert_eq!(kind("POST /", &headers), Caller::Form, "{dest}");
        }
        assert_eq!(kind("GET /", &[mode]), Caller::Page);
        for mode in ["cors", "no-cors", "same-origin", "websocket", "", "navigated"] {
            let headers = [
                ("sec-fetch-dest", "empty"),
                ("sec-fetch-mode", mode),
                ("accept", "text/html"),
            ];
            assert_eq!(kind("GET /", &headers), Caller::Api, "{mode}");
        }
        let htmx = [mode, ("hx-request", "true")];
        assert_eq!(kind("GET /", &htmx), Caller::Htmx { is_boosted: false });
    }

    #[test]
    fn htmx_history_restore_is_a_distinct_caller() {
        let restore = ("hx-history-restore-request", "true");
        for headers in [
            vec![restore],
            vec![restore, ("hx-request", "true"), ("hx-boosted", "true")],
        ] {
            assert_eq!(kind("GET /", &headers), Caller::HtmxHistoryRestore, "{headers:?}");
        }
        let is_false = [("hx-history-restore-request", "false"), ("hx-request", "true")];
        assert_eq!(kind("GET /", &is_false), Caller::Htmx { is_boosted: false });
    }

    #[test]
    fn accept_is_weighed() {
        for (accept, is_page) in [
            ("text/html", true),
            ("TEXT/HTML;charset=utf-8", true),
            ("application/json, text/html", false),
            ("application/json;q=0.5, text/html", true),
            ("text/html;q=0.5, application/json;q=0.9", false),
            ("text/html;q=0, */*", false),
            ("text/html;q=nonsense", false),
            ("application/ld+json, text/html;q=0.9", false),
            ("image/png, application/xhtml+xml;q=0.9, */*;q=0.8", true),
            ("application/json, text/plain, */*", false),
        ] {
            let kind = kind("GET /", &[("accept", accept)]);
            assert_eq!(kind == Caller::Page, is_page, "{accept}");
        }
    }

    #[test]
    fn htmx_and_turbo_are_distinct_callers() {
        let fetched = ("sec-fetch-dest", "empty");
        let websocket = [("connection", "keep-alive, Upgrade"), ("upgrade", "websocket")];
        let grpc = |media_type| Caller::Grpc(GrpcMediaType::of(media_type).unwrap());
        for (target, headers, expected) in [
            (
                "GET /",
                vec![fetched, ("hx-request", "true")],
                Caller::Htmx { is_boosted: false },
            ),
            (
                "POST /",
                vec![fetched, ("hx-request", "true"), ("hx-boosted", "true")],
                Caller::Htmx { is_boosted: true },
            ),
            (
                "GET /",
                vec![fetched, ("turbo-frame", "cart")],
                Caller::Turbo { is_partial: true },
            ),
            (
                "POST /",
                vec![fetched, ("accept", "text/vnd.turbo-stream.html, text/html")],
                Caller::Turbo { is_partial: true },
            ),
            (
                "GET /",
                vec![fetched, ("x-turbo-request-id", "1"), ("accept", "text/html")],
                Caller::Turbo { is_partial: false },
            ),
            ("GET /", websocket.to_vec(), Caller::Stream),
            (
                "GET /",
                vec![("upgrade", "websocket"), ("accept", "text/html")],
                Caller::Page,
            ),
            (
                "GET /",
                vec![("connection", "Upgrade"), ("upgrade", "h2c")],
                Caller::Api,
            ),
            ("CONNECT app.example.com:443", vec![], Caller::Stream),
            ("GET /", vec![fetched, ("accept", "text/event-stream")], Caller::Stream),
            (
                "POST /",
                vec![("content-type", "Application/gRPC+proto")],
                grpc("application/grpc+proto"),
            ),
            (
                "POST /",
                vec![("content-type", "application/grpc-web+proto"), fetched],
                grpc("application/grpc-web+proto"),
            ),
        ] {
            assert_eq!(kind(target, &headers), expected, "{target} {headers:?}");
        }
    }
}
