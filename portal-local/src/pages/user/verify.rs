//! `/user/verify`: re-verification before sensitive changes.

use askama::Template;
use axum::body::Body;
use axum::http::Response;

use super::{ADD, BACKUP_CODES, DELETE, REVERIFY, SECURITY, TOTP};
use crate::clock::Millis as _;
use crate::flow::{CodeRequest, FlowError, PROOF_MILLIS, SecondFactorMethod, refused};
use crate::html::Frame;
use crate::pages::code_page::CodeStep;
use crate::pages::destination::Flow;
use crate::pages::errors::{PageError, PageResult};
use crate::pages::fields::Proof;
use crate::pages::form::{FormFrame, form_page};
use crate::pages::path;
use crate::pages::person::{Person, PersonSubmission};
use crate::pages::second_factor_page::SecondFactorStep;

/// The time after a proof has expired in which a form that was opened in time may still be sent.
const TYPING_MILLIS: i64 = 10 * 60 * 1_000;

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
    frame: Frame,
    form: FormFrame,
    identifier: String,
    email_code: String,
    /// The URL for an authenticator code, if the user has an authenticator.
    totp: Option<String>,
    cancel: String,
}

/// The action that needs a proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Deed {
    /// Opening a form; sending it may take longer.
    Open,
    Send,
}

/// The way to a new proof and back to `path`, if the last one is too old.
pub(super) fn detour(person: &Person, path: &str, deed: Deed) -> Option<Response<Body>> {
    let most = match deed {
        Deed::Open => PROOF_MILLIS,
        Deed::Send => PROOF_MILLIS + TYPING_MILLIS,
    };
    if person.visit.app.now().follows_within(most, person.session.proven_at()) {
        return None;
    }
    let link = person.visit.params.link(REVERIFY, &[("next", path)]);
    Some(person.visit.see_other(&link))
}

pub(super) async fn show(person: Person) -> PageResult {
    let has_totp = has_totp(&person).await?;
    Ok(match method(&person, has_totp) {
        Method::Password => render_password(&person, has_totp, &[]),
        Method::EmailCode => {
            // A link on another site must not trigger this.
            let error = match person.visit.is_from_here {
                true => send(&person, CodeRequest::First).await?,
                false => None,
            };
            render_code(&person, has_totp, error.as_slice())
        }
        Method::Totp => render_totp(&person, &[]),
    })
}

pub(super) async fn submit(PersonSubmission { person, form }: PersonSubmission<Proof>) -> PageResult {
    let has_totp = has_totp(&person).await?;
    match method(&person, has_totp) {
        Method::Password => Ok(
            match person
                .visit
                .flows()
                .reverify_password(&person.session, form.password)
                .await
            {
                Ok(()) => onward(&person),
                Err(failure) => render_password(&person, has_totp, &[failure.refusal()?]),
            },
        ),
        Method::EmailCode if form.is_resend() => Ok(match send(&person, CodeRequest::Another).await? {
            None => person
                .visit
                .see_other(&link(&person, &[("strategy", "email_code"), ("notice", "sent")])),
            Some(error) => render_code(&person, has_totp, &[error]),
        }),
        Method::EmailCode => {
            let attempted = person.flow(move |flow, session| flow.attempt_reverify_code(session, &form.code));
            Ok(match attempted.await {
                Ok(()) => onward(&person),
                Err(failure) => render_code(&person, has_totp, &[failure.refusal()?]),
            })
        }
        Method::Totp => {
            let attempted = person.flow(move |flow, session| flow.reverify_totp(session, &form.code));
            Ok(match attempted.await {
                Ok(()) => onward(&person),
                Err(failure) => render_totp(&person, &[failure.refusal()?]),
            })
        }
    }
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

fn onward(person: &Person) -> Response<Body> {
    person.visit.see_other(&person.visit.params.link(next(person), &[]))
}

fn link(person: &Person, own: &[(&str, &str)]) -> String {
    let mut all = vec![("next", next(person))];
    all.extend_from_slice(own);
    person.visit.params.link(REVERIFY, &all)
}

fn render_password(person: &Person, has_totp: bool, found: &[FlowError]) -> Response<Body> {
    let mut form = person.form_frame(REVERIFY, found);
    form.action = link(person, &[]);
    let template = ReverifyPage {
        frame: Frame::new(&person.visit.app, "Confirm that it's you"),
        form,
        identifier: person.identifier().to_owned(),
        email_code: link(person, &[("strategy", "email_code")]),
        totp: has_totp.then(|| link(person, &[("strategy", "totp")])),
        cancel: person.visit.params.link(path::USER, &[]),
    };
    form_page(&person.visit, &template, found, None)
}

fn render_code(person: &Person, has_totp: bool, found: &[FlowError]) -> Response<Body> {
    let has_password = person.user.password_hash.is_some();
    let totp = has_totp.then(|| (link(person, &[("strategy", "totp")]), "Use your authenticator app"));
    let step = CodeStep {
        page: "user-verify",
        heading: "Confirm that it's you",
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

fn render_totp(person: &Person, found: &[FlowError]) -> Response<Body> {
    let other = match person.user.password_hash {
        Some(_) => (link(person, &[]), "Enter your password"),
        None => (link(person, &[("strategy", "email_code")]), "Email a code"),
    };
    let step = SecondFactorStep {
        page: "user-verify",
        heading: "Confirm that it's you",
        method: SecondFactorMethod::Totp,
        action: link(person, &[("strategy", "totp")]),
        address: person.identifier(),
        leave: (person.visit.params.link(path::USER, &[]), "Cancel"),
        other: Some(other),
    };
    step.render(&person.visit, found)
}
