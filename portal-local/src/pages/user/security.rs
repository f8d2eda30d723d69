//! `/user/security`: the password, two-step verification, devices, and deletion of the account.

use askama::Template;
use portal_sdk::clock::UnixTime;

use super::verify::{Deed, detour};
use super::{BACKUP_CODES, DELETE, DEVICES, REMOVE_TOTP, SECURITY, TOTP, Tabs};
use crate::device::Device;
use crate::flow::FlowError;
use crate::html::{Frame, age};
use crate::pages::destination::Flow;
use crate::pages::errors::PageResult;
use crate::pages::fields::{PasswordChange, SessionEntry};
use crate::pages::form::{FormFrame, form_page};
use crate::pages::person::{Person, PersonSubmission};
use crate::store::Session;

#[derive(Template)]
#[template(path = "security.html")]
struct SecurityPage {
    frame: Frame,
    form: FormFrame,
    tabs: Tabs,
    identifier: String,
    has_password: bool,
    sign_out_others: bool,
    notice: Option<&'static str>,
    authenticator: Option<AuthenticatorView>,
    set_up_authenticator: String,
    devices: Vec<DeviceView>,
    sign_out_device: String,
    /// `None` if the person may not delete the account.
    delete: Option<String>,
}

struct AuthenticatorView {
    since: String,
    backup_codes: u32,
    new_backup_codes: String,
    remove: String,
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
    if let Some(detour) = detour(&person, SECURITY, Deed::Send).filter(|_| is_first) {
        return Ok(detour);
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
    let notice = match visit.own_parameter("notice").as_deref() {
        Some("password") if found.is_empty() => Some("Your password is saved."),
        Some("authenticator-removed") if found.is_empty() => Some("Two-step verification is off."),
        Some("device") if found.is_empty() => Some("The device is signed out. This can take up to a minute."),
        _ => None,
    };
    let may_delete = visit.settings.delete_self_enabled && person.user.delete_self_enabled;
    let template = SecurityPage {
        frame: Frame::new(&visit.app, "Security"),
        form: person.form_frame(SECURITY, found),
        tabs: Tabs::new(person, SECURITY),
        identifier: person.identifier().to_owned(),
        has_password: person.user.password_hash.is_some(),
        sign_out_others,
        notice,
        authenticator: held.secret.and(held.enabled_at).map(|since| AuthenticatorView {
            since: age(since, now),
            backup_codes: held.backup_codes,
            new_backup_codes: visit.params.link(BACKUP_CODES, &[]),
            remove: visit.params.link(REMOVE_TOTP, &[]),
            is_required: visit.settings.mfa_required,
        }),
        set_up_authenticator: visit.params.link(TOTP, &[]),
        devices: live.iter().map(|one| device(one, &person.session, now)).collect(),
        sign_out_device: visit.params.link(DEVICES, &[]),
        delete: may_delete.then(|| visit.params.link(DELETE, &[])),
    };
    Ok(form_page(
        visit,
        &template,
        found,
        visit.destination(Flow::SignIn).url.as_ref(),
    ))
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
