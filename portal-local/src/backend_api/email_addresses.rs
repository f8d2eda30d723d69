//! `/v1/email_addresses`: addresses of users, added and proven by an administrator.

use axum::extract::Path;
use serde::Deserialize;

use super::query::invalid;
use super::request::{Answer, JsonBody, deleted, missing};
use super::user_view::address_view;
use super::users::named as user_named;
use crate::flow::{AddressChange, Field, Flow, FlowError, FlowFailure, check_email_address};
use crate::json::ApiError;
use crate::store::{EmailAddress, email_addresses};

#[derive(Deserialize)]
pub(super) struct NewBody {
    user_id: Option<String>,
    email_address: Option<String>,
    #[serde(flatten)]
    change: ChangeBody,
}

#[derive(Deserialize)]
pub(super) struct ChangeBody {
    verified: Option<bool>,
    primary: Option<bool>,
    notify_primary_email_address_changed: Option<bool>,
}

impl ChangeBody {
    fn read(&self) -> AddressChange {
        AddressChange {
            verified: self.verified,
            primary: self.primary == Some(true),
            notify: self.notify_primary_email_address_changed == Some(true),
        }
    }
}

pub(super) fn create(flow: &Flow<'_>, JsonBody(body): JsonBody<NewBody>) -> Answer {
    let user_id = body.user_id.as_deref().ok_or_else(|| missing("user_id"))?;
    let text = body.email_address.as_deref().ok_or_else(|| missing("email_address"))?;
    let address = check_email_address(text, Field::EmailAddress)?;
    let user = user_named(flow.db, user_id)?;
    let id = flow.add_address(&user, &address, body.change.read()).map_err(refused)?;
    show(flow, Path(id))
}

pub(super) fn show(flow: &Flow<'_>, Path(id): Path<String>) -> Answer {
    Ok(address_view(flow.db, &named(flow, &id)?)?)
}

pub(super) fn change(flow: &Flow<'_>, Path(id): Path<String>, JsonBody(body): JsonBody<ChangeBody>) -> Answer {
    let address = named(flow, &id)?;
    flow.change_address(&address, body.read()).map_err(refused)?;
    show(flow, Path(id))
}

pub(super) fn delete(flow: &Flow<'_>, Path(id): Path<String>) -> Answer {
    flow.drop_address(&named(flow, &id)?)?;
    Ok(deleted("email_address", &id))
}

fn named(flow: &Flow<'_>, id: &str) -> Result<EmailAddress, ApiError> {
    email_addresses::find(flow.db, id)?.ok_or_else(ApiError::not_found)
}

/// Names the parameter that an address refuses.
fn refused(failure: FlowFailure) -> ApiError {
    match failure.refusal() {
        Ok(error @ FlowError::PrimaryUnverified) => invalid("primary", error.to_string()),
        Ok(error @ FlowError::UnverifiesPrimary) => invalid("verified", error.to_string()),
        Ok(error) => error.into(),
        Err(error) => error.into(),
    }
}
