//! `/sign-in`: who are you?

use askama::Template;
use axum::response::Response;
use serde::Deserialize;

use super::destination::Flow;
use super::errors::PageResult;
use super::form::Submission;
use super::form_page::FormFrame;
use super::params::EMAIL_ADDRESS;
use super::visit::{Visit, satellite_return};
use super::{external, factor_one, path, ticket};
use crate::flow::{FlowError, PROVIDER_NAME};
use crate::store::SignUpMode;

/// The parameter that shows the form to a signed-in user, to add another account.
const ANOTHER: (&str, &str) = ("account", "another");

#[derive(Template)]
#[template(path = "sign_in.html")]
struct SignInPage {
    frame: FormFrame,
    identifier: String,
    /// The URL of the outside provider's button.
    external: Option<String>,
    /// URL and label of the link to sign-up; `None` if sign-up is closed.
    other: Option<(String, &'static str)>,
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
    visit.unless_signed_in(Flow::SignIn)?;
    if !visit.accounts.is_empty() && !is_another(&visit) {
        return Ok(visit.redirect(path::CHOOSE, &[]));
    }
    let identifier = visit.params.value(EMAIL_ADDRESS).unwrap_or_default().to_owned();
    Ok(render(&visit, identifier, &[]))
}

pub(super) async fn submit(Submission { visit, form }: Submission<Typed>) -> PageResult {
    if let Some(held) = ticket::of(&visit).await? {
        return ticket::redeem(&visit, held, visit.session.clone()).await;
    }
    visit.unless_signed_in(Flow::SignIn)?;
    let identifier = form.identifier;
    let typed = identifier.clone();
    if let Err(failure) = visit.flow(move |flow| flow.start_sign_in(&typed)).await {
        return Ok(render(&visit, identifier, &[failure.refusal()?]));
    }
    if form.password.is_empty() {
        return Ok(visit.redirect(path::FACTOR_ONE, &[]));
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
pub(super) fn refuse(visit: &Visit, error: FlowError) -> Response {
    let identifier = visit.params.value(EMAIL_ADDRESS).unwrap_or_default().to_owned();
    render(visit, identifier, &[error])
}

fn render(visit: &Visit, identifier: String, found: &[FlowError]) -> Response {
    let (path, text) = match visit.settings.sign_up_mode {
        SignUpMode::Waitlist => (path::WAITLIST, "Join the waitlist"),
        SignUpMode::Public | SignUpMode::Restricted => (path::SIGN_UP, "Sign up"),
    };
    let elsewhere = visit.params.with(EMAIL_ADDRESS, identifier.trim()).link(path, &[]);
    let refused_return = satellite_return(visit).and_then(Result::err);
    let heading = format!("Sign in to {}", visit.app.name);
    let page = visit
        .form_page(heading, path::SIGN_IN, found)
        .toward(Flow::SignIn)
        .ways_out(|error| match (error, visit.settings.sign_up_mode) {
            (FlowError::IdentifierNotFound, SignUpMode::Public) => Some((elsewhere.clone(), "Sign up with it")),
            (FlowError::SignUpWaitlist, _) | (FlowError::IdentifierNotFound, SignUpMode::Waitlist) => {
                Some((elsewhere.clone(), "Join the waitlist"))
            }
            _ => None,
        })
        .notices(refused_return.iter().map(ToString::to_string).collect())
        .told(&[("expired", "Your sign-in attempt has expired. Start again.")]);
    page.render(|frame| SignInPage {
        frame,
        identifier,
        external: external::button(visit, path::SIGN_IN_EXTERNAL),
        other: (visit.settings.sign_up_mode != SignUpMode::Restricted).then_some((elsewhere, text)),
    })
}
