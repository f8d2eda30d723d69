//! Connected accounts at the outside provider, a part of `/user`.

use super::verify::{Deed, detour};
use crate::pages::errors::PageResult;
use crate::pages::external;
use crate::pages::fields::Entry;
use crate::pages::path;
use crate::pages::person::PersonSubmission;
use crate::store::{Purpose, external_accounts};

pub(super) async fn connect(PersonSubmission { person, .. }: PersonSubmission) -> PageResult {
    detour(&person, path::USER, Deed::Send)?;
    external::leave(&person.visit, Purpose::Connect, Some(person.user.id.clone())).await
}

/// Disconnects an external account. The user can still sign in, because an account keeps a verified address.
pub(super) async fn disconnect(PersonSubmission { person, form }: PersonSubmission<Entry>) -> PageResult {
    detour(&person, path::USER, Deed::Send)?;
    person
        .read(move |flow, session| external_accounts::delete(flow.db, &session.user_id, &form.id))
        .await?;
    Ok(person.done(path::USER, "disconnected"))
}
