//! `/waitlist`, for applications that admit users one by one.

use askama::Template;
use axum::response::Response;
use portal_sdk::names::query;

use super::destination::Flow;
use super::errors::{PageError, PageResult};
use super::fields::Address;
use super::form::Submission;
use super::form_page::FormFrame;
use super::params::EMAIL_ADDRESS;
use super::path;
use super::visit::Visit;
use crate::flow::FlowError;
use crate::store::SignUpMode;

#[derive(Template)]
#[template(path = "waitlist.html")]
struct WaitlistPage {
    frame: FormFrame,
    email_address: String,
    is_joined: bool,
    /// URL and host of the application that the user came from, if any.
    back: Option<(String, String)>,
}

pub(super) async fn show(visit: Visit) -> PageResult {
    if_there_is_one(&visit)?;
    let prefilled = visit.params.value(EMAIL_ADDRESS).unwrap_or_default().to_owned();
    Ok(render(&visit, prefilled, &[]))
}

pub(super) async fn submit(Submission { visit, form }: Submission<Address>) -> PageResult {
    if_there_is_one(&visit)?;
    let address = form.email_address;
    let typed = address.clone();
    Ok(match visit.flow(move |flow| flow.join_waitlist(&typed)).await {
        // Answer the same for a known address, so that it is not disclosed.
        Ok(_) => match visit.destination(Flow::JoinWaitlist).url {
            Some(url) if visit.settings.after_join_waitlist_url.is_some() => visit.send_to(url),
            _ => visit.redirect(path::WAITLIST, &[("notice", "joined")]),
        },
        Err(failure) => render(&visit, address, &[failure.refusal()?]),
    })
}

/// Redirects to sign-up unless the application has a waitlist.
fn if_there_is_one(visit: &Visit) -> Result<(), PageError> {
    match visit.settings.sign_up_mode {
        SignUpMode::Waitlist => Ok(()),
        SignUpMode::Public | SignUpMode::Restricted => Err(visit.redirect(path::SIGN_UP, &[]).into()),
    }
}

fn render(visit: &Visit, email_address: String, found: &[FlowError]) -> Response {
    let came_from = visit.params.value(query::REDIRECT_URL);
    let back = came_from.and_then(|text| visit.app.redirects.resolve(text).ok());
    let page = visit.form_page("Join the waitlist", path::WAITLIST, found);
    page.toward(Flow::JoinWaitlist).render(|frame| WaitlistPage {
        frame,
        email_address,
        is_joined: found.is_empty() && visit.is_told("joined"),
        back: back.map(|url| visit.way_back(url)),
    })
}
