//! The confirmation page before an action that a link starts.
//!
//! A `GET` must not act by itself, because link scanners and other sites open links too.

use askama::Template;
use axum::response::Response;

use super::destination::Flow;
use super::form_page::{FormFrame, FormPage};
use super::visit::Visit;

#[derive(Template)]
#[template(path = "ask.html")]
struct AskPage {
    frame: FormFrame,
    page: &'static str,
    lead: String,
    button: String,
}

/// The text of a confirmation page and the action of its button.
pub(super) struct Question {
    /// Names the page in test hooks.
    pub(super) page: &'static str,
    pub(super) heading: String,
    pub(super) lead: String,
    pub(super) button: String,
    /// The target of the form, with its query string.
    pub(super) action: String,
}

impl Question {
    pub(super) fn render(self, visit: &Visit) -> Response {
        let page = FormPage::new(visit, self.heading, self.action, &[]);
        page.toward(Flow::SignIn).render(|frame| AskPage {
            frame,
            page: self.page,
            lead: self.lead,
            button: self.button,
        })
    }
}
