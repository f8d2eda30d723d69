//! The confirmation page before a deletion, on which the user types a name or a phrase.

use askama::Template;

use super::form_page::FormFrame;

#[derive(Template)]
#[template(path = "confirm.html")]
pub(super) struct ConfirmPage {
    pub(super) frame: FormFrame,
    /// Names the page in test hooks.
    pub(super) page: &'static str,
    pub(super) consequence: &'static str,
    /// The text that the user must type.
    pub(super) expected: String,
    pub(super) typed: String,
    pub(super) button: &'static str,
    /// The path of the page before.
    pub(super) cancel: &'static str,
}
