//! The page that asks for a second factor.

use askama::Template;
use axum::body::Body;
use axum::http::Response;

use super::destination::Flow;
use super::form::{FormFrame, form_page};
use super::visit::Visit;
use crate::flow::{FlowError, SecondFactorMethod};
use crate::html::Frame;

/// The differences between the uses of the page.
pub(super) struct SecondFactorStep<'a> {
    /// Names the page in test hooks.
    pub(super) page: &'static str,
    pub(super) heading: &'static str,
    pub(super) method: SecondFactorMethod,
    /// The form's URL, with parameters.
    pub(super) action: String,
    pub(super) address: &'a str,
    /// URL and name of the way out.
    pub(super) leave: (String, &'static str),
    /// URL and name of another method.
    pub(super) other: Option<(String, &'static str)>,
}

#[derive(Template)]
#[template(path = "second_factor.html")]
struct SecondFactorPage {
    frame: Frame,
    form: FormFrame,
    page: &'static str,
    identifier: String,
    is_backup_code: bool,
    leave: (String, &'static str),
    other: Option<(String, &'static str)>,
}

impl SecondFactorStep<'_> {
    pub(super) fn render(self, visit: &Visit, found: &[FlowError]) -> Response<Body> {
        let destination = visit.destination(Flow::SignIn);
        let template = SecondFactorPage {
            frame: Frame::new(&visit.app, self.heading),
            form: visit.form(self.action, &destination, found),
            page: self.page,
            identifier: self.address.to_owned(),
            is_backup_code: self.method == SecondFactorMethod::BackupCode,
            leave: self.leave,
            other: self.other,
        };
        form_page(visit, &template, found, destination.url.as_ref())
    }
}
