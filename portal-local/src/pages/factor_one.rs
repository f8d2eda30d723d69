//! `/sign-in/factor-one`: prove it, with a password or a code.

use askama::Template;
use axum::response::Response;

use super::code_page::CodeStep;
use super::destination::Flow;
use super::errors::PageResult;
use super::fields::Proof;
use super::form::Submission;
use super::form_page::{FormFrame, FormPage};
use super::path;
use super::visit::Visit;
use crate::flow::{CodeRequest, FlowError, PendingSignIn, refused};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Method {
    Password,
    EmailCode,
}

#[derive(Template)]
#[template(path = "password.html")]
struct PasswordPage {
    frame: FormFrame,
    identifier: String,
    change: String,
    email_code: String,
}

pub(super) async fn show(visit: Visit) -> PageResult {
    visit.unless_signed_in(Flow::SignIn)?;
    let (wanted, is_from_here) = (visit.own_parameter("strategy"), visit.is_from_here);
    let opened = visit.attempt(Flow::SignIn, move |flow| {
        let Some(pending) = flow.pending_sign_in()? else {
            return Ok(None);
        };
        let method = method(wanted.as_deref(), &pending);
        // Choosing this method is asking for a code; opening the page again is not.
        let error = match method {
            // A link on another site must not trigger this.
            Method::EmailCode if is_from_here => refused(flow.send_sign_in_code(&pending, CodeRequest::First))?,
            Method::EmailCode | Method::Password => None,
        };
        Ok(Some((pending, method, error)))
    });
    let (pending, method, error) = opened.await?;
    Ok(render(&visit, &pending, method, error.as_slice()))
}

pub(super) async fn submit(Submission { visit, form }: Submission<Proof>) -> PageResult {
    visit.unless_signed_in(Flow::SignIn)?;
    let pending = visit.attempt(Flow::SignIn, |flow| flow.pending_sign_in()).await?;
    let method = method(visit.own_parameter("strategy").as_deref(), &pending);
    if method == Method::Password {
        return try_password(visit, form.password).await;
    }
    let (is_resend, asked) = (form.is_resend(), pending.clone());
    let done = visit.flow(move |flow| match is_resend {
        true => flow.send_sign_in_code(&asked, CodeRequest::Another).map(|()| None),
        false => flow.attempt_sign_in_code(&form.code).map(Some),
    });
    Ok(match done.await {
        Ok(Some(step)) => visit.proceed(&step),
        Ok(None) => visit.see_other(&code_link(&visit, &[("notice", "sent")])),
        Err(failure) => {
            let error = visit.refusal(Flow::SignIn, failure).await?;
            render(&visit, &pending, method, &[error])
        }
    })
}

/// Handles a password that was entered at `/sign-in`, too.
pub(super) async fn try_password(visit: Visit, password: String) -> PageResult {
    let error = match visit.flows().attempt_password(password).await {
        Ok(step) => return Ok(visit.proceed(&step)),
        Err(failure) => failure.refusal()?,
    };
    let pending = visit.attempt(Flow::SignIn, |flow| flow.pending_sign_in()).await?;
    Ok(render(&visit, &pending, Method::Password, &[error]))
}

/// Returns the requested method if the account has it, else preferably the password.
fn method(wanted: Option<&str>, pending: &PendingSignIn) -> Method {
    let has_password = pending.user.password_hash.is_some();
    if wanted == Some("email_code") || !has_password {
        Method::EmailCode
    } else {
        Method::Password
    }
}

fn code_link(visit: &Visit, extra: &[(&str, &str)]) -> String {
    let mut own = vec![("strategy", "email_code")];
    own.extend_from_slice(extra);
    visit.params.link(path::FACTOR_ONE, &own)
}

fn render(visit: &Visit, pending: &PendingSignIn, method: Method, found: &[FlowError]) -> Response {
    let identifier = pending.sign_in.identifier.clone();
    let change = visit.sign_in_with(&identifier);
    let password = visit.params.link(path::FACTOR_ONE, &[("strategy", "password")]);
    if method == Method::EmailCode {
        let has_password = pending.user.password_hash.is_some();
        let step = CodeStep {
            page: "factor-one",
            heading: "Check your email",
            action: code_link(visit, &[]),
            address: &identifier,
            change,
            other: has_password.then_some((password, "Enter your password")),
            taken: None,
            flow: Flow::SignIn,
        };
        return step.render(visit, found);
    }
    let reset = visit.params.link(path::RESET_PASSWORD, &[]);
    let page = FormPage::new(visit, "Enter your password", password, found).toward(Flow::SignIn);
    let page = page.ways_out(|error| match error {
        FlowError::PasswordCompromised => Some((reset.clone(), "Set a new password")),
        _ => None,
    });
    page.render(|frame| PasswordPage {
        frame,
        identifier,
        change,
        email_code: code_link(visit, &[]),
    })
}
