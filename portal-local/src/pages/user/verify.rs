//! `/user/verify`: re-verification before sensitive changes.

use askama::Template;
use axum::body::Body;
use axum::http::Response;

use super::super::code_page::CodeStep;
use super::super::destination::Flow;
use super::super::errors::{PageError, PageResult};
use super::super::form::{FormFrame, form_page};
use super::super::path;
use super::super::person::{Person, PersonSubmission};
use super::super::second_factor_page::SecondFactorStep;
use super::{ADD, BACKUP_CODES, DELETE, REVERIFY, SECURITY, TOTP};
use crate::clock::Millis as _;
use crate::flow::{
    Delivery, Field, FlowError, PROOF_MILLIS, SecondFactorMethod, attempt_reverify_code, reverify_password,
    reverify_totp, second_factor, send_reverify_code,
};
use crate::html::Frame;

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
            let sent = match person.visit.is_from_here {
                true => send(&person, false).await?,
                false => Ok(()),
            };
            render_code(&person, has_totp, sent.err().as_slice())
        }
        Method::Totp => render_totp(&person, &[]),
    })
}

pub(super) async fn submit(PersonSubmission { person, form }: PersonSubmission) -> PageResult {
    let has_totp = has_totp(&person).await?;
    let now = person.visit.app.now();
    match method(&person, has_totp) {
        Method::Password => {
            let entered = form.field(Field::Password).to_owned();
            let (app, session) = (&person.visit.app, &person.session);
            Ok(match reverify_password(app, session, &person.user, entered).await? {
                Ok(()) => onward(&person),
                Err(error) => render_password(&person, has_totp, &[error]),
            })
        }
        Method::EmailCode if form.value("intent") == "resend" => Ok(match send(&person, true).await? {
            Ok(()) => person
                .visit
                .see_other(&link(&person, &[("strategy", "email_code"), ("notice", "sent")])),
            Err(error) => render_code(&person, has_totp, &[error]),
        }),
        Method::EmailCode => {
            let entered = form.field(Field::Code).to_owned();
            let attempted = person
                .read(move |connection, session| attempt_reverify_code(connection, session, &entered, now))
                .await?;
            Ok(match attempted {
                Ok(()) => onward(&person),
                Err(error) => render_code(&person, has_totp, &[error]),
            })
        }
        Method::Totp => {
            let entered = form.field(Field::Code).to_owned();
            let attempted = person
                .read(move |connection, session| reverify_totp(connection, session, &entered, now))
                .await?;
            Ok(match attempted {
                Ok(()) => onward(&person),
                Err(error) => render_totp(&person, &[error]),
            })
        }
    }
}

async fn send(person: &Person, is_request: bool) -> Result<Result<(), FlowError>, PageError> {
    let delivery = Delivery {
        to: person.identifier().to_owned(),
        application_name: person.visit.app.application_name.clone(),
    };
    let now = person.visit.app.now();
    person
        .read(move |connection, session| send_reverify_code(connection, session, &delivery, is_request, now))
        .await
}

async fn has_totp(person: &Person) -> Result<bool, PageError> {
    let held = person
        .read(|connection, session| second_factor(connection, &session.user_id))
        .await?;
    Ok(held.secret.is_some())
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
        frame: Frame::new(&person.visit.app, "Confirm that it is you"),
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
        heading: "Confirm that it is you",
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
        heading: "Confirm that it is you",
        method: SecondFactorMethod::Totp,
        action: link(person, &[("strategy", "totp")]),
        address: person.identifier(),
        leave: (person.visit.params.link(path::USER, &[]), "Cancel"),
        other: Some(other),
    };
    step.render(&person.visit, found)
}
