//! The page that asks for a six-digit code.

use askama::Template;
use axum::response::Response;

use super::destination::Flow;
use super::form_page::{FormFrame, FormPage};
use super::visit::Visit;
use crate::flow::{Field, FlowError, is_test_address};

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
    frame: FormFrame,
    page: &'static str,
    identifier: String,
    change: String,
    is_test_address: bool,
    other: Option<(String, &'static str)>,
}

impl CodeStep<'_> {
    pub(super) fn render(self, visit: &Visit, found: &[FlowError]) -> Response {
        let page = FormPage::new(visit, self.heading, self.action, found)
            .toward(self.flow)
            .told(&[("sent", "We sent you a new code. The previous one no longer works.")])
            .ways_out(|error| match error {
                FlowError::IdentifierExists => self.taken.clone().map(|link| (link, "Sign in with it")),
                _ => None,
            })
            .without_field(Field::EmailAddress);
        page.render(|frame| CodePage {
            frame,
            page: self.page,
            identifier: self.address.to_owned(),
            change: self.change,
            is_test_address: visit.settings.test_mode && is_test_address(self.address),
            other: self.other,
        })
    }
}
