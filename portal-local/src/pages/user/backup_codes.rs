//! `/user/security/backup-codes`: new backup codes in place of the old ones.

use askama::Template;

use super::verify::{Deed, detour};
use super::{BACKUP_CODES, SECURITY};
use crate::html::Frame;
use crate::pages::errors::PageResult;
use crate::pages::form::{FormFrame, form_page};
use crate::pages::person::{Person, PersonSubmission};
use crate::pages::totp::show_backup_codes;

#[derive(Template)]
#[template(path = "new_backup_codes.html")]
struct NewBackupCodesPage {
    frame: Frame,
    form: FormFrame,
    cancel: String,
}

pub(super) async fn show(person: Person) -> PageResult {
    if let Some(detour) = detour(&person, BACKUP_CODES, Deed::Open) {
        return Ok(detour);
    }
    let held = person
        .read(|flow, session| flow.second_factor(&session.user_id))
        .await?;
    let cancel = person.visit.params.link(SECURITY, &[]);
    if held.secret.is_none() {
        return Ok(person.visit.see_other(&cancel));
    }
    let template = NewBackupCodesPage {
        frame: Frame::new(&person.visit.app, "New backup codes"),
        form: person.form_frame(BACKUP_CODES, &[]),
        cancel,
    };
    Ok(form_page(&person.visit, &template, &[], None))
}

pub(super) async fn submit(PersonSubmission { person, .. }: PersonSubmission) -> PageResult {
    if let Some(detour) = detour(&person, BACKUP_CODES, Deed::Send) {
        return Ok(detour);
    }
    let made = person.flow(|flow, session| flow.new_backup_codes(&session.user_id));
    let onward = person.visit.params.link(SECURITY, &[]);
    Ok(match made.await {
        Ok(codes) => {
            let done = "These codes replace your earlier ones.";
            show_backup_codes(&person, "backup-codes", done, &codes, onward)
        }
        // The authenticator was removed on another device.
        Err(failure) => {
            failure.refusal()?;
            person.visit.see_other(&onward)
        }
    })
}
