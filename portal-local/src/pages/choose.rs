//! `/sign-in/choose`: the accounts that this browser is signed in to, and the way to another one.

use askama::Template;

use super::destination::Flow;
use super::errors::{PageError, PageResult};
use super::fields::SessionEntry;
use super::form::Submission;
use super::form_page::FormFrame;
use super::person::name_and_address;
use super::visit::Visit;
use super::{path, sign_in};
use crate::store::{Db, Session, StoreError, users};

#[derive(Template)]
#[template(path = "choose.html")]
struct ChoosePage {
    frame: FormFrame,
    accounts: Vec<Account>,
    /// The URL of the form for another account.
    another: String,
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
    if_there_is_a_choice(&visit)?;
    let accounts = accounts(&visit).await?;
    let page = visit.form_page("Choose an account", path::CHOOSE, &[]);
    Ok(page.toward(Flow::SignIn).render(|frame| ChoosePage {
        frame,
        accounts,
        another: sign_in::another(&visit),
    }))
}

pub(super) async fn submit(Submission { visit, form }: Submission<SessionEntry>) -> PageResult {
    if_there_is_a_choice(&visit)?;
    let chosen = visit.flow(move |flow| flow.choose_session(&form.session_id));
    Ok(match chosen.await? {
        Some(session) => visit.finish(Flow::SignIn, &session),
        // It was signed out since the page was loaded; the page shows who is left.
        None => visit.redirect(path::CHOOSE, &[]),
    })
}

/// Redirects without a choice: in single-session mode, or without an account.
fn if_there_is_a_choice(visit: &Visit) -> Result<(), PageError> {
    visit.unless_signed_in(Flow::SignIn)?;
    match visit.accounts.is_empty() {
        true => Err(visit.redirect(path::SIGN_IN, &[]).into()),
        false => Ok(()),
    }
}

/// The signed-in accounts of this browser.
pub(super) async fn accounts(visit: &Visit) -> Result<Vec<Account>, StoreError> {
    let live = visit.accounts.clone();
    let active = visit.session.as_ref().map(|session| session.id.clone());
    let found = visit.flow(move |flow| {
        live.iter()
            .filter_map(|session| account(flow.db, session, active.as_ref()).transpose())
            .collect()
    });
    found.await
}

fn account(db: Db<'_>, session: &Session, active: Option<&String>) -> Result<Option<Account>, StoreError> {
    let Some(user) = users::find(db, &session.user_id)? else {
        return Ok(None);
    };
    let (name, address) = name_and_address(db, &user)?;
    Ok(Some(Account {
        session_id: session.id.clone(),
        name,
        address,
        is_active: active == Some(&session.id),
    }))
}
