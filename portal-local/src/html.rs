//! HTML responses: pages, redirects, and the page for errors.

use askama::Template;
use axum::http::StatusCode;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, LOCATION, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use axum::response::{IntoResponse as _, Response};
use portal_sdk::clock::UnixTime;
use url::Url;

use crate::clock::Millis as _;
use crate::redirect::push_source;
use crate::state::App;

const CROSS_ORIGIN_RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

/// The frame of every page.
pub(crate) struct Frame {
    pub(crate) application_name: String,
    /// The page's one `<h1>`.
    pub(crate) heading: String,
}

impl Frame {
    pub(crate) fn new(app: &App, heading: impl Into<String>) -> Self {
        Self {
            application_name: app.name.clone(),
            heading: heading.into(),
        }
    }

    /// The window's title: the heading and the application's name, which some headings contain already.
    pub(crate) fn title(&self) -> String {
        if self.heading.contains(&self.application_name) {
            self.heading.clone()
        } else {
            format!("{} – {}", self.heading, self.application_name)
        }
    }
}

/// Renders a page. `target` is the final redirect of its form. Chromium applies `form-action` to every redirect after a
/// submission, the application's included, so the policy lists every origin that users may be redirected to.
pub(crate) fn page(app: &App, status: StatusCode, template: &impl Template, target: Option<&Url>) -> Response {
    // The portal's own origin by name: the handshake goes there, also when this page was opened under another name.
    let mut form_action = format!("'self' {}{}", app.origin, app.redirects.form_sources());
    if let Some(url) = target {
        push_source(&mut form_action, &url.origin());
    }
    render(status, template, &form_action)
}

/// Renders a page without any form.
pub(crate) fn formless_page(status: StatusCode, template: &impl Template) -> Response {
    render(status, template, "'none'")
}

fn render(status: StatusCode, template: &impl Template, form_action: &str) -> Response {
    let body = match template.render() {
        Ok(body) => body,
        Err(error) => {
            tracing::error!(%error, "a page could not be rendered");
            return StatusCode::INTERNAL_SERVER_ERROR.into_response();
        }
    };
    let policy = format!(
        "default-src 'self'; base-uri 'none'; object-src 'none'; form-action {form_action}; frame-ancestors 'none'"
    );
    let headers = [
        (CONTENT_TYPE, "text/html; charset=utf-8"),
        (CACHE_CONTROL, "no-store"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (CROSS_ORIGIN_RESOURCE_POLICY, "same-origin"),
        // With `no-referrer` Chromium would send `Origin: null` along with forms.
        (REFERRER_POLICY, "strict-origin-when-cross-origin"),
        (CONTENT_SECURITY_POLICY, &policy),
    ];
    (status, headers, body).into_response()
}

#[derive(Template)]
#[template(path = "error.html")]
pub(crate) struct ErrorPage {
    pub(crate) frame: Frame,
    pub(crate) sentence: String,
    /// URL and text of the next step.
    pub(crate) link: Option<(String, &'static str)>,
}

/// Renders a page about an error, with a link to the next step.
pub(crate) fn error_page(
    app: &App,
    status: StatusCode,
    heading: &str,
    sentence: impl Into<String>,
    link: Option<(String, &'static str)>,
) -> Response {
    let template = ErrorPage {
        frame: Frame::new(app, heading),
        sentence: sentence.into(),
        link,
    };
    page(app, status, &template, None)
}

/// The answer after a form: look there, with GET.
pub(crate) fn see_other(location: &str) -> Response {
    redirect(StatusCode::SEE_OTHER, location)
}

/// The address is written another way; method and body stay.
pub(crate) fn permanent_redirect(location: &str) -> Response {
    redirect(StatusCode::PERMANENT_REDIRECT, location)
}

fn redirect(status: StatusCode, location: &str) -> Response {
    (status, [(LOCATION, location), (CACHE_CONTROL, "no-store")]).into_response()
}

/// Returns the age of a moment, in words.
pub(crate) fn age(then: UnixTime, now: UnixTime) -> String {
    let minutes = now.millis_since(then).max(0) / 60_000;
    match minutes {
        0 => "just now".to_owned(),
        1..60 => format!("{minutes} min ago"),
        60..1_440 => format!("{} h ago", minutes / 60),
        _ => format!("{} d ago", minutes / 1_440),
    }
}
