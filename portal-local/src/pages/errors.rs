//! Pages for when something is not right.

use std::error::Error;
use std::sync::Arc;

use axum::extract::State;
use axum::http::header::RETRY_AFTER;
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Response};

use super::params::Params;
use super::path;
use crate::flow::FlowError;
use crate::html::{ErrorPage, Frame, error_page, formless_page, permanent_redirect};
use crate::secrets::random_hex;
use crate::slow_work::BUSY_SECS;
use crate::state::App;
use crate::status;
use crate::store::{Failure, StoreError};

/// No page has this address. One that ends in a slash may mean the page without it.
pub(super) async fn not_found(State(app): State<Arc<App>>, uri: Uri) -> Response {
    match without_closing_slashes(&uri) {
        Some(location) => permanent_redirect(&location),
        None => not_found_page(&app),
    }
}

/// Path and query without the slashes at the path's end. `None` for the APIs, which answer in JSON, and for paths that
/// browsers read as another origin (`//evil.example/`).
fn without_closing_slashes(uri: &Uri) -> Option<String> {
    let path = uri.path();
    let trimmed = path.trim_end_matches('/');
    let is_api = ["/v1/", "/accounts.dev/", "/.well-known/"]
        .iter()
        .any(|prefix| path.starts_with(prefix));
    let is_plain = trimmed.starts_with('/') && !trimmed.starts_with("//") && !trimmed.contains('\\');
    if trimmed.len() == path.len() || is_api || !is_plain {
        return None;
    }
    Some(match uri.query() {
        Some(query) => format!("{trimmed}?{query}"),
        None => trimmed.to_owned(),
    })
}

pub(super) fn not_found_page(app: &App) -> Response {
    let link = Some(("/".to_owned(), "Go to the start page"));
    error_page(
        app,
        StatusCode::NOT_FOUND,
        "Page not found",
        "There's no page at this URL. Check it, or go to the start page.",
        link,
    )
}

/// The consent page, which the environment names. No application is registered as an OAuth client here.
pub(super) async fn no_consent(State(app): State<Arc<App>>) -> Response {
    let sentence = "The local portal doesn't have OAuth applications, so there's nothing to allow.";
    let link = Some(("/".to_owned(), "Go to the start page"));
    error_page(&app, StatusCode::BAD_REQUEST, "Nothing to allow", sentence, link)
}

/// An administrator has turned the pages off.
pub(super) fn portal_disabled(app: &App) -> Response {
    let sentence =
        "The Account Portal is turned off for this application. To turn it on, set account_portal_enabled to true.";
    error_page(app, StatusCode::NOT_FOUND, "Page not found", sentence, None)
}

pub(super) fn method_not_allowed(app: &App) -> Response {
    let sentence = "This URL doesn't accept this kind of request. Go back and try again.";
    error_page(
        app,
        StatusCode::METHOD_NOT_ALLOWED,
        "Request not allowed",
        sentence,
        None,
    )
}

/// The form was not made by this portal for this browser, or the request comes from another site.
pub(super) fn form_expired(app: &App, uri: &Uri) -> Response {
    let link = restart(uri);
    let sentence = "This form has expired. Go back and try again.";
    error_page(
        app,
        StatusCode::FORBIDDEN,
        "Form expired",
        sentence,
        Some((link, "Start again")),
    )
}

/// A page of another origin leads to what only the portal's own pages and the address bar may open.
pub(super) fn not_from_here(app: &App, uri: &Uri) -> Response {
    let sentence = "Another site sent you here. This page shows keys and codes, so open it from the portal itself.";
    // The link is the portal's own, so that following it is allowed.
    let link = Some((uri.path().to_owned(), "Open the page"));
    error_page(app, StatusCode::FORBIDDEN, "Opened from another site", sentence, link)
}

/// The start of a page's flow, with the carried parameters.
fn restart(uri: &Uri) -> String {
    // A path that begins with another one comes before it.
    let starts = [
        path::SIGN_UP,
        path::SIGN_OUT,
        path::UNAUTHORIZED_SIGN_IN,
        path::WAITLIST,
        path::USER,
        path::ORGANIZATION_LIST,
        path::ORGANIZATION,
        path::CREATE_ORGANIZATION,
    ];
    let own = starts.into_iter().find(|start| uri.path().starts_with(start));
    let restart = own.unwrap_or(path::SIGN_IN);
    Params::parse(uri.query().unwrap_or_default()).link(restart, &[])
}

/// The response to a malformed or oversized form.
pub(super) fn unreadable_form(app: &App, uri: &Uri, status: StatusCode) -> Response {
    let sentence = match status {
        StatusCode::PAYLOAD_TOO_LARGE => "What you entered is too long for this form. Go back and shorten it.",
        StatusCode::UNSUPPORTED_MEDIA_TYPE => "This URL accepts only its own form. Go back and try again.",
        _ => "The form didn't arrive in full. Go back and try again.",
    };
    let link = Some((restart(uri), "Start again"));
    error_page(app, status, "We couldn't read the form", sentence, link)
}

/// The page after a failure of the database, in any handler.
fn store_failed(error: &StoreError) -> Response {
    let (status, heading, sentence) = if error.is_busy() {
        let sentence = "Too many users are signing in right now. Wait a second, then try again.";
        (StatusCode::SERVICE_UNAVAILABLE, "Too busy", sentence.to_owned())
    } else if error.is_conflict() {
        let sentence = "Something changed in the meantime. Go back, reload the page and try again.";
        (
            StatusCode::UNPROCESSABLE_ENTITY,
            "Something changed",
            sentence.to_owned(),
        )
    } else {
        let trace = random_hex::<4>();
        tracing::error!(error = error as &dyn Error, trace, "the store failed");
        let sentence = format!("The portal couldn't do this. Search its log for {trace}.");
        (StatusCode::INTERNAL_SERVER_ERROR, "Something went wrong", sentence)
    };
    let template = ErrorPage {
        frame: Frame {
            application_name: "Local portal".to_owned(),
            heading: heading.to_owned(),
        },
        sentence,
        link: None,
    };
    let mut response = formless_page(status, &template);
    if error.is_busy() {
        response.headers_mut().insert(RETRY_AFTER, BUSY_SECS.into());
    }
    response
}

/// The page for a request that the user's role does not allow. The pages offer no such action.
pub(super) fn not_allowed(app: &App, error: &FlowError) -> Response {
    // A banned user is not signed in, and cannot go back.
    let link = (*error != FlowError::Banned).then(|| (path::ORGANIZATION.to_owned(), "Back to the organization"));
    error_page(app, status::of(error), "Not allowed", error.to_string(), link)
}

/// The link of a mail that was used before, was withdrawn, or is too old.
pub(super) fn ticket_over(app: &App) -> Response {
    let link = Some((path::SIGN_IN.to_owned(), "Sign in"));
    let sentence = "This link is no longer valid. Links in emails expire and work only once. Ask for a new one.";
    error_page(app, StatusCode::GONE, "Link no longer valid", sentence, link)
}

/// The reason why a handler stops early. Lets it use `?`.
pub(crate) enum PageError {
    Store(StoreError),
    /// A complete response in place of the handler's own, such as a redirect to sign-in.
    Instead(Box<Response>),
}

impl Failure for PageError {}

pub(super) type PageResult = Result<Response, PageError>;

impl From<StoreError> for PageError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<Response> for PageError {
    fn from(response: Response) -> Self {
        Self::Instead(Box::new(response))
    }
}

impl IntoResponse for PageError {
    fn into_response(self) -> Response {
        match self {
            Self::Store(error) => store_failed(&error),
            Self::Instead(response) => *response,
        }
    }
}
