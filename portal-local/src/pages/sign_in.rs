//! `/sign-in`: who are you?

use askama::Template;
use axum::body::Body;
use axum::http::Response;
use serde::Deserialize;

use super::destination::Flow;
use super::errors::PageResult;
use super::form::{FormFrame, Submission, form_page};
use super::params::EMAIL_ADDRESS;
use super::visit::{Visit, satellite_return};
use super::{external, factor_one, path, ticket};
use crate::flow::{FlowError, PROVIDER_NAME};
use crate::html::Frame;
use crate::store::SignUpMode;

/// The parameter that shows the form to a signed-in user, to add another account.
const ANOTHER: (&str, &str) = ("account", "another");

#[derive(Template)]
#[template(path = "sign_in.html")]
struct SignInPage {
    frame: Frame,
    form: FormFrame,
    identifier: String,
    /// The URL of the outside provider's button.
    external: Option<String>,
    provider: &'static str,
    /// URL and label of the link to sign-up; `None` if sign-up is closed.
    other: Option<(String, &'static str, &'static str)>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Typed {
    identifier: String,
    /// The page has no such field; password managers and tests may send it along.
    password: String,
}

pub(super) async fn show(visit: Visit) -> PageResult {
    if let Some(Ok(back)) = satellite_return(&visit) {
        return Ok(back);
    }
    if let Some(held) = ticket::of(&visit).await? {
        return Ok(ticket::ask(&visit, held));
    }
    if let Some(session) = visit.sole_session() {
        return Ok(visit.finish(Flow::SignIn, session));
    }
    if !visit.accounts.is_empty() && !is_another(&visit) {
        return Ok(visit.see_other(&visit.params.link(path::CHOOSE, &[])));
    }
    let identifier = visit.params.value(EMAIL_ADDRESS).unwrap_or_default().to_owned();
    Ok(render(&visit, identifier, &[]))
}

pub(super) async fn submit(Submission { visit, form }: Submission<Typed>) -> PageResult {
    if let Some(held) = ticket::of(&visit).await? {
        return ticket::redeem(&visit, held, visit.session.clone()).await;
    }
    if let Some(session) = visit.sole_session() {
        return Ok(visit.finish(Flow::SignIn, session));
    }
    let identifier = form.identifier;
    let typed = identifier.clone();
    if let Err(failure) = visit.flow(move |flow| flow.start_sign_in(&typed)).await {
        return Ok(render(&visit, identifier, &[failure.refusal()?]));
    }
    if form.password.is_empty() {
        return Ok(visit.see_other(&visit.params.link(path::FACTOR_ONE, &[])));
    }
    factor_one::try_password(visit, form.password).await
}

/// Returns the URL of the form for another account, if a browser can be signed in to several.
pub(super) fn another(visit: &Visit) -> String {
    let (name, value) = ANOTHER;
    visit.params.link(path::SIGN_IN, &[(name, value)])
}

fn is_another(visit: &Visit) -> bool {
    let (name, value) = ANOTHER;
    visit.own_parameter(name).as_deref() == Some(value)
}

/// Renders the page with an error of another sign-in method.
pub(super) fn refuse(visit: &Visit, error: FlowError) -> Response<Body> {
    let identifier = visit.params.value(EMAIL_ADDRESS).unwrap_or_default().to_owned();
    render(visit, identifier, &[error])
}

fn render(visit: &Visit, identifier: String, found: &[FlowError]) -> Response<Body> {
    let destination = visit.destination(Flow::SignIn);
    let elsewhere = visit.params.with(EMAIL_ADDRESS, identifier.trim()).link(
        match visit.settings.sign_up_mode {
            SignUpMode::Waitlist => path::WAITLIST,
            SignUpMode::Public | SignUpMode::Restricted => path::SIGN_UP,
        },
        &[],
    );
    let mut form = visit.form(visit.params.link(path::SIGN_IN, &[]), &destination, found);
    form.link(found, |error| match (error, visit.settings.sign_up_mode) {
        (FlowError::IdentifierNotFound, SignUpMode::Public) => Some((elsewhere.clone(), "Sign up with it")),
        (FlowError::SignUpWaitlist, _) | (FlowError::IdentifierNotFound, SignUpMode::Waitlist) => {
            Some((elsewhere.clone(), "Join the waitlist"))
        }
        _ => None,
    });
    if let Some(Err(refused)) = satellite_return(visit) {
        form.notices.push(refused.to_string());
    }
    if visit.is_told("expired") && found.is_empty() {
        form.notices
            .push("Your sign-in attempt has expired. Start again.".to_owned());
    }
    let template = SignInPage {
        frame: Frame::new(&visit.app, format!("Sign in to {}", visit.app.application_name)),
        form,
        identifier,
        external: external::button(visit, path::SIGN_IN_EXTERNAL),
        provider: PROVIDER_NAME,
        other: match visit.settings.sign_up_mode {
            SignUpMode::Public => Some((elsewhere, "Don't have an account?", "Sign up")),
            SignUpMode::Waitlist => Some((elsewhere, "Don't have an account?", "Join the waitlist")),
            SignUpMode::Restricted => None,
        },
    };
    form_page(visit, &template, found, destination.url.as_ref())
}
