//! `/sign-out`: ends everything in this browser; and the button of the account pages that ends one account's session.

use askama::Template;
use axum::body::Body;
use axum::http::Response;

use super::destination::Flow;
use super::errors::PageResult;
use super::form::{FormFrame, Submission, form_page};
use super::visit::Visit;
use super::{choose, path};
use crate::html::Frame;
use crate::store::{Session, SessionStatus, StoreError};

#[derive(Template)]
#[template(path = "sign_out.html")]
struct SignOutPage {
    frame: Frame,
    form: FormFrame,
    /// The names of the signed-in users.
    names: Vec<String>,
    sign_in: String,
}

pub(super) async fn show(visit: Visit) -> PageResult {
    let destination = visit.destination(Flow::SignIn);
    let template = SignOutPage {
        frame: Frame::new(&visit.app, "Sign out"),
        form: visit.form(visit.params.link(path::SIGN_OUT, &[]), &destination, &[]),
        names: choose::accounts(&visit)
            .await?
            .into_iter()
            .map(|one| one.name)
            .collect(),
        sign_in: visit.params.link(path::SIGN_IN, &[]),
    };
    Ok(form_page(&visit, &template, &[], destination.url.as_ref()))
}

/// Ends every session of this browser, and redirects the user to the application, which then notices.
pub(super) async fn submit(Submission { visit, .. }: Submission) -> PageResult {
    end(&visit, |_| true).await?;
    Ok(onward(&visit))
}

/// Ends the session that applications see; who else is signed in here stays so.
pub(super) async fn submit_one(Submission { visit, .. }: Submission) -> PageResult {
    let Some(id) = visit.session.as_ref().map(|session| session.id.clone()) else {
        return Ok(onward(&visit));
    };
    let others = visit.accounts.iter().any(|session| session.id != id);
    end(&visit, move |session| session.id == id).await?;
    Ok(match others {
        true => visit.see_other(&visit.params.link(path::CHOOSE, &[])),
        false => onward(&visit),
    })
}

fn onward(visit: &Visit) -> Response<Body> {
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
