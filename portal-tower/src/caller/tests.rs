//! The kind of client that each request is recognized as.

use http::Request;

use super::*;
use crate::auth::is_kept;

fn kind(target: &str, headers: &[(&str, &str)]) -> Caller {
    let (method, path) = target.split_once(' ').unwrap();
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        // A refusal is made of the kept fields, after the request has gone.
        assert!(is_kept(&name.parse().unwrap()), "{name}");
        request = request.header(*name, *value);
    }
    Caller::of(&request.body(()).unwrap().into_parts().0)
}

#[test]
fn browsers_are_told_from_scripts() {
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
fn htmx_history_restore_is_told_apart() {
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
fn scripts_that_fill_pages_are_told_apart() {
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

#[test]
fn unpoly_and_datastar_are_told_apart() {
    let fetched = ("sec-fetch-dest", "empty");
    let unpoly = ("x-up-version", "3.14.3");
    let datastar = ("datastar-request", "true");
    let events = ("accept", "text/event-stream, text/html, application/json");
    for (target, headers, expected) in [
        ("GET /", vec![fetched, unpoly], Caller::Unpoly),
        ("POST /", vec![fetched, unpoly, ("accept", "text/html")], Caller::Unpoly),
        ("GET /", vec![fetched, datastar, events], Caller::Datastar),
        ("POST /", vec![fetched, datastar, events], Caller::Datastar),
        ("GET /", vec![("datastar-request", "false"), events], Caller::Stream),
        ("GET /", vec![fetched, events], Caller::Stream),
        (
            "GET /",
            vec![datastar, ("connection", "Upgrade"), ("upgrade", "websocket")],
            Caller::Stream,
        ),
    ] {
        assert_eq!(kind(target, &headers), expected, "{target} {headers:?}");
    }
}

#[test]
fn return_page_depends_on_kind_and_method() {
    for (caller, get, post) in [
        (Caller::Page, ReturnsTo::Requested, ReturnsTo::Requested),
        (Caller::Form, ReturnsTo::Sender, ReturnsTo::Sender),
        (
            Caller::Htmx { is_boosted: true },
            ReturnsTo::Requested,
            ReturnsTo::Sender,
        ),
        (Caller::Htmx { is_boosted: false }, ReturnsTo::Sender, ReturnsTo::Sender),
        (
            Caller::Turbo { is_partial: false },
            ReturnsTo::Requested,
            ReturnsTo::Sender,
        ),
        (Caller::Unpoly, ReturnsTo::Sender, ReturnsTo::Sender),
        (Caller::Datastar, ReturnsTo::Sender, ReturnsTo::Sender),
        (Caller::Api, ReturnsTo::NamedSender, ReturnsTo::NamedSender),
        (Caller::Stream, ReturnsTo::Nowhere, ReturnsTo::Nowhere),
    ] {
        let found = (caller.returns_to(&Method::GET), caller.returns_to(&Method::POST));
        assert_eq!(found, (get, post), "{caller:?}");
    }
}
