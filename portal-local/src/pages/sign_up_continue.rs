//! `/sign-up/continue`: what an account still needs once its address is proven.

use askama::Template;
use axum::response::Response;

use super::destination::Flow;
use super::errors::PageResult;
use super::fields::FullName;
use super::form::Submission;
use super::form_page::FormFrame;
use super::path;
use super::visit::Visit;
use crate::flow::{FlowError, Names};

#[derive(Template)]
#[template(path = "sign_up_continue.html")]
struct ContinuePage {
    frame: FormFrame,
    first_name: String,
    last_name: String,
}

pub(super) async fn show(visit: Visit) -> PageResult {
    visit.unless_signed_in(Flow::SignUp)?;
    let sign_up = visit.attempt(Flow::SignUp, |flow| flow.pending_sign_up()).await?;
    if sign_up.email_verified_at.is_none() {
        return Ok(visit.redirect(path::VERIFY_EMAIL_ADDRESS, &[]));
    }
    let (first, last) = (sign_up.first_name, sign_up.last_name);
    Ok(render(&visit, first.unwrap_or_default(), last.unwrap_or_default(), &[]))
}

pub(super) async fn submit(Submission { visit, form }: Submission<FullName>) -> PageResult {
    let (first, last) = (form.first_name, form.last_name);
    let names = match Names::parse(&first, &last).and_then(|names| names.complete(visit.settings.names_required)) {
        Ok(names) => names,
        Err(found) => return Ok(render(&visit, first, last, &found)),
    };
    Ok(match visit.flow(move |flow| flow.continue_sign_up(names)).await {
        Ok(session) => visit.finish(Flow::SignUp, &session),
        Err(failure) => render(&visit, first, last, &[visit.refusal(Flow::SignUp, failure).await?]),
    })
}

fn render(visit: &Visit, first_name: String, last_name: String, found: &[FlowError]) -> Response {
    let page = visit.form_page("Enter your name", path::CONTINUE, found);
    page.toward(Flow::SignUp).render(|frame| ContinuePage {
        frame,
        first_name,
        last_name,
    })
}
