//! `/user/security/authenticator`: setting up an authenticator app, and taking it away.

use super::verify::{Deed, detour};
use super::{SECURITY, TOTP};
use crate::flow::FlowError;
use crate::pages::errors::PageResult;
use crate::pages::fields::Proof;
use crate::pages::person::{Person, PersonSubmission};
use crate::pages::totp::{self, Place};

pub(super) async fn show(person: Person) -> PageResult {
    if let Some(detour) = detour(&person, TOTP, Deed::Open) {
        return Ok(detour);
    }
    render(&person, &[]).await
}

pub(super) async fn submit(PersonSubmission { person, form }: PersonSubmission<Proof>) -> PageResult {
    if let Some(detour) = detour(&person, TOTP, Deed::Send) {
        return Ok(detour);
    }
    match totp::prove(&person, form.code).await {
        Ok(codes) => {
            let (onward, done) = (person.visit.params.link(SECURITY, &[]), "Two-step verification is on.");
            Ok(totp::show_backup_codes(&person, "backup-codes", done, &codes, onward))
        }
        Err(failure) => match failure.refusal()? {
            FlowError::AttemptLost => Ok(person.visit.see_other(&person.visit.params.link(TOTP, &[]))),
            error => render(&person, &[error]).await,
        },
    }
}

pub(super) async fn remove(PersonSubmission { person, .. }: PersonSubmission) -> PageResult {
    if let Some(detour) = detour(&person, SECURITY, Deed::Send) {
        return Ok(detour);
    }
    person.read(|flow, session| flow.remove_totp(&session.user_id)).await?;
    Ok(person.done(SECURITY, "authenticator-removed"))
}

async fn render(person: &Person, found: &[FlowError]) -> PageResult {
    let security = person.visit.params.link(SECURITY, &[]);
    let place = Place {
        page: "authenticator",
        path: TOTP,
        reason: None,
        cancel: Some(security.clone()),
        sign_out: None,
    };
    let shown = totp::show(person, place, found).await?;
    // There is one already.
    Ok(shown.unwrap_or_else(|| person.visit.see_other(&security)))
}
