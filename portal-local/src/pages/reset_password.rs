//! `/sign-in/reset-password`: a forgotten password. First a code, then a new password.

use askama::Template;
use axum::response::Response;
use serde::Deserialize;

use super::code_page::CodeStep;
use super::destination::Flow;
use super::errors::{PageError, PageResult};
use super::fields::checked;
use super::form::Submission;
use super::form_page::FormFrame;
use super::path;
use super::visit::Visit;
use crate::flow::{CodeRequest, FlowError, NewPassword, PasswordReset, PendingSignIn, refused};

#[derive(Template)]
#[template(path = "reset_password.html")]
pub(super) struct NewPasswordPage {
    pub(super) frame: FormFrame,
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
    visit.unless_signed_in(Flow::SignIn)?;
    let is_from_here = visit.is_from_here;
    let opened = visit.attempt(Flow::SignIn, move |flow| {
        let Some(reset) = flow.pending_password_reset()? else {
            return Ok(None);
        };
        let error = match &reset {
            PasswordReset::Code(pending) if is_from_here => refused(flow.send_reset_code(pending, CodeRequest::First))?,
            _ => None,
        };
        Ok(Some((reset, error)))
    });
    Ok(match opened.await? {
        (PasswordReset::Code(pending), error) => render_code(&visit, &pending, error.as_slice()),
        (PasswordReset::Password(pending), _) => render_password(&visit, &pending, true, &[]),
    })
}

pub(super) async fn submit(Submission { visit, form }: Submission<Typed>) -> PageResult {
    visit.unless_signed_in(Flow::SignIn)?;
    match visit
        .attempt(Flow::SignIn, |flow| flow.pending_password_reset())
        .await?
    {
        PasswordReset::Code(pending) => submit_code(&visit, &pending, form).await,
        PasswordReset::Password(pending) => submit_password(&visit, &pending, form).await,
    }
}

/// `/sign-in/reset-password-success`, where Clerk's own pages stop for a moment: the session has begun by then.
pub(super) async fn succeeded(visit: Visit) -> PageError {
    visit.lost(Flow::SignIn).await
}

async fn submit_code(visit: &Visit, pending: &PendingSignIn, form: Typed) -> PageResult {
    let asked = pending.clone();
    let is_resend = form.intent == "resend";
    let done = visit.flow(move |flow| match is_resend {
        true => flow.send_reset_code(&asked, CodeRequest::Another),
        false => flow.attempt_reset_code(&form.code),
    });
    Ok(match done.await {
        Ok(()) if is_resend => visit.redirect(path::RESET_PASSWORD, &[("notice", "sent")]),
        Ok(()) => visit.redirect(path::RESET_PASSWORD, &[]),
        Err(failure) => render_code(visit, pending, &[visit.refusal(Flow::SignIn, failure).await?]),
    })
}

async fn submit_password(visit: &Visit, pending: &PendingSignIn, form: Typed) -> PageResult {
    let others = form.sign_out_of_other_sessions;
    let new = NewPassword {
        text: form.password,
        sign_out_others: others,
    };
    Ok(match visit.flows().set_reset_password(new).await {
        Ok(step) => visit.proceed(&step),
        Err(failure) => {
            let error = visit.refusal(Flow::SignIn, failure).await?;
            render_password(visit, pending, others, &[error])
        }
    })
}

fn render_code(visit: &Visit, pending: &PendingSignIn, found: &[FlowError]) -> Response {
    let address = &pending.sign_in.identifier;
    let step = CodeStep {
        page: "reset-password",
        heading: "Reset your password",
        action: visit.params.link(path::RESET_PASSWORD, &[]),
        address,
        change: visit.sign_in_with(address),
        other: Some((visit.params.link(path::FACTOR_ONE, &[]), "Back to sign-in")),
        taken: None,
        flow: Flow::SignIn,
    };
    step.render(visit, found)
}

fn render_password(visit: &Visit, pending: &PendingSignIn, others: bool, found: &[FlowError]) -> Response {
    let page = visit.form_page("Set a new password", path::RESET_PASSWORD, found);
    page.toward(Flow::SignIn).render(|frame| NewPasswordPage {
        frame,
        identifier: pending.sign_in.identifier.clone(),
        sign_out_others: others,
        sign_out: None,
    })
}
