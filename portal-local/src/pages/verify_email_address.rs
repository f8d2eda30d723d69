//! `/sign-up/verify-email-address`: the proof that mail to the new account's address arrives.

use axum::body::Body;
use axum::http::Response;

use super::code_page::CodeStep;
use super::destination::Flow;
use super::errors::PageResult;
use super::fields::Proof;
use super::form::Submission;
use super::params::{EMAIL_ADDRESS, FIRST_NAME, LAST_NAME};
use super::path;
use super::visit::Visit;
use crate::flow::{FlowError, SignUpStep};
use crate::store::{SignUp, StoreError};

pub(super) async fn show(visit: Visit) -> PageResult {
    if let Some(session) = visit.sole_session() {
        return Ok(visit.finish(Flow::SignUp, session));
    }
    Ok(match pending(&visit).await? {
        Some(sign_up) if sign_up.email_verified_at.is_some() => onward(&visit),
        Some(sign_up) => render(&visit, &sign_up, &[]),
        None => visit.lost(Flow::SignUp).await,
    })
}

pub(super) async fn submit(Submission { visit, form }: Submission<Proof>) -> PageResult {
    if let Some(session) = visit.sole_session() {
        return Ok(visit.finish(Flow::SignUp, session));
    }
    match pending(&visit).await? {
        Some(sign_up) if sign_up.email_verified_at.is_some() => Ok(onward(&visit)),
        Some(sign_up) if form.is_resend() => send_another(&visit, sign_up).await,
        Some(sign_up) => try_code(&visit, sign_up, form.code).await,
        None => Ok(visit.lost(Flow::SignUp).await),
    }
}

fn onward(visit: &Visit) -> Response<Body> {
    visit.see_other(&visit.params.link(path::CONTINUE, &[]))
}

async fn try_code(visit: &Visit, sign_up: SignUp, code: String) -> PageResult {
    Ok(match visit.flow(move |flow| flow.attempt_sign_up_code(&code)).await {
        Ok(SignUpStep::Done(session)) => visit.finish(Flow::SignUp, &session),
        Ok(SignUpStep::Continue) => onward(visit),
        Err(failure) => match failure.refusal()? {
            FlowError::AttemptLost => visit.lost(Flow::SignUp).await,
            error => render(visit, &sign_up, &[error]),
        },
    })
}

async fn send_another(visit: &Visit, sign_up: SignUp) -> PageResult {
    let asked = sign_up.clone();
    Ok(match visit.flow(move |flow| flow.send_sign_up_code(&asked)).await {
        Ok(()) => visit.see_other(&visit.params.link(path::VERIFY_EMAIL_ADDRESS, &[("notice", "sent")])),
        Err(failure) => render(visit, &sign_up, &[failure.refusal()?]),
    })
}

#[expect(
    clippy::redundant_closure_for_method_calls,
    reason = "a path to a method of `BrowserFlow<'_>` names one lifetime, not every one"
)]
pub(super) async fn pending(visit: &Visit) -> Result<Option<SignUp>, StoreError> {
    visit.flow(|flow| flow.pending_sign_up()).await
}

fn render(visit: &Visit, sign_up: &SignUp, found: &[FlowError]) -> Response<Body> {
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
