//! The page that asks for a six-digit code.

use askama::Template;
use axum::body::Body;
use axum::http::Response;

use super::destination::Flow;
use super::form::{FormFrame, form_page};
use super::path;
use super::visit::Visit;
use crate::flow::{FlowError, is_test_address};
use crate::html::Frame;

/// The differences between the uses of the page.
pub(super) struct CodeStep<'a> {
    /// Names the page in test hooks.
    pub(super) page: &'static str,
    pub(super) heading: &'static str,
    /// The form's URL, with parameters.
    pub(super) action: String,
    pub(super) address: &'a str,
    /// The link to correct a wrong address.
    pub(super) change: String,
    /// URL and name of another method.
    pub(super) other: Option<(String, &'static str)>,
    /// The link for a user whose address already has an account.
    pub(super) taken: Option<String>,
    pub(super) flow: Flow,
}

#[derive(Template)]
#[template(path = "code.html")]
struct CodePage {
    frame: Frame,
    form: FormFrame,
    page: &'static str,
    identifier: String,
    change: String,
    is_test_address: bool,
    outbox: &'static str,
    other: Option<(String, &'static str)>,
}

impl CodeStep<'_> {
    pub(super) fn render(self, visit: &Visit, found: &[FlowError]) -> Response<Body> {
        let destination = visit.destination(self.flow);
        let mut form = visit.form(self.action, &destination, found);
        for (view, error) in form.errors.iter_mut().zip(found) {
            if *error == FlowError::IdentifierExists {
                // This page has no field for the address.
                view.field = "";
                view.link = self.taken.clone().map(|link| (link, "Sign in with it"));
            }
        }
        if visit.is_told("sent") && found.is_empty() {
            form.notices
                .push("We sent you a new code. The previous one no longer works.".to_owned());
        }
        let template = CodePage {
            frame: Frame::new(&visit.app, self.heading),
            form,
            page: self.page,
            identifier: self.address.to_owned(),
            change: self.change,
            is_test_address: visit.settings.test_mode && is_test_address(self.address),
            outbox: path::OUTBOX,
            other: self.other,
        };
        form_page(visit, &template, found, destination.url.as_ref())
    }
}
