//! `/user/security/authenticator`: setting up an authenticator app, and taking it away.

use super::verify::{Deed, detour};
use super::{SECURITY, TOTP};
use crate::pages::errors::PageResult;
use crate::pages::fields::Proof;
use crate::pages::person::{Person, PersonSubmission};
use crate::pages::totp::{self, Place};

const PLACE: Place = Place {
    page: "authenticator",
    codes_page: "backup-codes",
    path: TOTP,
    onward: SECURITY,
    reason: None,
};

pub(super) async fn show(person: Person) -> PageResult {
    detour(&person, TOTP, Deed::Open)?;
    totp::show(&person, &PLACE, &[]).await
}

pub(super) async fn submit(PersonSubmission { person, form }: PersonSubmission<Proof>) -> PageResult {
    detour(&person, TOTP, Deed::Send)?;
    totp::submit(&person, &PLACE, form.code).await
}

pub(super) async fn remove(PersonSubmission { person, .. }: PersonSubmission) -> PageResult {
    detour(&person, SECURITY, Deed::Send)?;
    person.read(|flow, session| flow.remove_totp(&session.user_id)).await?;
    Ok(person.done(SECURITY, "authenticator-removed"))
}
