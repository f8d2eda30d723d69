//! `/user/security/backup-codes`: new backup codes in place of the old ones.

use askama::Template;

use super::verify::{Deed, detour};
use super::{BACKUP_CODES, SECURITY};
use crate::pages::errors::PageResult;
use crate::pages::form_page::FormFrame;
use crate::pages::person::{Person, PersonSubmission};
use crate::pages::totp::show_backup_codes;

#[derive(Template)]
#[template(path = "new_backup_codes.html")]
struct NewBackupCodesPage {
    frame: FormFrame,
}

pub(super) async fn show(person: Person) -> PageResult {
    detour(&person, BACKUP_CODES, Deed::Open)?;
    let held = person.read(|flow, session| flow.second_factor(&session.user_id));
    if held.await?.secret.is_none() {
        return Ok(person.visit.redirect(SECURITY, &[]));
    }
    let page = person.form_page("New backup codes", BACKUP_CODES, &[]);
    Ok(page.render(|frame| NewBackupCodesPage { frame }))
}

pub(super) async fn submit(PersonSubmission { person, .. }: PersonSubmission) -> PageResult {
    detour(&person, BACKUP_CODES, Deed::Send)?;
    let made = person.flow(|flow, session| flow.new_backup_codes(&session.user_id));
    Ok(match made.await {
        Ok(codes) => {
            let done = "These codes replace your earlier ones.";
            show_backup_codes(&person, "backup-codes", done, &codes, SECURITY)
        }
        // The authenticator was removed on another device.
        Err(failure) => {
            failure.refusal()?;
            person.visit.redirect(SECURITY, &[])
        }
    })
}
