//! `/waitlist`, for applications that admit users one by one.

use askama::Template;
use axum::body::Body;
use axum::http::Response;
use portal_sdk::names::query;

use super::destination::Flow;
use super::errors::PageResult;
use super::fields::Address;
use super::form::{FormFrame, Submission, form_page};
use super::params::EMAIL_ADDRESS;
use super::path;
use super::visit::Visit;
use crate::flow::FlowError;
use crate::html::Frame;
use crate::store::SignUpMode;

#[derive(Template)]
#[template(path = "waitlist.html")]
struct WaitlistPage {
    frame: Frame,
    form: FormFrame,
    email_address: String,
    is_joined: bool,
    sign_in: String,
    /// URL and host of the application that the user came from, if any.
    back: Option<(String, String)>,
}

pub(super) async fn show(visit: Visit) -> Response<Body> {
    if visit.settings.sign_up_mode != SignUpMode::Waitlist {
        return visit.see_other(&visit.params.link(path::SIGN_UP, &[]));
    }
    let prefilled = visit.params.value(EMAIL_ADDRESS).unwrap_or_default().to_owned();
    render(&visit, prefilled, &[])
}

pub(super) async fn submit(Submission { visit, form }: Submission<Address>) -> PageResult {
    if visit.settings.sign_up_mode != SignUpMode::Waitlist {
        return Ok(visit.see_other(&visit.params.link(path::SIGN_UP, &[])));
    }
    let address = form.email_address;
    let typed = address.clone();
    Ok(match visit.flow(move |flow| flow.join_waitlist(&typed)).await {
        // Answer the same for a known address, so that it is not disclosed.
        Ok(_) if visit.settings.after_join_waitlist_url.is_some() => match visit.destination(Flow::JoinWaitlist).url {
            Some(url) => visit.send_to(url),
            None => visit.see_other(&visit.params.link(path::WAITLIST, &[("notice", "joined")])),
        },
        Ok(_) => visit.see_other(&visit.params.link(path::WAITLIST, &[("notice", "joined")])),
        Err(failure) => render(&visit, address, &[failure.refusal()?]),
    })
}

fn render(visit: &Visit, email_address: String, found: &[FlowError]) -> Response<Body> {
    let destination = visit.destination(Flow::JoinWaitlist);
    let came_from = visit.params.value(query::REDIRECT_URL);
    let back = came_from.and_then(|text| visit.app.redirects.resolve(text).ok());
    let template = WaitlistPage {
        frame: Frame::new(&visit.app, "Join the waitlist"),
        form: FormFrame {
            notices: destination.notices.clone(),
            ..visit.plain_form(visit.params.link(path::WAITLIST, &[]), found)
        },
        email_address,
        is_joined: found.is_empty() && visit.is_told("joined"),
        sign_in: visit.params.link(path::SIGN_IN, &[]),
        back: back.map(|url| visit.way_back(url)),
    };
    form_page(visit, &template, found, destination.url.as_ref())
}
