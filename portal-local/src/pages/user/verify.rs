//! `/user/verify`: who is this, once more, before something that would help a stranger at an open screen.

use askama::Template;
use axum::body::Body;
use axum::http::Response;

use super::super::code_page::CodeStep;
use super::super::destination::Flow;
use super::super::errors::PageResult;
use super::super::form::{FormFrame, form_page};
use super::super::html::Frame;
use super::super::path;
use super::super::person::{Person, PersonSubmission};
use super::{ADD, DELETE, REVERIFY, SECURITY};
use crate::flow::{
    Delivery, Field, FlowError, PROOF_MILLIS, attempt_reverify_code, reverify_password, send_reverify_code,
};

/// What a page that was opened in time has left for typing.
const TYPING_MILLIS: i64 = 10 * 60 * 1_000;

#[derive(Template)]
#[template(path = "reverify.html")]
struct ReverifyPage {
    frame: Frame,
    form: FormFrame,
    identifier: String,
    email_code: String,
    cancel: String,
}

/// What a page needs a proof for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Deed {
    /// Opening a form; sending it may take longer.
    Open,
    Send,
}

/// The way to a new proof and back to `path`, if the last one is too old.
pub(super) fn detour(person: &Person, path: &str, deed: Deed) -> Option<Response<Body>> {
    let age = person.visit.app.now().millis_since(person.session.first_factor_at);
    let most = match deed {
        Deed::Open => PROOF_MILLIS,
        Deed::Send => PROOF_MILLIS + TYPING_MILLIS,
    };
    if age <= most {
        return None;
    }
    let link = person.visit.params.link(REVERIFY, &[("next", path)]);
    Some(person.visit.see_other(&link))
}

pub(super) async fn show(person: Person) -> PageResult {
    if !asks_for_code(&person) {
        return Ok(render_password(&person, &[]));
    }
    let sent = send(&person, false).await?;
    Ok(render_code(&person, sent.err().as_slice()))
}

pub(super) async fn submit(PersonSubmission { person, form }: PersonSubmission) -> PageResult {
    if !asks_for_code(&person) {
        let entered = form.field(Field::Password).to_owned();
        let (app, session) = (&person.visit.app, &person.session);
        return Ok(match reverify_password(app, session, &person.user, entered).await? {
            Ok(()) => onward(&person),
            Err(error) => render_password(&person, &[error]),
        });
    }
    if form.value("intent") == "resend" {
        return Ok(match send(&person, true).await? {
            Ok(()) => person
                .visit
                .see_other(&link(&person, &[("strategy", "email_code"), ("notice", "sent")])),
            Err(error) => render_code(&person, &[error]),
        });
    }
    let (entered, now) = (form.field(Field::Code).to_owned(), person.visit.app.now());
    let attempted = person
        .read(move |connection, session| attempt_reverify_code(connection, session, &entered, now))
        .await?;
    Ok(match attempted {
        Ok(()) => onward(&person),
        Err(error) => render_code(&person, &[error]),
    })
}

async fn send(person: &Person, is_request: bool) -> Result<Result<(), FlowError>, crate::store::StoreError> {
    let delivery = Delivery {
        to: person.identifier().to_owned(),
        application_name: person.visit.app.application_name.clone(),
    };
    let now = person.visit.app.now();
    person
        .read(move |connection, session| send_reverify_code(connection, session, &delivery, is_request, now))
        .await
}

/// A password is preferred, as when signing in.
fn asks_for_code(person: &Person) -> bool {
    person.user.password_hash.is_none() || person.visit.own_parameter("strategy").as_deref() == Some("email_code")
}

/// Back to where the proof was asked for; only to pages that ask for one.
fn next(person: &Person) -> &'static str {
    let wanted = person.visit.own_parameter("next").unwrap_or_default();
    [ADD, DELETE, SECURITY]
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

fn render_password(person: &Person, found: &[FlowError]) -> Response<Body> {
    let mut form = person.form_frame(REVERIFY, found);
    form.action = link(person, &[]);
    let template = ReverifyPage {
        frame: Frame::new(&person.visit.app, "Confirm that it is you"),
        form,
        identifier: person.identifier().to_owned(),
        email_code: link(person, &[("strategy", "email_code")]),
        cancel: person.visit.params.link(path::USER, &[]),
    };
    form_page(&person.visit, &template, found, None)
}

fn render_code(person: &Person, found: &[FlowError]) -> Response<Body> {
    let has_password = person.user.password_hash.is_some();
    let step = CodeStep {
        page: "user-verify",
        heading: "Confirm that it is you",
        action: link(person, &[("strategy", "email_code")]),
        address: person.identifier(),
        change: person.visit.params.link(path::USER, &[]),
        other: has_password.then(|| (link(person, &[]), "Enter your password")),
        taken: None,
        flow: Flow::SignIn,
    };
    step.render(&person.visit, found)
}
