//! `/sign-up/verify-email-address`: the proof that mail to the new account's address arrives.

use axum::response::Response;

use super::code_page::CodeStep;
use super::destination::Flow;
use super::errors::{PageError, PageResult};
use super::fields::Proof;
use super::form::Submission;
use super::params::{EMAIL_ADDRESS, FIRST_NAME, LAST_NAME};
use super::path;
use super::visit::Visit;
use crate::flow::{FlowError, SignUpStep};
use crate::store::SignUp;

pub(super) async fn show(visit: Visit) -> PageResult {
    visit.unless_signed_in(Flow::SignUp)?;
    let sign_up = unverified(&visit).await?;
    Ok(render(&visit, &sign_up, &[]))
}

pub(super) async fn submit(Submission { visit, form }: Submission<Proof>) -> PageResult {
    visit.unless_signed_in(Flow::SignUp)?;
    let sign_up = unverified(&visit).await?;
    let (is_resend, asked) = (form.is_resend(), sign_up.clone());
    let done = visit.flow(move |flow| match is_resend {
        true => flow.send_sign_up_code(&asked).map(|()| None),
        false => flow.attempt_sign_up_code(&form.code).map(Some),
    });
    Ok(match done.await {
        Ok(Some(SignUpStep::Done(session))) => visit.finish(Flow::SignUp, &session),
        Ok(Some(SignUpStep::Continue)) => visit.redirect(path::CONTINUE, &[]),
        Ok(None) => visit.redirect(path::VERIFY_EMAIL_ADDRESS, &[("notice", "sent")]),
        Err(failure) => render(&visit, &sign_up, &[visit.refusal(Flow::SignUp, failure).await?]),
    })
}

/// The attempt, or the redirect of one whose address is verified already.
async fn unverified(visit: &Visit) -> Result<SignUp, PageError> {
    let sign_up = visit.attempt(Flow::SignUp, |flow| flow.pending_sign_up()).await?;
    match sign_up.email_verified_at {
        Some(_) => Err(visit.redirect(path::CONTINUE, &[]).into()),
        None => Ok(sign_up),
    }
}

fn render(visit: &Visit, sign_up: &SignUp, found: &[FlowError]) -> Response {
    let address = &sign_up.email_address;
    let with_address = visit.params.with(EMAIL_ADDRESS, address);
    let change = with_address
        .with(FIRST_NAME, sign_up.first_name.as_deref().unwrap_or_default())
        .with(LAST_NAME, sign_up.last_name.as_deref().unwrap_or_default());
    let step = CodeStep {
        page: "verify-email-address",
        heading: "Verify your email address",
        action: visit.params.link(path::VERIFY_EMAIL_ADDRESS, &[]),
        address,
        change: change.link(path::SIGN_UP, &[]),
        other: None,
        taken: Some(with_address.link(path::SIGN_IN, &[])),
        flow: Flow::SignUp,
    };
    step.render(visit, found)
}
