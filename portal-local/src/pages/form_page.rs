//! [`FormPage`]: a page with a form, and what all of them have in common.

use std::ops::Deref;

use askama::Template;
use axum::http::StatusCode;
use axum::http::header::RETRY_AFTER;
use axum::response::Response;
use url::Url;

use super::destination::Flow;
use super::params::Params;
use super::visit::{Shown, Visit};
use crate::flow::{Field, FlowError};
use crate::html::Frame;
use crate::status;
use crate::store::{Organization, User};

/// A page with a form, before its template is filled in.
pub(super) struct FormPage<'a> {
    visit: &'a Visit,
    found: &'a [FlowError],
    /// The last redirect after the form, which the page's policy must allow.
    target: Option<Url>,
    frame: FormFrame,
}

/// The parts of every page with a form: its heading, its URL, its CSRF proof, and the errors of the last attempt.
pub(super) struct FormFrame {
    frame: Frame,
    params: Params,
    pub(super) action: String,
    pub(super) token: String,
    pub(super) shown: Shown,
    pub(super) errors: Vec<ErrorView>,
    pub(super) notices: Vec<String>,
    /// The host that the user is redirected to afterwards.
    pub(super) return_host: Option<String>,
}

/// An error, in the summary and next to its field.
pub(super) struct ErrorView {
    /// Empty if it belongs to no field.
    pub(super) field: &'static str,
    pub(super) message: String,
    /// Clerk's code, for tests.
    pub(super) code: &'static str,
    /// URL and text of the way out, if any.
    pub(super) link: Option<(String, &'static str)>,
}

impl From<&FlowError> for ErrorView {
    fn from(error: &FlowError) -> Self {
        Self {
            field: error.field().map_or("", Field::name),
            message: error.to_string(),
            code: error.code(),
            link: None,
        }
    }
}

impl FormFrame {
    /// The message of a field, if it has one.
    pub(super) fn error(&self, field: &str) -> Option<&str> {
        let error = self.errors.iter().find(|error| error.field == field);
        error.map(|error| error.message.as_str())
    }

    /// The URL of another page, with the parameters of this one.
    pub(super) fn link(&self, path: &str) -> String {
        self.params.link(path, &[])
    }
}

impl Deref for FormFrame {
    type Target = Frame;

    fn deref(&self) -> &Frame {
        &self.frame
    }
}

impl<'a> FormPage<'a> {
    /// Begins a page whose form is sent to `action`, with the errors `found` in the last attempt.
    pub(super) fn new(visit: &'a Visit, heading: impl Into<String>, action: String, found: &'a [FlowError]) -> Self {
        let frame = FormFrame {
            frame: Frame::new(&visit.app, heading),
            params: visit.params.clone(),
            action,
            token: visit.form_token(),
            shown: Shown::default(),
            errors: found.iter().map(Into::into).collect(),
            notices: Vec::new(),
            return_host: None,
        };
        Self {
            visit,
            found,
            target: None,
            frame,
        }
    }

    /// The form ends `flow`: the page names the application, and the redirect URLs that are refused.
    pub(super) fn toward(mut self, flow: Flow) -> Self {
        let destination = self.visit.destination(flow);
        self.frame.return_host = destination.foreign_host(&self.visit.app.redirects);
        self.frame.notices = destination.notices;
        self.target = destination.url;
        self
    }

    /// The form ends at `target`, which the page does not name.
    pub(super) fn target(mut self, target: Option<Url>) -> Self {
        self.target = target;
        self
    }

    /// The form is about `user`, and is refused once another account is active.
    pub(super) fn of_user(mut self, user: &User) -> Self {
        self.frame.shown.user_id = Some(user.id.clone());
        self
    }

    /// The form is about `organization`, and is refused once another one is active.
    pub(super) fn about(mut self, organization: &Organization) -> Self {
        self.frame.shown.organization_id = Some(organization.id.clone());
        self
    }

    /// Sets the form's URL.
    pub(super) fn action(mut self, action: String) -> Self {
        self.frame.action = action;
        self
    }

    pub(super) fn notices(mut self, notices: Vec<String>) -> Self {
        self.frame.notices.extend(notices);
        self
    }

    /// Adds the sentence of the notice in the page's URL, unless the last attempt has errors.
    pub(super) fn told(mut self, sentences: &[(&str, &str)]) -> Self {
        let told = sentences.iter().find(|(notice, _)| self.visit.is_told(notice));
        if let Some((_, sentence)) = told.filter(|_| self.found.is_empty()) {
            self.frame.notices.push((*sentence).to_owned());
        }
        self
    }

    /// Adds a way out to each error for which `way` returns its URL and text.
    pub(super) fn ways_out(mut self, way: impl Fn(&FlowError) -> Option<(String, &'static str)>) -> Self {
        for (view, error) in self.frame.errors.iter_mut().zip(self.found) {
            view.link = way(error);
        }
        self
    }

    /// Shows the errors of `field` in the summary only, for a page without that field.
    pub(super) fn without_field(mut self, field: Field) -> Self {
        for view in &mut self.frame.errors {
            if view.field == field.name() {
                view.field = "";
            }
        }
        self
    }

    /// Renders the page, with the status of its first error.
    pub(super) fn render<T: Template>(self, template: impl FnOnce(FormFrame) -> T) -> Response {
        let status = self.found.first().map_or(StatusCode::OK, status::of);
        let template = template(self.frame);
        let mut response = self.visit.page(status, &template, self.target.as_ref());
        if let Some(secs) = self.found.iter().find_map(FlowError::retry_after_secs) {
            response.headers_mut().insert(RETRY_AFTER, secs.into());
        }
        response
    }
}
