//! `/sign-in/factor-one`: prove it, with a password or a code.

use askama::Template;
use axum::body::Body;
use axum::http::Response;

use super::code_page::CodeStep;
use super::destination::Flow;
use super::errors::PageResult;
use super::fields::Proof;
use super::form::{FormFrame, Submission, form_page};
use super::params::EMAIL_ADDRESS;
use super::path;
use super::visit::Visit;
use crate::flow::{CodeRequest, FlowError, PendingSignIn, refused};
use crate::html::Frame;
use crate::store::StoreError;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Method {
    Password,
    EmailCode,
}

#[derive(Template)]
#[template(path = "password.html")]
struct PasswordPage {
    frame: Frame,
    form: FormFrame,
    identifier: String,
    change: String,
    email_code: String,
    reset: String,
}

pub(super) async fn show(visit: Visit) -> PageResult {
    if let Some(session) = visit.sole_session() {
        return Ok(visit.finish(Flow::SignIn, session));
    }
    let (wanted, is_from_here) = (visit.own_parameter("strategy"), visit.is_from_here);
    let opened = visit.flow(move |flow| {
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
        Ok::<_, StoreError>(Some((pending, method, error)))
    });
    Ok(match opened.await? {
        Some((pending, method, error)) => render(&visit, &pending, method, error.as_slice()),
        None => visit.lost(Flow::SignIn).await,
    })
}

pub(super) async fn submit(Submission { visit, form }: Submission<Proof>) -> PageResult {
    if let Some(session) = visit.sole_session() {
        return Ok(visit.finish(Flow::SignIn, session));
    }
    let Some(pending) = pending(&visit).await? else {
        return Ok(visit.lost(Flow::SignIn).await);
    };
    match method(visit.own_parameter("strategy").as_deref(), &pending) {
        Method::Password => try_password(visit, form.password).await,
        Method::EmailCode if form.is_resend() => send_another(&visit, pending).await,
        Method::EmailCode => try_code(&visit, pending, form.code).await,
    }
}

/// Handles a password that was entered at `/sign-in`, too.
pub(super) async fn try_password(visit: Visit, password: String) -> PageResult {
    let error = match visit.flows().attempt_password(password).await {
        Ok(step) => return Ok(visit.proceed(&step)),
        Err(failure) => failure.refusal()?,
    };
    Ok(match pending(&visit).await? {
        Some(pending) => render(&visit, &pending, Method::Password, &[error]),
        None => visit.lost(Flow::SignIn).await,
    })
}

async fn try_code(visit: &Visit, pending: PendingSignIn, code: String) -> PageResult {
    Ok(match visit.flow(move |flow| flow.attempt_sign_in_code(&code)).await {
        Ok(step) => visit.proceed(&step),
        Err(failure) => match failure.refusal()? {
            FlowError::AttemptLost => visit.lost(Flow::SignIn).await,
            error => render(visit, &pending, Method::EmailCode, &[error]),
        },
    })
}

async fn send_another(visit: &Visit, pending: PendingSignIn) -> PageResult {
    let asked = pending.clone();
    let sent = visit.flow(move |flow| flow.send_sign_in_code(&asked, CodeRequest::Another));
    Ok(match sent.await {
        Ok(()) => visit.see_other(&code_link(visit, &[("notice", "sent")])),
        Err(failure) => render(visit, &pending, Method::EmailCode, &[failure.refusal()?]),
    })
}

#[expect(
    clippy::redundant_closure_for_method_calls,
    reason = "a path to a method of `BrowserFlow<'_>` names one lifetime, not every one"
)]
async fn pending(visit: &Visit) -> Result<Option<PendingSignIn>, StoreError> {
    visit.flow(|flow| flow.pending_sign_in()).await
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

fn render(visit: &Visit, pending: &PendingSignIn, method: Method, found: &[FlowError]) -> Response<Body> {
    let identifier = pending.sign_in.identifier.clone();
    let change = visit.params.with(EMAIL_ADDRESS, &identifier).link(path::SIGN_IN, &[]);
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
    let destination = visit.destination(Flow::SignIn);
    let reset = visit.params.link(path::RESET_PASSWORD, &[]);
    let mut form = visit.form(password, &destination, found);
    form.link(found, |error| {
        (*error == FlowError::PasswordCompromised).then(|| (reset.clone(), "Set a new password"))
    });
    let template = PasswordPage {
        frame: Frame::new(&visit.app, "Enter your password"),
        form,
        identifier,
        change,
        email_code: code_link(visit, &[]),
        reset,
    };
    form_page(visit, &template, found, destination.url.as_ref())
}
