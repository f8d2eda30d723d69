//! `/sign-up`: a new account.

use askama::Template;
use axum::body::Body;
use axum::http::Response;

use super::destination::Flow;
use super::form::{ErrorView, Form, FormFrame, Submission, form_page};
use super::html::Frame;
use super::params::{EMAIL_ADDRESS, FIRST_NAME, LAST_NAME};
use super::visit::Visit;
use super::{errors, path};
use crate::flow::{Field, FlowError, Outcome, check_new_sign_up, start_sign_up};
use crate::password;
use crate::store::StoreError;

#[derive(Template)]
#[template(path = "sign_up.html")]
struct SignUpPage {
    frame: Frame,
    form: FormFrame,
    typed: Typed,
    sign_in: String,
}

/// What the fields hold. Never the password.
#[derive(Clone, Default)]
struct Typed {
    email_address: String,
    first_name: String,
    last_name: String,
}

pub(super) async fn show(visit: Visit) -> Response<Body> {
    if visit.session.is_some() {
        return visit.finish(Flow::SignUp);
    }
    let prefill = |name| visit.params.value(name).unwrap_or_default().to_owned();
    let typed = Typed {
        email_address: prefill(EMAIL_ADDRESS),
        first_name: prefill(FIRST_NAME),
        last_name: prefill(LAST_NAME),
    };
    render(&visit, typed, &[])
}

pub(super) async fn submit(Submission { visit, form }: Submission) -> Response<Body> {
    if visit.session.is_some() {
        return visit.finish(Flow::SignUp);
    }
    let typed = Typed {
        email_address: form.field(Field::EmailAddress).to_owned(),
        first_name: form.field(Field::FirstName).to_owned(),
        last_name: form.field(Field::LastName).to_owned(),
    };
    match start(&visit, &typed, &form).await {
        Ok(Ok(())) => visit.see_other(&visit.params.link(path::VERIFY_EMAIL_ADDRESS, &[])),
        Ok(Err(found)) => render(&visit, typed, &found),
        Err(error) => errors::store_failed(&visit.app, &error),
    }
}

async fn start(visit: &Visit, typed: &Typed, form: &Form) -> Result<Result<(), Vec<FlowError>>, StoreError> {
    let password = form.field(Field::Password);
    let new = match check_new_sign_up(&typed.email_address, password, &typed.first_name, &typed.last_name) {
        Ok(new) => new,
        Err(found) => return Ok(Err(found)),
    };
    let password = password.to_owned();
    let hash = visit.app.blocking(move || password::hash(&password)).await?;
    let Ok(hash) = hash else {
        return Err(StoreError::interrupted());
    };
    let (browser, name, now) = (
        visit.known.browser.clone(),
        visit.app.application_name.clone(),
        visit.app.now(),
    );
    let started: Outcome<()> = visit
        .app
        .store
        .transaction(move |connection| start_sign_up(connection, &browser, new, hash, &name, now))
        .await;
    Ok(started?.map_err(|error| vec![error]))
}

fn render(visit: &Visit, typed: Typed, found: &[FlowError]) -> Response<Body> {
    let destination = visit.destination(Flow::SignUp);
    let sign_in = visit
        .params
        .with(EMAIL_ADDRESS, typed.email_address.trim())
        .link(path::SIGN_IN, &[]);
    let mut errors: Vec<ErrorView> = found.iter().map(Into::into).collect();
    for (view, error) in errors.iter_mut().zip(found) {
        if *error == FlowError::IdentifierExists {
            view.link = Some((sign_in.clone(), "Sign in with it"));
        }
    }
    let mut notices = destination.notices.clone();
    if visit.own_parameter("notice").as_deref() == Some("expired") && found.is_empty() {
        notices.push("Your sign-up attempt expired. Please start again.".to_owned());
    }
    let template = SignUpPage {
        frame: Frame::new(&visit.app, "Create your account"),
        form: FormFrame {
            action: visit.params.link(path::SIGN_UP, &[]),
            token: visit.form_token(),
            errors,
            notices,
            return_host: destination.foreign_host(&visit.app.redirects),
        },
        typed,
        sign_in,
    };
    form_page(visit, &template, found, destination.url.as_ref())
}
