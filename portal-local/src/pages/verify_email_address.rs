//! `/sign-up/verify-email-address`: the proof that mail to the new account's address arrives.

use askama::Template;
use axum::body::Body;
use axum::http::Response;

use super::destination::Flow;
use super::form::{ErrorView, Form, FormFrame, Submission, form_page};
use super::html::Frame;
use super::params::{EMAIL_ADDRESS, FIRST_NAME, LAST_NAME};
use super::visit::Visit;
use super::{errors, path};
use crate::flow::{Field, FlowError, attempt_sign_up_code, is_test_address, pending_sign_up, send_sign_up_code};
use crate::store::{SignUp, StoreError};

#[derive(Template)]
#[template(path = "sign_up_code.html")]
struct CodePage {
    frame: Frame,
    form: FormFrame,
    /// Names the page in test hooks.
    page: &'static str,
    identifier: String,
    change: String,
    is_test_address: bool,
    outbox: &'static str,
}

pub(super) async fn show(visit: Visit) -> Response<Body> {
    if let Some(session) = &visit.session {
        return visit.finish(Flow::SignUp, session);
    }
    match pending(&visit).await {
        Ok(Some(sign_up)) => render(&visit, &sign_up, &[]),
        Ok(None) => visit.lost(Flow::SignUp).await,
        Err(error) => errors::store_failed(&visit.app, &error),
    }
}

pub(super) async fn submit(Submission { visit, form }: Submission) -> Response<Body> {
    if let Some(session) = &visit.session {
        return visit.finish(Flow::SignUp, session);
    }
    match pending(&visit).await {
        Ok(Some(sign_up)) if form.value("intent") == "resend" => send_another(&visit, sign_up).await,
        Ok(Some(sign_up)) => try_code(&visit, sign_up, &form).await,
        Ok(None) => visit.lost(Flow::SignUp).await,
        Err(error) => errors::store_failed(&visit.app, &error),
    }
}

async fn try_code(visit: &Visit, sign_up: SignUp, form: &Form) -> Response<Body> {
    let (browser, code, now) = (
        visit.known.browser.clone(),
        form.field(Field::Code).to_owned(),
        visit.app.now(),
    );
    let attempted = visit
        .app
        .store
        .transaction(move |connection| attempt_sign_up_code(connection, &browser, &code, now))
        .await;
    match attempted {
        Ok(Ok(session)) => visit.finish(Flow::SignUp, &session),
        Ok(Err(FlowError::AttemptLost)) => visit.lost(Flow::SignUp).await,
        Ok(Err(error)) => render(visit, &sign_up, &[error]),
        Err(error) => errors::store_failed(&visit.app, &error),
    }
}

async fn send_another(visit: &Visit, sign_up: SignUp) -> Response<Body> {
    let (asked, name, now) = (sign_up.clone(), visit.app.application_name.clone(), visit.app.now());
    let sent = visit
        .app
        .store
        .transaction(move |connection| send_sign_up_code(connection, &asked, &name, now))
        .await;
    match sent {
        Ok(Ok(())) => visit.see_other(&visit.params.link(path::VERIFY_EMAIL_ADDRESS, &[("notice", "sent")])),
        Ok(Err(error)) => render(visit, &sign_up, &[error]),
        Err(error) => errors::store_failed(&visit.app, &error),
    }
}

async fn pending(visit: &Visit) -> Result<Option<SignUp>, StoreError> {
    let (browser, now) = (visit.known.browser.clone(), visit.app.now());
    let store = &visit.app.store;
    store
        .transaction(move |connection| pending_sign_up(connection, &browser, now))
        .await
}

fn render(visit: &Visit, sign_up: &SignUp, found: &[FlowError]) -> Response<Body> {
    let destination = visit.destination(Flow::SignUp);
    let address = &sign_up.email_address;
    let change = visit
        .params
        .with(EMAIL_ADDRESS, address)
        .with(FIRST_NAME, sign_up.first_name.as_deref().unwrap_or_default())
        .with(LAST_NAME, sign_up.last_name.as_deref().unwrap_or_default());
    let mut errors: Vec<ErrorView> = found.iter().map(Into::into).collect();
    for (view, error) in errors.iter_mut().zip(found) {
        if *error == FlowError::IdentifierExists {
            // This page has no field for the address.
            view.field = "";
            view.link = Some((
                visit.params.with(EMAIL_ADDRESS, address).link(path::SIGN_IN, &[]),
                "Sign in with it",
            ));
        }
    }
    let mut notices = destination.notices.clone();
    if visit.own_parameter("notice").as_deref() == Some("sent") && found.is_empty() {
        notices.push("A new code was sent. The one before no longer works.".to_owned());
    }
    let template = CodePage {
        frame: Frame::new(&visit.app, "Verify your email address"),
        form: FormFrame {
            action: visit.params.link(path::VERIFY_EMAIL_ADDRESS, &[]),
            token: visit.form_token(),
            errors,
            notices,
            return_host: destination.foreign_host(&visit.app.redirects),
        },
        page: "verify-email-address",
        identifier: address.clone(),
        change: change.link(path::SIGN_UP, &[]),
        is_test_address: is_test_address(address),
        outbox: path::OUTBOX,
    };
    form_page(visit, &template, found, destination.url.as_ref())
}
