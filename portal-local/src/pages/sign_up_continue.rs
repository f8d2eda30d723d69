//! `/sign-up/continue`: what an account still needs once its address is proven.

use askama::Template;
use axum::body::Body;
use axum::http::Response;

use super::destination::Flow;
use super::errors::PageResult;
use super::fields::FullName;
use super::form::{FormFrame, Submission, form_page};
use super::path;
use super::verify_email_address::pending;
use super::visit::Visit;
use crate::flow::{FlowError, Names};
use crate::html::Frame;

#[derive(Template)]
#[template(path = "sign_up_continue.html")]
struct ContinuePage {
    frame: Frame,
    form: FormFrame,
    first_name: String,
    last_name: String,
}

pub(super) async fn show(visit: Visit) -> PageResult {
    if let Some(session) = visit.sole_session() {
        return Ok(visit.finish(Flow::SignUp, session));
    }
    Ok(match pending(&visit).await? {
        Some(sign_up) if sign_up.email_verified_at.is_none() => {
            visit.see_other(&visit.params.link(path::VERIFY_EMAIL_ADDRESS, &[]))
        }
        Some(sign_up) => {
            let (first, last) = (sign_up.first_name, sign_up.last_name);
            render(&visit, first.unwrap_or_default(), last.unwrap_or_default(), &[])
        }
        None => visit.lost(Flow::SignUp).await,
    })
}

pub(super) async fn submit(Submission { visit, form }: Submission<FullName>) -> PageResult {
    let (first, last) = (form.first_name, form.last_name);
    let names = match Names::parse(&first, &last).and_then(|names| names.complete(visit.settings.names_required)) {
        Ok(names) => names,
        Err(found) => return Ok(render(&visit, first, last, &found)),
    };
    Ok(match visit.flow(move |flow| flow.continue_sign_up(names)).await {
        Ok(session) => visit.finish(Flow::SignUp, &session),
        Err(failure) => match failure.refusal()? {
            FlowError::AttemptLost => visit.lost(Flow::SignUp).await,
            error => render(&visit, first, last, &[error]),
        },
    })
}

fn render(visit: &Visit, first_name: String, last_name: String, found: &[FlowError]) -> Response<Body> {
    let destination = visit.destination(Flow::SignUp);
    let template = ContinuePage {
        frame: Frame::new(&visit.app, "Enter your name"),
        form: visit.form(visit.params.link(path::CONTINUE, &[]), &destination, found),
        first_name,
        last_name,
    };
    form_page(visit, &template, found, destination.url.as_ref())
}
