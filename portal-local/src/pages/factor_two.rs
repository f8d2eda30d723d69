//! `/sign-in/factor-two`: the second factor, a code of the authenticator app or a backup code.

use axum::response::Response;

use super::destination::Flow;
use super::errors::PageResult;
use super::fields::Proof;
use super::form::Submission;
use super::second_factor_page::SecondFactorStep;
use super::visit::Visit;
use super::{path, ticket};
use crate::flow::{FlowError, PendingSecondFactor, SecondFactorMethod};
use crate::store::Session;

pub(super) async fn show(visit: Visit) -> PageResult {
    visit.unless_signed_in(Flow::SignIn)?;
    let pending = visit.attempt(Flow::SignIn, |flow| flow.pending_second_factor()).await?;
    Ok(render(&visit, &pending, &[]))
}

pub(super) async fn submit(Submission { visit, form }: Submission<Proof>) -> PageResult {
    visit.unless_signed_in(Flow::SignIn)?;
    let pending = visit.attempt(Flow::SignIn, |flow| flow.pending_second_factor()).await?;
    let method = method(&visit, &pending);
    let attempted = visit.flow(move |flow| flow.attempt_second_factor(method, &form.code));
    Ok(match attempted.await {
        Ok(session) => onward(&visit, session).await?,
        Err(failure) => render(&visit, &pending, &[visit.refusal(Flow::SignIn, failure).await?]),
    })
}

/// A ticket that the user came with is used now: its button was pressed before the first factor.
async fn onward(visit: &Visit, session: Session) -> PageResult {
    match ticket::of(visit).await? {
        Some(held) => ticket::redeem(visit, held, Some(session)).await,
        None => Ok(visit.finish(Flow::SignIn, &session)),
    }
}

fn method(visit: &Visit, pending: &PendingSecondFactor) -> SecondFactorMethod {
    let wants_backup_code = visit.own_parameter("strategy").as_deref() == Some("backup_code");
    match wants_backup_code && pending.has_backup_codes {
        true => SecondFactorMethod::BackupCode,
        false => SecondFactorMethod::Totp,
    }
}

fn render(visit: &Visit, pending: &PendingSecondFactor, found: &[FlowError]) -> Response {
    let address = &pending.sign_in.sign_in.identifier;
    let method = method(visit, pending);
    let way = |strategy| visit.params.link(path::FACTOR_TWO, &[("strategy", strategy)]);
    let (action, other) = match method {
        SecondFactorMethod::Totp => (
            way("totp"),
            pending
                .has_backup_codes
                .then(|| (way("backup_code"), "Use a backup code")),
        ),
        SecondFactorMethod::BackupCode => (way("backup_code"), Some((way("totp"), "Use your authenticator app"))),
    };
    let step = SecondFactorStep {
        page: "factor-two",
        heading: "Two-step verification",
        method,
        action,
        address,
        leave: (visit.sign_in_with(address), "Start again"),
        other,
    };
    step.render(visit, found)
}
