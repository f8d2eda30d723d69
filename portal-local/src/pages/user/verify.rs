//! `/user/verify`: re-verification before sensitive changes.

use askama::Template;
use axum::response::Response;

use super::{ADD, BACKUP_CODES, DELETE, REVERIFY, SECURITY, TOTP};
use crate::clock::Millis as _;
use crate::flow::{CodeRequest, FlowError, PROOF_MILLIS, SecondFactorMethod, refused};
use crate::pages::code_page::CodeStep;
use crate::pages::destination::Flow;
use crate::pages::errors::{PageError, PageResult};
use crate::pages::fields::Proof;
use crate::pages::form_page::FormFrame;
use crate::pages::path;
use crate::pages::person::{Person, PersonFailure, PersonSubmission};
use crate::pages::second_factor_page::SecondFactorStep;

/// The time after a proof has expired in which a form that was opened in time may still be sent.
const TYPING_MILLIS: i64 = 10 * 60 * 1_000;

const HEADING: &str = "Confirm that it's you";

/// The method of re-verification.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Method {
    Password,
    EmailCode,
    Totp,
}

#[derive(Template)]
#[template(path = "reverify.html")]
struct ReverifyPage {
    frame: FormFrame,
    identifier: String,
    email_code: String,
    /// The URL for an authenticator code, if the user has an authenticator.
    totp: Option<String>,
}

/// The action that needs a proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Deed {
    /// Opening a form; sending it may take longer.
    Open,
    Send,
}

/// Redirects to a new proof and back to `path`, if the last one is too old.
///
/// # Errors
///
/// Returns the redirect.
pub(super) fn detour(person: &Person, path: &str, deed: Deed) -> Result<(), PageError> {
    let most = match deed {
        Deed::Open => PROOF_MILLIS,
        Deed::Send => PROOF_MILLIS + TYPING_MILLIS,
    };
    if person.visit.app.now().follows_within(most, person.session.proven_at()) {
        return Ok(());
    }
    Err(person.visit.redirect(REVERIFY, &[("next", path)]).into())
}

pub(super) async fn show(person: Person) -> PageResult {
    let has_totp = has_totp(&person).await?;
    let method = method(&person, has_totp);
    // A link on another site must not trigger this.
    let error = match method == Method::EmailCode && person.visit.is_from_here {
        true => send(&person, CodeRequest::First).await?,
        false => None,
    };
    Ok(render(&person, method, has_totp, error.as_slice()))
}

pub(super) async fn submit(PersonSubmission { person, form }: PersonSubmission<Proof>) -> PageResult {
    let has_totp = has_totp(&person).await?;
    let method = method(&person, has_totp);
    if method == Method::EmailCode && form.is_resend() {
        return Ok(match send(&person, CodeRequest::Another).await? {
            None => {
                let own = [("strategy", "email_code"), ("notice", "sent")];
                person.visit.see_other(&link(&person, &own))
            }
            Some(error) => render(&person, method, has_totp, &[error]),
        });
    }
    let proven = match method {
        Method::Password => {
            let flows = person.visit.flows();
            let proven = flows.reverify_password(&person.session, form.password).await;
            proven.map_err(PersonFailure::from)
        }
        Method::EmailCode => {
            let attempted = person.flow(move |flow, session| flow.attempt_reverify_code(session, &form.code));
            attempted.await
        }
        Method::Totp => {
            let attempted = person.flow(move |flow, session| flow.reverify_totp(session, &form.code));
            attempted.await
        }
    };
    Ok(match proven {
        Ok(()) => person.visit.redirect(next(&person), &[]),
        Err(failure) => render(&person, method, has_totp, &[failure.refusal()?]),
    })
}

/// Sends a code. Returns the refusal, if any.
async fn send(person: &Person, request: CodeRequest) -> Result<Option<FlowError>, PageError> {
    let address = person.identifier().to_owned();
    person
        .read(move |flow, session| refused(flow.send_reverify_code(session, &address, request)))
        .await
}

async fn has_totp(person: &Person) -> Result<bool, PageError> {
    person.read(|flow, session| flow.has_totp(&session.user_id)).await
}

/// Returns the requested method if the account has it, else preferably the password, as for sign-in.
fn method(person: &Person, has_totp: bool) -> Method {
    match person.visit.own_parameter("strategy").as_deref() {
        Some("totp") if has_totp => Method::Totp,
        Some("email_code") => Method::EmailCode,
        _ if person.user.password_hash.is_none() => Method::EmailCode,
        _ => Method::Password,
    }
}

/// Returns the page to go back to after the proof, if it is one that requires a proof.
fn next(person: &Person) -> &'static str {
    let wanted = person.visit.own_parameter("next").unwrap_or_default();
    [ADD, DELETE, SECURITY, TOTP, BACKUP_CODES]
        .into_iter()
        .find(|known| *known == wanted)
        .unwrap_or(path::USER)
}

fn link(person: &Person, own: &[(&str, &str)]) -> String {
    let mut all = vec![("next", next(person))];
    all.extend_from_slice(own);
    person.visit.params.link(REVERIFY, &all)
}

fn render(person: &Person, method: Method, has_totp: bool, found: &[FlowError]) -> Response {
    match method {
        Method::Password => render_password(person, has_totp, found),
        Method::EmailCode => render_code(person, has_totp, found),
        Method::Totp => render_totp(person, found),
    }
}

fn render_password(person: &Person, has_totp: bool, found: &[FlowError]) -> Response {
    let page = person.form_page(HEADING, REVERIFY, found).action(link(person, &[]));
    page.render(|frame| ReverifyPage {
        frame,
        identifier: person.identifier().to_owned(),
        email_code: link(person, &[("strategy", "email_code")]),
        totp: has_totp.then(|| link(person, &[("strategy", "totp")])),
    })
}

fn render_code(person: &Person, has_totp: bool, found: &[FlowError]) -> Response {
    let has_password = person.user.password_hash.is_some();
    let totp = has_totp.then(|| (link(person, &[("strategy", "totp")]), "Use your authenticator app"));
    let step = CodeStep {
        page: "user-verify",
        heading: HEADING,
        action: link(person, &[("strategy", "email_code")]),
        address: person.identifier(),
        change: person.visit.params.link(path::USER, &[]),
        other: match has_password {
            true => Some((link(person, &[]), "Enter your password")),
            false => totp,
        },
        taken: None,
        flow: Flow::SignIn,
    };
    step.render(&person.visit, found)
}

fn render_totp(person: &Person, found: &[FlowError]) -> Response {
    let other = match person.user.password_hash {
        Some(_) => (link(person, &[]), "Enter your password"),
        None => (link(person, &[("strategy", "email_code")]), "Email a code"),
    };
    let step = SecondFactorStep {
        page: "user-verify",
        heading: HEADING,
        method: SecondFactorMethod::Totp,
        action: link(person, &[("strategy", "totp")]),
        address: person.identifier(),
        leave: (person.visit.params.link(path::USER, &[]), "Cancel"),
        other: Some(other),
    };
    step.render(&person.visit, found)
}
