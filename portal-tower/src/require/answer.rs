//! Responses for each kind of caller: refusals, and redirects in the form that the caller understands.

use crate::caller::Caller;
use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, LOCATION, RETRY_AFTER, SET_COOKIE, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};
use url::Url;

use super::cause::PREFLIGHT;
use super::for_developers::{causes, steps};
use super::{Refusal, RefusalCause};
use crate::response::{content_that_goes_to, escape, page, page_that_goes_to, refresh_to};

/// The URL that htmx sends the browser to.
const HX_REDIRECT: HeaderName = HeaderName::from_static("hx-redirect");
/// The part of the response that Unpoly renders, in place of the requested one.
const UP_TARGET: HeaderName = HeaderName::from_static("x-up-target");
/// Makes Unpoly 3.11 or later render the response in a new overlay, even if the page has no such part.
const UP_OPEN_LAYER: HeaderName = HeaderName::from_static("x-up-open-layer");
/// The status code of a gRPC call.
const GRPC_STATUS: HeaderName = HeaderName::from_static("grpc-status");
/// The status message of a gRPC call.
const GRPC_MESSAGE: HeaderName = HeaderName::from_static("grpc-message");

const HTML: &str = "text/html; charset=utf-8";
const EVENTS: &str = "text/event-stream";

/// Seconds that a client waits before it retries while Clerk is unreachable.
const RETRY_AFTER_SECS: HeaderValue = HeaderValue::from_static("5");

pub(super) fn write(refusal: &Refusal) -> Response<Bytes> {
    if let Some(fields) = refusal.renewing_fields() {
        let mut response = Response::new(Bytes::new());
        *response.status_mut() = StatusCode::TEMPORARY_REDIRECT;
        fields.apply(response.headers_mut());
        return response;
    }
    let mut response = body(refusal);
    *response.status_mut() = refusal.status();
    set_fields(refusal, response.headers_mut());
    response
}

/// The HTTP status of a refusal.
pub(super) fn status(refusal: &Refusal) -> StatusCode {
    let is_sign_in = refusal.cause().is_sign_in();
    match refusal.caller() {
        // gRPC has its own status, and Datastar drops every other response.
        Caller::Grpc(_) | Caller::Datastar => StatusCode::OK,
        // htmx renders no other response when it restores its history.
        Caller::HtmxHistoryRestore if is_sign_in => StatusCode::OK,
        caller if is_sign_in && caller.is_shown() => StatusCode::SEE_OTHER,
        _ if refusal.is_redirect() => StatusCode::SEE_OTHER,
        _ => refusal.cause().plain_status(),
    }
}

/// Redirects the caller to `location`, an absolute URL or a path.
pub(crate) fn go_to(caller: Caller, location: &str) -> Response<Bytes> {
    let (title, text) = ("One moment, please", "We're taking you to another page.");
    let mut response = match redirect_in_body(caller, location, title, text) {
        Some(response) => response,
        None => redirect_in_header(caller, location),
    };
    let no_store = HeaderValue::from_static("no-store");
    response.headers_mut().insert(CACHE_CONTROL, no_store);
    response
}

/// `303 See Other`, or the header that htmx follows instead.
fn redirect_in_header(caller: Caller, url: &str) -> Response<Bytes> {
    let mut response = Response::<Bytes>::default();
    let name = match caller {
        Caller::Htmx { .. } => HX_REDIRECT,
        _ => {
            *response.status_mut() = StatusCode::SEE_OTHER;
            LOCATION
        }
    };
    let url = HeaderValue::from_str(url).ok();
    response.headers_mut().extend(url.map(|url| (name, url)));
    response
}

/// A body that makes the caller's page continue to `url`.
///
/// For callers that follow neither a redirect to another origin nor a redirecting header; `None` for the others.
fn redirect_in_body(caller: Caller, url: &str, title: &str, text: &str) -> Option<Response<Bytes>> {
    match caller {
        Caller::Turbo { .. } => Some(with_body(HTML, page_that_goes_to(url, title, text))),
        Caller::HtmxHistoryRestore => {
            let mut response = with_body(HTML, content_that_goes_to(url, title, text));
            // htmx 4 follows the header here.
            let url = HeaderValue::from_str(url).ok();
            response.headers_mut().extend(url.map(|url| (HX_REDIRECT, url)));
            Some(response)
        }
        Caller::Unpoly => {
            let mut response = with_body(HTML, content_that_goes_to(url, title, text));
            let headers = response.headers_mut();
            headers.insert(UP_TARGET, HeaderValue::from_static(":main"));
            let layer = HeaderValue::from_static("{\"mode\":\"modal\",\"history\":false}");
            headers.insert(UP_OPEN_LAYER, layer);
            Some(response)
        }
        Caller::Datastar => {
            let html = format!(
                "<p><strong>{}.</strong> {}</p>\n{}",
                escape(title),
                escape(text),
                refresh_to(url)
            );
            Some(with_body(EVENTS, datastar_events(&html)))
        }
        _ => None,
    }
}

fn with_body(content_type: &'static str, text: String) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(text));
    let content_type = HeaderValue::from_static(content_type);
    response.headers_mut().insert(CONTENT_TYPE, content_type);
    response
}

/// Puts `html` at the top of the page that Datastar runs on, and replaces an earlier message. See
/// <https://data-star.dev/reference/sse_events>.
fn datastar_events(html: &str) -> String {
    const ID: &str = "portal-refusal";
    let html = format!("<div id=\"{ID}\" role=\"alert\">\n{html}\n</div>");
    let lines: String = html.lines().map(|line| format!("data: elements {line}\n")).collect();
    format!(
        "event: datastar-patch-elements\ndata: selector #{ID}\ndata: mode remove\n\n\
         event: datastar-patch-elements\ndata: selector body\ndata: mode prepend\n{lines}\n"
    )
}

/// Renders the body, with the application's renderer if it returns one.
fn body(refusal: &Refusal) -> Response<Bytes> {
    let caller = refusal.caller();
    let (title, text) = sentences(refusal);
    let redirect = refusal.location().filter(|_| refusal.cause().is_sign_in());
    let redirect = redirect.and_then(|url| redirect_in_body(caller, url.as_str(), title, &text));
    if let Some(response) = redirect {
        return response;
    }
    let has_look = !matches!(
        caller,
        Caller::Grpc(_) | Caller::Turbo { .. } | Caller::HtmxHistoryRestore
    );
    let renderer = refusal.renderer().filter(|_| has_look);
    if let Some(response) = renderer.and_then(|renderer| renderer.render(refusal)) {
        return response;
    }
    let (content_type, text) = match caller {
        _ if refusal.status() == StatusCode::SEE_OTHER => return Response::default(),
        Caller::Grpc(media_type) => (media_type.as_str(), String::new()),
        Caller::Api | Caller::Stream => ("application/json", json_body(refusal).to_string()),
        Caller::Htmx { .. } | Caller::HtmxHistoryRestore => (HTML, fragment(refusal)),
        Caller::Datastar => (EVENTS, datastar_events(&fragment(refusal))),
        Caller::Page | Caller::Form | Caller::Turbo { .. } | Caller::Unpoly => (HTML, html_page(refusal)),
    };
    with_body(content_type, text)
}

/// Sets the fields that every response needs, with any renderer.
fn set_fields(refusal: &Refusal, headers: &mut HeaderMap) {
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    for cookie in refusal.cookies() {
        headers.append(SET_COOKIE, cookie.clone());
    }
    if let Caller::Grpc(_) = refusal.caller() {
        let message = utf8_percent_encode(&refusal.grpc_message(), NON_ALPHANUMERIC).to_string();
        headers.insert(GRPC_STATUS, HeaderValue::from(refusal.grpc_code()));
        headers.extend(
            HeaderValue::try_from(message)
                .ok()
                .map(|message| (GRPC_MESSAGE, message)),
        );
        return;
    }
    let location = refusal
        .location()
        .and_then(|url| HeaderValue::from_str(url.as_str()).ok());
    match refusal.status() {
        StatusCode::SEE_OTHER => headers.extend(location.map(|location| (LOCATION, location))),
        StatusCode::UNAUTHORIZED => {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            if let Caller::Htmx { .. } = refusal.caller() {
                headers.extend(location.map(|location| (HX_REDIRECT, location)));
            }
        }
        StatusCode::SERVICE_UNAVAILABLE => {
            headers.insert(RETRY_AFTER, RETRY_AFTER_SECS);
        }
        _ => {}
    }
}

fn json_body(refusal: &Refusal) -> Value {
    if let RefusalCause::NeedsReverification(needed) = refusal.cause() {
        // Clerk's own body: its browser components recognize it and ask the user to verify a factor.
        let error =
            json!({ "type": "forbidden", "reason": "reverification-error", "metadata": { "reverification": needed } });
        return json!({ "clerk_error": error });
    }
    let mut error = json!({ "code": refusal.cause().code(), "reason": refusal.reason(), "message": refusal.message() });
    match (refusal.status(), refusal.location()) {
        (StatusCode::UNAUTHORIZED, Some(url)) => error["sign_in_url"] = url.as_str().into(),
        (StatusCode::FORBIDDEN, Some(url)) => error["organization_url"] = url.as_str().into(),
        _ => {}
    }
    json!({ "error": error })
}

/// Returns a heading and a text for the user.
fn sentences(refusal: &Refusal) -> (&'static str, String) {
    let (title, text) = match refusal.cause() {
        RefusalCause::SignedOut { .. } => ("Please sign in", "You need to sign in to continue."),
        RefusalCause::Pending => ("One more step", "You haven't finished signing in."),
        RefusalCause::RedirectLoop { .. } if refusal.is_for_users() => (
            "We couldn't sign you in",
            "You signed in, but this site doesn't recognize you. It's not your fault. Please try again in a few \
             minutes. If it happens again, tell the site's administrators when you tried.",
        ),
        RefusalCause::RedirectLoop { .. } => (
            "We couldn't sign you in",
            "You signed in, but this application doesn't recognize you.",
        ),
        RefusalCause::CookiesNotKept => (
            "Your browser blocks cookies for this site",
            "You can't stay signed in without them. Allow cookies for this site, or open it in a separate window, then \
             reload this page.",
        ),
        RefusalCause::OrganizationMismatch => (
            "This page belongs to another organization",
            "You're working in a different organization, and we couldn't switch. Choose this page's organization, or \
             ask its administrators to invite you.",
        ),
        RefusalCause::Unmet => (
            "You don't have access to this page",
            "If you need access, ask an administrator of your organization.",
        ),
        RefusalCause::NoActiveOrganization => (
            "No organization is active",
            "This page belongs to an organization. Choose one, and you'll come back here.",
        ),
        RefusalCause::Renewal => ("One moment, please", "We're renewing your sign-in."),
        RefusalCause::Preflight => ("Please sign in", PREFLIGHT),
        RefusalCause::NeedsReverification(_) => (
            "Please verify that it's you",
            "This page needs a recent sign-in. Sign out, sign in again, and come back.",
        ),
        RefusalCause::CrossSite => (
            "This request came from another site",
            "Another site sent this request in your name, so we stopped it. If you meant to send it, open this site \
             and try again from here.",
        ),
        RefusalCause::Unavailable => (
            "We couldn't reach the sign-in service",
            "We can't tell whether you're signed in. You haven't been signed out. Please try again in 5 seconds.",
        ),
        RefusalCause::Misconfigured { .. } if refusal.is_for_users() => (
            "Sign-in isn't set up correctly",
            "We can't tell whether you're signed in. It's not your fault. Please tell the site's administrators.",
        ),
        RefusalCause::Misconfigured { problem } => return ("Sign-in isn't set up correctly", problem.to_string()),
    };
    (title, text.to_owned())
}

fn html_page(refusal: &Refusal) -> String {
    let (title, text) = sentences(refusal);
    page(title, &text, &more(refusal))
}

/// Renders the next step: a link to an organization, or a link to retry and, for developers, the cause.
fn more(refusal: &Refusal) -> String {
    match refusal.cause() {
        RefusalCause::NoActiveOrganization | RefusalCause::OrganizationMismatch => {
            link(refusal.location(), "Choose an organization")
        }
        RefusalCause::RedirectLoop { .. } => {
            let again = link(refusal.location(), "Try again");
            let causes = refusal.explanation().map(|explanation| causes(refusal, explanation));
            let steps = refusal.explanation().map(steps);
            [causes, Some(again), steps].into_iter().flatten().collect()
        }
        _ => match refusal.explanation() {
            Some(explanation) if explanation.likely_cause().is_some() => {
                causes(refusal, explanation) + &steps(explanation)
            }
            _ => String::new(),
        },
    }
}

fn link(location: Option<&Url>, text: &str) -> String {
    location.map_or_else(String::new, |url| {
        format!("<p><a href=\"{}\">{text}</a></p>\n", escape(url.as_str()))
    })
}

/// Renders a fragment for the current page. Datastar shows it, and so does htmx if configured to show errors.
fn fragment(refusal: &Refusal) -> String {
    let (title, text) = sentences(refusal);
    let more = match refusal.cause() {
        RefusalCause::NoActiveOrganization | RefusalCause::OrganizationMismatch => more(refusal),
        _ => String::new(),
    };
    format!("<p><strong>{title}.</strong> {}</p>\n{more}", escape(&text))
}
