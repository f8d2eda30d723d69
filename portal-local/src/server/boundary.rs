//! Middleware for every request: host check, `X-Portal-Local` header, request log.

use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use axum::extract::{Request, State};
use axum::http::header::{DATE, HOST, HeaderMap, HeaderName, HeaderValue, SET_COOKIE, USER_AGENT};
use axum::http::uri::Authority;
use axum::http::{Method, StatusCode};
use axum::middleware::Next;
use axum::response::Response;
use httpdate::fmt_http_date;
use portal_sdk::clock::UnixTime;
use portal_sdk::excerpt::Excerpt;

use super::housekeeping;
use crate::html::error_page;
use crate::request_log::{RequestRecord, redacted_query};
use crate::state::App;
use crate::store::{Cause, read_only};

/// The limit of a stored `User-Agent`, longer than any browser's. Each event of a request stores it.
const MOST_USER_AGENT_CHARS: usize = 1_000;
const PORTAL_LOCAL: HeaderName = HeaderName::from_static("x-portal-local");
/// The headers that mark a prefetch: the Fetch standard's and its predecessors.
const FETCHED_AHEAD: [HeaderName; 4] = [
    HeaderName::from_static("sec-purpose"),
    HeaderName::from_static("purpose"),
    HeaderName::from_static("x-purpose"),
    HeaderName::from_static("x-moz"),
];

pub(super) async fn guard(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let at = app.now();
    let method = request.method().to_string();
    let path = request.uri().path().to_owned();
    let query = redacted_query(request.uri().query().unwrap_or_default());

    housekeeping::prune_if_due(&app).await;
    let mut response = if is_known_host(&app, &request) {
        let fault = match app.faults.take(&method, &path) {
            Some(action) => action.answer().await,
            None => None,
        };
        match fault {
            Some(fault) => fault,
            None if is_fetched_ahead(request.headers()) => not_ahead(&app),
            None if request.method() == Method::HEAD => head(next, request).await,
            None if app.webhooks.is_on() => cause(&request).of(next.run(request)).await,
            None => next.run(request).await,
        }
    } else {
        unknown_host(&app)
    };
    response
        .headers_mut()
        .insert(PORTAL_LOCAL, HeaderValue::from_static("1"));
    if let Some(date) = http_date(app.now()) {
        response.headers_mut().insert(DATE, date);
    }

    let status = response.status().as_u16();
    tracing::debug!(method = ?Excerpt(&method), path = ?Excerpt(&path), status, "answered");
    app.log.push(RequestRecord {
        at,
        method,
        path,
        query,
        status,
    });
    response
}

/// The cause of the request's transactions, which their events name.
fn cause(request: &Request) -> Cause {
    let user_agent = request.headers().get(USER_AGENT).map(HeaderValue::as_bytes);
    let text = String::from_utf8_lossy(user_agent.unwrap_or_default());
    Cause {
        user_agent: text.chars().take(MOST_USER_AGENT_CHARS).collect(),
    }
}

/// Answers `HEAD` as `GET`, without a body and without changes.
// A safe method changes nothing: RFC 9110, section 9.2.1.
async fn head(next: Next, request: Request) -> Response {
    let mut response = read_only(next.run(request)).await;
    // Drop the cookies: a development browser created for this response is not stored.
    response.headers_mut().remove(SET_COOKIE);
    response
}

/// Returns the portal's time, which tests may move, for `Date`. The server would write the system's.
///
/// Returns `None` outside the years that the format has (RFC 9110 section 5.6.7).
fn http_date(now: UnixTime) -> Option<HeaderValue> {
    const END_OF_9999: u64 = 253_402_300_799;
    let secs = u64::try_from(now.as_secs()).ok().filter(|secs| *secs <= END_OF_9999)?;
    HeaderValue::try_from(fmt_http_date(UNIX_EPOCH + Duration::from_secs(secs))).ok()
}

/// Returns `true` for pages that a browser or a mail program fetches before a user asks for them.
fn is_fetched_ahead(headers: &HeaderMap) -> bool {
    let says_so = |value: &HeaderValue| {
        let value = String::from_utf8_lossy(value.as_bytes()).to_ascii_lowercase();
        ["prefetch", "prerender", "preview"]
            .iter()
            .any(|word| value.contains(word))
    };
    FETCHED_AHEAD
        .iter()
        .any(|name| headers.get_all(name).iter().any(says_so))
}

/// Returns `true` if the request's host is one of the portal's.
///
/// # Security
///
/// An unknown host may be DNS rebinding: a page whose own host name was made to resolve to this machine. A second `Host`
/// field is refused (RFC 9112 section 3.2), and so is a target that names another host, because it takes precedence.
fn is_known_host(app: &App, request: &Request) -> bool {
    let mut fields = request.headers().get_all(HOST).iter();
    let (field, second) = (fields.next(), fields.next());
    let authority = request.uri().authority().map(Authority::as_str);
    let is_known = |host: &str| app.hosts.iter().any(|known| known.eq_ignore_ascii_case(host));
    second.is_none()
        && (field.is_some() || authority.is_some())
        && field.is_none_or(|host| host.to_str().is_ok_and(is_known))
        && authority.is_none_or(is_known)
}

/// A browser fetches a page before the user asks for it, and may never show it.
fn not_ahead(app: &App) -> Response {
    let sentence = "This portal doesn't serve pages to prefetches. Open the link to see the page.";
    error_page(
        app,
        StatusCode::SERVICE_UNAVAILABLE,
        "Page not prefetched",
        sentence,
        None,
    )
}

/// The page for a request with an unknown host.
fn unknown_host(app: &App) -> Response {
    let sentence = format!(
        "This portal doesn't accept this host name. Open {} instead.",
        app.origin
    );
    error_page(app, StatusCode::BAD_REQUEST, "Unknown host name", sentence, None)
}
