//! `/sign-in/factor-one`: prove it, with a password or a code.

use askama::Template;
use axum::body::Body;
use axum::http::Response;

use super::destination::Flow;
use super::form::{Form, FormFrame, Submission, form_page};
use super::html::Frame;
use super::params::EMAIL_ADDRESS;
use super::visit::Visit;
use super::{errors, path};
use crate::flow::{
    Field, FlowError, PendingSignIn, attempt_password, attempt_sign_in_code, is_test_address, pending_sign_in,
    send_sign_in_code,
};
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
}

#[derive(Template)]
#[template(path = "sign_in_code.html")]
struct CodePage {
    frame: Frame,
    form: FormFrame,
    /// Names the page in test hooks.
    page: &'static str,
    identifier: String,
    change: String,
    is_test_address: bool,
    outbox: &'static str,
    /// `None` if the account has no password.
    password: Option<String>,
}

pub(super) async fn show(visit: Visit) -> Response<Body> {
    if let Some(session) = &visit.session {
        return visit.finish(Flow::SignIn, session);
    }
    let (browser, now) = (visit.known.browser.clone(), visit.app.now());
    let (wanted, name) = (visit.own_parameter("strategy"), visit.app.application_name.clone());
    let opened = visit
        .app
        .store
        .transaction(move |connection| {
            let Some(pending) = pending_sign_in(connection, &browser, now)? else {
                return Ok(None);
            };
            let method = method(wanted.as_deref(), &pending);
            // Choosing this method is asking for a code; opening the page again is not.
            let sent = match method {
                Method::EmailCode => send_sign_in_code(connection, &pending, &name, false, now)?,
                Method::Password => Ok(()),
            };
            Ok(Some((pending, method, sent)))
        })
        .await;
    match opened {
        Ok(Some((pending, method, sent))) => render(&visit, &pending, method, sent.err().as_slice()),
        Ok(None) => visit.lost(Flow::SignIn).await,
        Err(error) => errors::store_failed(&visit.app, &error),
    }
}

pub(super) async fn submit(Submission { visit, form }: Submission) -> Response<Body> {
    if let Some(session) = &visit.session {
        return visit.finish(Flow::SignIn, session);
    }
    let pending = match pending(&visit).await {
        Ok(Some(pending)) => pending,
        Ok(None) => return visit.lost(Flow::SignIn).await,
        Err(error) => return errors::store_failed(&visit.app, &error),
    };
    match method(visit.own_parameter("strategy").as_deref(), &pending) {
        Method::Password => try_password(visit, form.field(Field::Password).to_owned()).await,
        Method::EmailCode if form.value("intent") == "resend" => send_another(&visit, pending).await,
        Method::EmailCode => try_code(&visit, pending, &form).await,
    }
}

/// Also where `/sign-in` leads when it is given a password.
pub(super) async fn try_password(visit: Visit, password: String) -> Response<Body> {
    match attempt_password(&visit.app, &visit.known.browser, password).await {
        Ok(Ok(session)) => visit.finish(Flow::SignIn, &session),
        Ok(Err(error)) => match pending(&visit).await {
            Ok(Some(pending)) => render(&visit, &pending, Method::Password, &[error]),
            Ok(None) => visit.lost(Flow::SignIn).await,
            Err(error) => errors::store_failed(&visit.app, &error),
        },
        Err(error) => errors::store_failed(&visit.app, &error),
    }
}

async fn try_code(visit: &Visit, pending: PendingSignIn, form: &Form) -> Response<Body> {
    let (browser, code, now) = (
        visit.known.browser.clone(),
        form.field(Field::Code).to_owned(),
        visit.app.now(),
    );
    let attempted = visit
        .app
        .store
        .transaction(move |connection| attempt_sign_in_code(connection, &browser, &code, now))
        .await;
    match attempted {
        Ok(Ok(session)) => visit.finish(Flow::SignIn, &session),
        Ok(Err(FlowError::AttemptLost)) => visit.lost(Flow::SignIn).await,
        Ok(Err(error)) => render(visit, &pending, Method::EmailCode, &[error]),
        Err(error) => errors::store_failed(&visit.app, &error),
    }
}

async fn send_another(visit: &Visit, pending: PendingSignIn) -> Response<Body> {
    let (asked, name, now) = (pending.clone(), visit.app.application_name.clone(), visit.app.now());
    let sent = visit
        .app
        .store
        .transaction(move |connection| send_sign_in_code(connection, &asked, &name, true, now))
        .await;
    match sent {
        Ok(Ok(())) => visit.see_other(&code_link(visit, &[("notice", "sent")])),
        Ok(Err(error)) => render(visit, &pending, Method::EmailCode, &[error]),
        Err(error) => errors::store_failed(&visit.app, &error),
    }
}

async fn pending(visit: &Visit) -> Result<Option<PendingSignIn>, StoreError> {
    let (browser, now) = (visit.known.browser.clone(), visit.app.now());
    let store = &visit.app.store;
    store
        .transaction(move |connection| pending_sign_in(connection, &browser, now))
        .await
}

/// The method that is asked for, if the account has it; a password is preferred.
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
    let destination = visit.destination(Flow::SignIn);
    let identifier = pending.sign_in.identifier.clone();
    let change = visit.params.with(EMAIL_ADDRESS, &identifier).link(path::SIGN_IN, &[]);
    let password = visit.params.link(path::FACTOR_ONE, &[("strategy", "password")]);
    let mut notices = destination.notices.clone();
    if visit.own_parameter("notice").as_deref() == Some("sent") && found.is_empty() {
        notices.push("A new code was sent. The one before no longer works.".to_owned());
    }
    let form = FormFrame {
        action: match method {
            Method::Password => password.clone(),
            Method::EmailCode => code_link(visit, &[]),
        },
        token: visit.form_token(),
        errors: found.iter().map(Into::into).collect(),
        notices,
        return_host: destination.foreign_host(&visit.app.redirects),
    };
    let target = destination.url.as_ref();
    match method {
        Method::Password => {
            let template = PasswordPage {
                frame: Frame::new(&visit.app, "Enter your password"),
                form,
                identifier,
                change,
                email_code: code_link(visit, &[]),
            };
            form_page(visit, &template, found, target)
        }
        Method::EmailCode => {
            let template = CodePage {
                frame: Frame::new(&visit.app, "Check your email"),
                form,
                page: "factor-one",
                is_test_address: is_test_address(&identifier),
                identifier,
                change,
                outbox: path::OUTBOX,
                password: pending.user.password_hash.is_some().then_some(password),
            };
            form_page(visit, &template, found, target)
        }
    }
}
