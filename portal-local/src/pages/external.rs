//! Sign-in with the outside provider: the button, and the URL that the provider redirects to.

use axum::response::Response;

use super::destination::Flow;
use super::errors::{self, PageResult};
use super::example_id::authorize_url;
use super::form::Submission;
use super::params::Params;
use super::person::Person;
use super::user::profile;
use super::visit::Visit;
use super::{path, sign_in, sign_up};
use crate::flow::{ExternalStep, FlowError};
use crate::store::{OauthAttempt, Purpose};

pub(super) const CALLBACK: &str = "/v1/oauth_callback";

/// Returns the URL of a page's button; `None` without a provider.
pub(super) fn button(visit: &Visit, path: &str) -> Option<String> {
    let params = visit.params.without_ticket();
    visit.settings.example_provider_enabled.then(|| params.link(path, &[]))
}

/// Begins `flow` at the provider.
pub(super) async fn start(Submission { visit, .. }: Submission, flow: Flow) -> PageResult {
    visit.unless_signed_in(flow)?;
    let purpose = match flow {
        Flow::SignUp => Purpose::SignUp,
        _ => Purpose::SignIn,
    };
    leave(&visit, purpose, None).await
}

/// Sends the browser to the provider.
pub(super) async fn leave(visit: &Visit, purpose: Purpose, user_id: Option<String>) -> PageResult {
    if !visit.settings.example_provider_enabled {
        return Ok(errors::not_found_page(&visit.app));
    }
    let query = visit.params.without_ticket().link("", &[]);
    let state = visit
        .flow(move |flow| flow.leave_for_provider(purpose, user_id.as_deref(), &query))
        .await?;
    Ok(visit.see_other(&authorize_url(visit, &state)))
}

/// `/v1/oauth_callback`: back from the provider, with a code or with an error.
pub(crate) async fn callback(mut visit: Visit) -> PageResult {
    let state = visit.own_parameter("state").unwrap_or_default();
    let Some(attempt) = visit.flow(move |flow| flow.take_provider_attempt(&state)).await? else {
        // Opened twice, too late, or in another browser than it began in. The first may have signed in.
        visit.unless_signed_in(Flow::SignIn)?;
        return Ok(sign_in::refuse(&visit, FlowError::ExternalLost));
    };
    visit.params = Params::parse(attempt.query.trim_start_matches('?'));
    let is_here = |wanted: &String| {
        let session = visit.session.as_ref();
        // A session that waits for a task may do that task only.
        session.is_some_and(|session| session.user_id == *wanted && session.task().is_none())
    };
    if attempt.user_id.as_ref().is_some_and(|wanted| !is_here(wanted)) {
        // Another user is signed in by now. Refuse, or the external account would become theirs.
        return Ok(sign_in::refuse(&visit, FlowError::ExternalLost));
    }
    if visit.own_parameter("error").is_some() {
        return refuse(visit, &attempt, FlowError::ExternalDenied).await;
    }
    let (asked, code) = (attempt.clone(), visit.own_parameter("code").unwrap_or_default());
    match visit.flow(move |flow| flow.return_from_provider(&asked, &code)).await {
        Ok(step) => Ok(onward(&visit, step)),
        Err(failure) => refuse(visit, &attempt, failure.refusal()?).await,
    }
}

fn onward(visit: &Visit, step: ExternalStep) -> Response {
    match step {
        ExternalStep::SignedIn(session) => visit.finish(Flow::SignIn, &session),
        ExternalStep::SignedUp(session) => visit.finish(Flow::SignUp, &session),
        ExternalStep::SecondFactor => visit.redirect(path::FACTOR_TWO, &[]),
        ExternalStep::VerifyEmailAddress => visit.redirect(path::VERIFY_EMAIL_ADDRESS, &[]),
        ExternalStep::Continue => visit.redirect(path::CONTINUE, &[]),
        ExternalStep::Connected => visit.redirect(path::USER, &[("notice", "connected")]),
    }
}

/// Renders the page that the user came from, with the error.
async fn refuse(visit: Visit, attempt: &OauthAttempt, error: FlowError) -> PageResult {
    Ok(match attempt.purpose {
        Purpose::SignIn => sign_in::refuse(&visit, error),
        Purpose::SignUp => sign_up::refuse(&visit, error),
        Purpose::Connect => profile::render(&Person::here(visit, path::USER).await?, &[error]),
    })
}
