//! The part of a page that tells developers why sign-in does not work. Never rendered for users in production.

use portal_sdk::state::{Explanation, LikelyCause};

use super::Refusal;
use super::cause::NO_TOKEN;
use crate::response::escape;

/// The heading for a loop whose facts support no cause.
const UNKNOWN: &str = "Unknown. The facts below are all that the application saw.";
/// The advice without a cause.
const FIRST_CHECKS: &str = "Check in the browser's developer tools whether the session's cookies arrive here. They do \
                            not if they are marked Secure on an address without https, or if the Clerk instance \
                            redirects users to another address.";

/// Renders the likely cause, its fix, and the reason.
pub(super) fn causes(refusal: &Refusal, explanation: &Explanation) -> String {
    let cause = explanation.likely_cause();
    let mut html = String::from("<dl>\n");
    let mut entry = |term: &str, text: &str| {
        html.push_str(&format!("<dt>{term}</dt>\n<dd>{}</dd>\n", escape(text)));
    };
    entry(
        "Likely cause",
        &cause.map_or_else(|| UNKNOWN.to_owned(), ToString::to_string),
    );
    entry("What to do", &cause.map_or(FIRST_CHECKS.into(), LikelyCause::fix));
    match refusal.message() {
        message if message == NO_TOKEN => entry("Reason", &format!("{message} ({})", refusal.reason())),
        _ => entry("Reason", &refusal.reason()),
    }
    if let Some(details) = refusal.details() {
        entry("Details", details);
    }
    html.push_str("</dl>\n");
    html
}

/// Renders the facts below the cause: closed, or open if they are all that is known.
pub(super) fn steps(explanation: &Explanation) -> String {
    let entry = |(name, text): (&str, &str)| format!("<dt>{name}</dt>\n<dd>{}</dd>\n", escape(text));
    let facts: String = explanation.facts().map(entry).collect();
    let open = match explanation.likely_cause() {
        Some(_) => "",
        None => " open",
    };
    format!("<details{open}>\n<summary>How this request was decided</summary>\n<dl>\n{facts}</dl>\n</details>\n")
}
