//! `/user/security`: the password, two-step verification, devices, and deletion of the account.

use askama::Template;
use portal_sdk::clock::UnixTime;

use super::verify::{Deed, detour};
use super::{BACKUP_CODES, DELETE, DEVICES, REMOVE_TOTP, SECURITY, TOTP, Tabs};
use crate::device::Device;
use crate::flow::FlowError;
use crate::html::age;
use crate::pages::errors::PageResult;
use crate::pages::fields::{PasswordChange, SessionEntry};
use crate::pages::form_page::FormFrame;
use crate::pages::person::{Person, PersonSubmission};
use crate::store::Session;

#[derive(Template)]
#[template(path = "security.html")]
struct SecurityPage {
    frame: FormFrame,
    tabs: Tabs,
    identifier: String,
    has_password: bool,
    sign_out_others: bool,
    authenticator: Option<AuthenticatorView>,
    devices: Vec<DeviceView>,
    may_delete: bool,
}

struct AuthenticatorView {
    since: String,
    backup_codes: u32,
    /// Removing it means setting up another one.
    is_required: bool,
}

struct DeviceView {
    id: String,
    name: String,
    last_active: String,
    is_this: bool,
}

pub(super) async fn show(person: Person) -> PageResult {
    render(&person, true, &[]).await
}

pub(super) async fn submit(PersonSubmission { person, form }: PersonSubmission<PasswordChange>) -> PageResult {
    // Only a first password needs re-verification: otherwise this form asks for the current one.
    let is_first = person.user.password_hash.is_none();
    if is_first {
        detour(&person, SECURITY, Deed::Send)?;
    }
    let (new, current) = (form.new_password(), form.current_password);
    let (others, flows) = (new.sign_out_others, person.visit.flows());
    let changed = flows.change_password(&person.session, &person.user, current, new);
    match changed.await {
        Ok(()) => Ok(person.done(SECURITY, "password")),
        Err(failure) => render(&person, others, &[failure.refusal()?]).await,
    }
}

pub(super) async fn sign_out_device(PersonSubmission { person, form }: PersonSubmission<SessionEntry>) -> PageResult {
    person
        .read(move |flow, session| flow.sign_out_device(&session.user_id, &form.session_id))
        .await?;
    Ok(person.done(SECURITY, "device"))
}

async fn render(person: &Person, sign_out_others: bool, found: &[FlowError]) -> PageResult {
    let visit = &person.visit;
    let now = visit.app.now();
    let (live, held) = person
        .read(|flow, session| Ok((flow.devices(&session.user_id)?, flow.second_factor(&session.user_id)?)))
        .await?;
    let page = person.form_page("Security", SECURITY, found).told(&[
        ("password", "Your password is saved."),
        ("authenticator-removed", "Two-step verification is off."),
        ("device", "The device is signed out. This can take up to a minute."),
    ]);
    Ok(page.render(|frame| SecurityPage {
        frame,
        tabs: Tabs::new(person, SECURITY),
        identifier: person.identifier().to_owned(),
        has_password: person.user.password_hash.is_some(),
        sign_out_others,
        authenticator: held.secret.and(held.enabled_at).map(|since| AuthenticatorView {
            since: age(since, now),
            backup_codes: held.backup_codes,
            is_required: visit.settings.mfa_required,
        }),
        devices: live.iter().map(|one| device(one, &person.session, now)).collect(),
        may_delete: visit.settings.delete_self_enabled && person.user.delete_self_enabled,
    }))
}

fn device(session: &Session, this: &Session, now: UnixTime) -> DeviceView {
    let device = Device::of(session.user_agent.as_deref().unwrap_or_default());
    DeviceView {
        id: session.id.clone(),
        name: device.sentence(),
        last_active: age(session.last_active_at, now),
        is_this: session.id == this.id,
    }
}
