//! `/sign-up`: a new account.

use askama::Template;
use axum::response::Response;
use serde::Deserialize;

use super::destination::Flow;
use super::errors::PageResult;
use super::form::Submission;
use super::form_page::FormFrame;
use super::params::{EMAIL_ADDRESS, FIRST_NAME, LAST_NAME};
use super::ticket::{self, Held};
use super::visit::Visit;
use super::{external, path};
use crate::flow::{FlowError, FlowFailure, PROVIDER_NAME, check_new_sign_up, may_sign_up};
use crate::password;
use crate::store::{Session, SignUpMode, StoreError};

#[derive(Template)]
#[template(path = "sign_up.html")]
struct SignUpPage {
    frame: FormFrame,
    typed: Typed,
    sign_in: String,
    /// The URL of the outside provider's button.
    external: Option<String>,
    /// An invitation fixes the address.
    is_invited: bool,
    names_required: bool,
    /// The reason why the form is closed; `None` if it is open.
    closed: Option<String>,
    has_waitlist: bool,
}

/// The values of the fields.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Typed {
    email_address: String,
    password: String,
    first_name: String,
    last_name: String,
}

impl Typed {
    /// Reads the values in the page's URL.
    fn prefilled(visit: &Visit) -> Self {
        let prefill = |name| visit.params.value(name).unwrap_or_default().to_owned();
        Self {
            email_address: prefill(EMAIL_ADDRESS),
            first_name: prefill(FIRST_NAME),
            last_name: prefill(LAST_NAME),
            password: String::new(),
        }
    }
}

pub(super) async fn show(visit: Visit) -> PageResult {
    let held = ticket::of(&visit).await?;
    let invited = match held {
        Some(Held::Newcomer { ticket }) => Some(ticket),
        Some(held) => return Ok(ticket::ask(&visit, held)),
        None => None,
    };
    if invited.is_none() {
        visit.unless_signed_in(Flow::SignUp)?;
    }
    let mut typed = Typed::prefilled(&visit);
    if let Some(ticket) = &invited {
        typed.email_address = ticket.address().unwrap_or_default().to_owned();
    }
    Ok(render(&visit, typed, invited.is_some(), &[]))
}

pub(super) async fn submit(Submission { visit, form: mut typed }: Submission<Typed>) -> PageResult {
    let invited = match ticket::of(&visit).await? {
        Some(Held::Newcomer { ticket }) => Some(ticket),
        // A second click: the first one made the account and used the invitation up.
        Some(Held::Over) if visit.session.is_some() => return Err(visit.lost(Flow::SignUp).await),
        // The account was made meanwhile, or the invitation was withdrawn.
        Some(held) => return ticket::redeem(&visit, held, visit.session.clone()).await,
        None => None,
    };
    if invited.is_none() {
        visit.unless_signed_in(Flow::SignUp)?;
    }
    if let Some(ticket) = &invited {
        typed.email_address = ticket.address().unwrap_or_default().to_owned();
    }
    let is_invited = invited.is_some();
    match start(&visit, &typed, is_invited).await? {
        Started::SignedUp(session) => Ok(visit.finish(Flow::SignUp, &session)),
        Started::AwaitsCode => Ok(visit.redirect(path::VERIFY_EMAIL_ADDRESS, &[])),
        // A request beside this one made the account of the same invitation.
        Started::Refused(found) if is_invited && is_used(&found) => Err(visit.lost(Flow::SignUp).await),
        Started::Refused(found) => Ok(render(&visit, typed, is_invited, &found)),
    }
}

/// The outcome of a submitted form.
enum Started {
    SignedUp(Box<Session>),
    AwaitsCode,
    Refused(Vec<FlowError>),
}

/// `/sign-in/create`, where official clients look for this page if they know only where to sign in.
pub(super) async fn elsewhere(visit: Visit) -> Response {
    visit.redirect(path::SIGN_UP, &[])
}

fn is_used(found: &[FlowError]) -> bool {
    matches!(found, [FlowError::IdentifierExists | FlowError::InvitationOver])
}

/// Begins to sign up; with an invitation that is all there is to do, and the session has begun.
async fn start(visit: &Visit, typed: &Typed, is_invited: bool) -> Result<Started, StoreError> {
    let new = match check_new_sign_up(
        &typed.email_address,
        &typed.password,
        &typed.first_name,
        &typed.last_name,
        visit.settings.names_required,
    ) {
        Ok(new) => new,
        Err(found) => return Ok(Started::Refused(found)),
    };
    let (password, flows) = (typed.password.clone(), visit.flows());
    let Ok(hash) = flows.blocking(move || password::hash(&password)).await? else {
        return Err(StoreError::interrupted());
    };
    let ticket = ticket::text(visit);
    let started = flows.run(move |flow| {
        if is_invited {
            let session = flow.sign_up_with_ticket(new, hash, &ticket)?;
            return Ok(Started::SignedUp(Box::new(session)));
        }
        flow.start_sign_up(new, hash)?;
        Ok::<_, FlowFailure>(Started::AwaitsCode)
    });
    match started.await {
        Ok(started) => Ok(started),
        Err(failure) => Ok(Started::Refused(vec![failure.refusal()?])),
    }
}

/// Renders the page with an error of another sign-up method.
pub(super) fn refuse(visit: &Visit, error: FlowError) -> Response {
    render(visit, Typed::prefilled(visit), false, &[error])
}

fn render(visit: &Visit, typed: Typed, is_invited: bool, found: &[FlowError]) -> Response {
    let sign_in = visit.sign_in_with(typed.email_address.trim());
    let closed = may_sign_up(&visit.settings).err().filter(|_| !is_invited);
    let page = visit
        .form_page("Create your account", path::SIGN_UP, found)
        .toward(Flow::SignUp)
        .ways_out(|error| match error {
            FlowError::IdentifierExists => Some((sign_in.clone(), "Sign in with it")),
            _ => None,
        })
        .told(&[("expired", "Your sign-up attempt has expired. Start again.")]);
    page.render(|frame| SignUpPage {
        frame,
        typed,
        sign_in,
        external: external::button(visit, path::SIGN_UP_EXTERNAL).filter(|_| !is_invited),
        is_invited,
        names_required: visit.settings.names_required,
        closed: closed.map(|error| error.to_string()),
        has_waitlist: visit.settings.sign_up_mode == SignUpMode::Waitlist,
    })
}
