//! `/sign-in/reset-password`: a forgotten password. First a code, then a new password.

use askama::Template;
use axum::body::Body;
use axum::http::Response;
use serde::Deserialize;

use super::code_page::CodeStep;
use super::destination::Flow;
use super::errors::PageResult;
use super::fields::checked;
use super::form::{FormFrame, Submission, form_page};
use super::params::EMAIL_ADDRESS;
use super::path;
use super::visit::Visit;
use crate::flow::{CodeRequest, FlowError, NewPassword, PasswordReset, PendingSignIn, refused};
use crate::html::Frame;
use crate::store::StoreError;

#[derive(Template)]
#[template(path = "reset_password.html")]
pub(super) struct NewPasswordPage {
    pub(super) frame: Frame,
    pub(super) form: FormFrame,
    pub(super) identifier: String,
    pub(super) sign_out_others: bool,
    /// The signed-in address and where the form goes that signs out, while this is a session's task.
    pub(super) sign_out: Option<(String, String)>,
}

/// The fields of both steps.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Typed {
    code: String,
    intent: String,
    password: String,
    #[serde(deserialize_with = "checked")]
    sign_out_of_other_sessions: bool,
}

pub(super) async fn show(visit: Visit) -> PageResult {
    if let Some(session) = visit.sole_session() {
        return Ok(visit.finish(Flow::SignIn, session));
    }
    let is_from_here = visit.is_from_here;
    let opened = visit.flow(move |flow| {
        let reset = flow.pending_password_reset()?;
        let error = match &reset {
            Some(PasswordReset::Code(pending)) if is_from_here => {
                refused(flow.send_reset_code(pending, CodeRequest::First))?
            }
            _ => None,
        };
        Ok::<_, StoreError>((reset, error))
    });
    Ok(match opened.await? {
        (Some(PasswordReset::Code(pending)), error) => render_code(&visit, &pending, error.as_slice()),
        (Some(PasswordReset::Password(pending)), _) => render_password(&visit, &pending, true, &[]),
        (None, _) => visit.lost(Flow::SignIn).await,
    })
}

pub(super) async fn submit(Submission { visit, form }: Submission<Typed>) -> PageResult {
    if let Some(session) = visit.sole_session() {
        return Ok(visit.finish(Flow::SignIn, session));
    }
    match pending(&visit).await? {
        Some(PasswordReset::Code(pending)) if form.intent == "resend" => send_another(&visit, pending).await,
        Some(PasswordReset::Code(pending)) => try_code(&visit, pending, form.code).await,
        Some(PasswordReset::Password(pending)) => {
            let new = NewPassword {
                text: form.password,
                sign_out_others: form.sign_out_of_other_sessions,
            };
            try_password(&visit, pending, new).await
        }
        None => Ok(visit.lost(Flow::SignIn).await),
    }
}

/// `/sign-in/reset-password-success`, where Clerk's own pages stop for a moment: the session has begun by then.
pub(super) async fn succeeded(visit: Visit) -> Response<Body> {
    visit.lost(Flow::SignIn).await
}

async fn try_code(visit: &Visit, pending: PendingSignIn, code: String) -> PageResult {
    Ok(match visit.flow(move |flow| flow.attempt_reset_code(&code)).await {
        Ok(()) => visit.see_other(&visit.params.link(path::RESET_PASSWORD, &[])),
        Err(failure) => match failure.refusal()? {
            FlowError::AttemptLost => visit.lost(Flow::SignIn).await,
            error => render_code(visit, &pending, &[error]),
        },
    })
}

async fn send_another(visit: &Visit, pending: PendingSignIn) -> PageResult {
    let asked = pending.clone();
    let sent = visit.flow(move |flow| flow.send_reset_code(&asked, CodeRequest::Another));
    Ok(match sent.await {
        Ok(()) => visit.see_other(&visit.params.link(path::RESET_PASSWORD, &[("notice", "sent")])),
        Err(failure) => render_code(visit, &pending, &[failure.refusal()?]),
    })
}

async fn try_password(visit: &Visit, pending: PendingSignIn, new: NewPassword) -> PageResult {
    let others = new.sign_out_others;
    Ok(match visit.flows().set_reset_password(new).await {
        Ok(step) => visit.proceed(&step),
        Err(failure) => match failure.refusal()? {
            FlowError::AttemptLost => visit.lost(Flow::SignIn).await,
            error => render_password(visit, &pending, others, &[error]),
        },
    })
}

#[expect(
    clippy::redundant_closure_for_method_calls,
    reason = "a path to a method of `BrowserFlow<'_>` names one lifetime, not every one"
)]
async fn pending(visit: &Visit) -> Result<Option<PasswordReset>, StoreError> {
    visit.flow(|flow| flow.pending_password_reset()).await
}

fn render_code(visit: &Visit, pending: &PendingSignIn, found: &[FlowError]) -> Response<Body> {
    let address = &pending.sign_in.identifier;
    let step = CodeStep {
        page: "reset-password",
        heading: "Reset your password",
        action: visit.params.link(path::RESET_PASSWORD, &[]),
        address,
        change: visit.params.with(EMAIL_ADDRESS, address).link(path::SIGN_IN, &[]),
        other: Some((visit.params.link(path::FACTOR_ONE, &[]), "Back to sign-in")),
        taken: None,
        flow: Flow::SignIn,
    };
    step.render(visit, found)
}

fn render_password(visit: &Visit, pending: &PendingSignIn, others: bool, found: &[FlowError]) -> Response<Body> {
    let destination = visit.destination(Flow::SignIn);
    let template = NewPasswordPage {
        frame: Frame::new(&visit.app, "Set a new password"),
        form: visit.form(visit.params.link(path::RESET_PASSWORD, &[]), &destination, found),
        identifier: pending.sign_in.identifier.clone(),
        sign_out_others: others,
        sign_out: None,
    };
    form_page(visit, &template, found, destination.url.as_ref())
}
