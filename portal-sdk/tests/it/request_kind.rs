//! The kinds of requests: pages that can be redirected, CORS preflights, and WebSocket upgrades.

use http::request::Parts;
use http::{Method, Request};
use portal_sdk::clock::UnixTime;
use portal_sdk::instance::Instance;
use portal_sdk::request::{AuthenticateContext, is_navigation, is_upgrade};

use crate::common::LIVE_KEY;

fn parts(method: Method, headers: &[(&str, &str)]) -> Parts {
    let mut request = Request::builder().method(method).uri("https://app.example.com/");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(()).unwrap().into_parts().0
}

fn instance() -> Instance {
    Instance::builder(LIVE_KEY, "sk_live_x").build().unwrap()
}

fn context<'r>(parts: &'r Parts, instance: &'r Instance) -> AuthenticateContext<'r> {
    AuthenticateContext::new(parts, instance, UnixTime::from_secs(0))
}

#[test]
fn preflight_is_options_with_both_headers() {
    let origin = ("origin", "https://spa.example.com");
    let asked = ("access-control-request-method", "POST");
    for (method, headers, expected) in [
        (Method::OPTIONS, &[origin, asked][..], true),
        (Method::OPTIONS, &[origin], false),
        (Method::OPTIONS, &[asked], false),
        (Method::OPTIONS, &[("origin", ""), asked], false),
        (Method::OPTIONS, &[], false),
        (Method::GET, &[origin, asked], false),
        (Method::POST, &[origin, asked], false),
    ] {
        let parts = parts(method.clone(), headers);
        let found = context(&parts, &instance()).is_preflight();
        assert_eq!(found, expected, "{method} {headers:?}");
    }
}

#[test]
fn navigation_through_a_service_worker_is_redirected_and_its_fetches_are_not() {
    for (mode, expected) in [
        (Some("navigate"), true),
        (Some("Navigate"), true),
        (Some(" navigate "), true),
        (Some("cors"), false),
        (Some("no-cors"), false),
        (Some("navigates"), false),
        (Some(""), false),
        (None, false),
    ] {
        let mut headers = vec![("sec-fetch-dest", "empty"), ("accept", "text/html")];
        headers.extend(mode.map(|mode| ("sec-fetch-mode", mode)));
        let parts = parts(Method::GET, &headers);
        let found = context(&parts, &instance()).is_eligible_for_handshake();
        assert_eq!(found, expected, "{mode:?}");
        assert_eq!(is_navigation(&parts.headers), expected, "{mode:?}");
    }
}

#[test]
fn websocket_needs_both_headers_or_an_extended_connect() {
    for (method, headers, expected) in [
        (
            Method::GET,
            &[("connection", "keep-alive, Upgrade"), ("upgrade", "WebSocket")][..],
            true,
        ),
        (Method::CONNECT, &[], true),
        (Method::GET, &[("connection", "upgrade"), ("upgrade", "h2c")], false),
        (Method::GET, &[("connection", "upgrade")], false),
        (Method::GET, &[("connection", "close"), ("upgrade", "websocket")], false),
        (Method::GET, &[("upgrade", "websocket")], false),
        (Method::GET, &[], false),
    ] {
        let found = is_upgrade(&parts(method.clone(), headers));
        assert_eq!(found, expected, "{method} {headers:?}");
    }
}
