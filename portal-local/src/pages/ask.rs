//! The confirmation page before an action that a link starts.
//!
//! A `GET` must not act by itself, because link scanners and other sites open links too.

use askama::Template;
use axum::body::Body;
use axum::http::Response;

use super::destination::Flow;
use super::form::{FormFrame, form_page};
use super::visit::Visit;
use crate::html::Frame;

#[derive(Template)]
#[template(path = "ask.html")]
struct AskPage {
    frame: Frame,
    form: FormFrame,
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
    pub(super) fn render(self, visit: &Visit) -> Response<Body> {
        let destination = visit.destination(Flow::SignIn);
        let template = AskPage {
            frame: Frame::new(&visit.app, self.heading),
            form: visit.form(self.action, &destination, &[]),
            page: self.page,
            lead: self.lead,
            button: self.button,
        };
        form_page(visit, &template, &[], destination.url.as_ref())
    }
}
