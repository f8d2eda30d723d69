//! The page that asks for a second factor.

use askama::Template;
use axum::response::Response;

use super::destination::Flow;
use super::form_page::{FormFrame, FormPage};
use super::visit::Visit;
use crate::flow::{FlowError, SecondFactorMethod};

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
    frame: FormFrame,
    page: &'static str,
    identifier: String,
    is_backup_code: bool,
    leave: (String, &'static str),
    other: Option<(String, &'static str)>,
}

impl SecondFactorStep<'_> {
    pub(super) fn render(self, visit: &Visit, found: &[FlowError]) -> Response {
        let page = FormPage::new(visit, self.heading, self.action, found);
        page.toward(Flow::SignIn).render(|frame| SecondFactorPage {
            frame,
            page: self.page,
            identifier: self.address.to_owned(),
            is_backup_code: self.method == SecondFactorMethod::BackupCode,
            leave: self.leave,
            other: self.other,
        })
    }
}
