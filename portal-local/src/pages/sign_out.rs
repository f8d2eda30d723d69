//! `/sign-out`: ends everything in this browser; and the button of the account pages that ends one account's session.

use askama::Template;
use axum::response::Response;

use super::destination::Flow;
use super::errors::PageResult;
use super::form::Submission;
use super::form_page::FormFrame;
use super::visit::Visit;
use super::{choose, path};
use crate::store::{Session, SessionStatus, StoreError};

#[derive(Template)]
#[template(path = "sign_out.html")]
struct SignOutPage {
    frame: FormFrame,
    /// The names of the signed-in users.
    names: Vec<String>,
}

pub(super) async fn show(visit: Visit) -> PageResult {
    let accounts = choose::accounts(&visit).await?;
    let names = accounts.into_iter().map(|one| one.name).collect();
    let page = visit.form_page("Sign out", path::SIGN_OUT, &[]);
    Ok(page.toward(Flow::SignIn).render(|frame| SignOutPage { frame, names }))
}

/// Ends every session of this browser, and redirects the user to the application, which then notices.
pub(super) async fn submit(Submission { visit, .. }: Submission) -> PageResult {
    end(&visit, |_| true).await?;
    Ok(onward(&visit))
}

/// Ends the session that applications see; who else is signed in here stays so.
pub(super) async fn submit_one(Submission { visit, .. }: Submission) -> PageResult {
    let Some(Session { id, user_id, .. }) = visit.session.clone() else {
        return Ok(onward(&visit));
    };
    if visit.shown.user_id.as_ref().is_some_and(|shown| *shown != user_id) {
        return Ok(visit.redirect(path::USER, &[("notice", "account-switched")]));
    }
    let others = visit.accounts.iter().any(|session| session.id != id);
    end(&visit, move |session| session.id == id).await?;
    Ok(match others {
        true => visit.redirect(path::CHOOSE, &[]),
        false => onward(&visit),
    })
}

/// Redirects a user whose session ended: to the application, or else to sign-in.
pub(super) fn onward(visit: &Visit) -> Response {
    let destination = visit.destination(Flow::SignIn).url;
    match destination.filter(|url| !visit.app.redirects.is_own(url)) {
        Some(url) => visit.send_to(url),
        None => visit.see_other(path::SIGN_IN),
    }
}

/// Ends the matching sessions.
// Read them again: one may have ended since this request began.
async fn end(visit: &Visit, is_meant: impl Fn(&Session) -> bool + Send + 'static) -> Result<(), StoreError> {
    visit
        .flow(move |flow| {
            for session in flow.live_sessions()? {
                if is_meant(&session) {
                    flow.end_session(&session, SessionStatus::Removed)?;
                }
            }
            Ok(())
        })
        .await
}
