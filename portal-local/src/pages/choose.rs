//! `/sign-in/choose`: the accounts that this browser is signed in to, and the way to another one.

use askama::Template;
use axum::body::Body;
use axum::http::Response;
use rusqlite::Connection;

use super::destination::Flow;
use super::errors::PageResult;
use super::fields::SessionEntry;
use super::form::{FormFrame, Submission, form_page};
use super::person::name_and_address;
use super::visit::Visit;
use super::{path, sign_in};
use crate::html::Frame;
use crate::store::{Session, StoreError, users};

#[derive(Template)]
#[template(path = "choose.html")]
struct ChoosePage {
    frame: Frame,
    form: FormFrame,
    accounts: Vec<Account>,
    /// The URL of the form for another account.
    another: String,
    sign_out: String,
}

/// A listed account.
pub(super) struct Account {
    session_id: String,
    pub(super) name: String,
    /// Empty if the name is the address.
    address: String,
    is_active: bool,
}

pub(super) async fn show(visit: Visit) -> PageResult {
    if let Some(away) = elsewhere(&visit) {
        return Ok(away);
    }
    let destination = visit.destination(Flow::SignIn);
    let template = ChoosePage {
        frame: Frame::new(&visit.app, "Choose an account"),
        form: visit.form(visit.params.link(path::CHOOSE, &[]), &destination, &[]),
        accounts: accounts(&visit).await?,
        another: sign_in::another(&visit),
        sign_out: visit.params.link(path::SIGN_OUT, &[]),
    };
    Ok(form_page(&visit, &template, &[], destination.url.as_ref()))
}

pub(super) async fn submit(Submission { visit, form }: Submission<SessionEntry>) -> PageResult {
    if let Some(away) = elsewhere(&visit) {
        return Ok(away);
    }
    Ok(
        match visit.flow(move |flow| flow.choose_session(&form.session_id)).await? {
            Some(session) => visit.finish(Flow::SignIn, &session),
            // It was signed out since the page was loaded; the page shows who is left.
            None => visit.see_other(&visit.params.link(path::CHOOSE, &[])),
        },
    )
}

/// Redirects without a choice: in single-session mode, or without an account.
fn elsewhere(visit: &Visit) -> Option<Response<Body>> {
    match visit.sole_session() {
        Some(session) => Some(visit.finish(Flow::SignIn, session)),
        None if visit.accounts.is_empty() => Some(visit.see_other(&visit.params.link(path::SIGN_IN, &[]))),
        None => None,
    }
}

/// The signed-in accounts of this browser.
pub(super) async fn accounts(visit: &Visit) -> Result<Vec<Account>, StoreError> {
    let (live, active) = (
        visit.accounts.clone(),
        visit.session.as_ref().map(|session| session.id.clone()),
    );
    visit
        .app
        .store
        .transaction(move |connection| {
            live.iter()
                .filter_map(|session| account(connection, session, active.as_ref()).transpose())
                .collect()
        })
        .await
}

fn account(connection: &Connection, session: &Session, active: Option<&String>) -> Result<Option<Account>, StoreError> {
    let Some(user) = users::find(connection, &session.user_id)? else {
        return Ok(None);
    };
    let (name, address) = name_and_address(connection, &user)?;
    Ok(Some(Account {
        session_id: session.id.clone(),
        name,
        address,
        is_active: active == Some(&session.id),
    }))
}
