//! `/v1/email_addresses`: addresses of users, added and proven by an administrator.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{Response, StatusCode};
use rusqlite::Connection;
use serde::Deserialize;
use serde_json::Value;

use super::query::invalid;
use super::request::{JsonBody, deleted, missing, run};
use super::user_view::address_view;
use super::users::named as user_named;
use crate::flow::{AddressChange, Field, FlowError, FlowFailure, check_email_address};
use crate::json::{ApiError, json};
use crate::state::App;
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

pub(super) async fn create(
    State(app): State<Arc<App>>,
    JsonBody(body): JsonBody<NewBody>,
) -> Result<Response<Body>, ApiError> {
    let user_id = body.user_id.as_deref().ok_or_else(|| missing("user_id"))?.to_owned();
    let text = body.email_address.as_deref().ok_or_else(|| missing("email_address"))?;
    let address = check_email_address(text, Field::EmailAddress)?;
    let change = body.change.read();
    let body = run(&app, move |flow| {
        let user = user_named(flow.connection, &user_id)?;
        let id = flow.add_address(&user, &address, change).map_err(refused)?;
        view(flow.connection, &id)
    })
    .await?;
    Ok(json(StatusCode::OK, &body))
}

pub(super) async fn show(State(app): State<Arc<App>>, Path(id): Path<String>) -> Result<Response<Body>, ApiError> {
    let body = run(&app, move |flow| view(flow.connection, &id)).await?;
    Ok(json(StatusCode::OK, &body))
}

pub(super) async fn change(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    JsonBody(body): JsonBody<ChangeBody>,
) -> Result<Response<Body>, ApiError> {
    let body = run(&app, move |flow| {
        let address = named(flow.connection, &id)?;
        flow.change_address(&address, body.read()).map_err(refused)?;
        view(flow.connection, &id)
    })
    .await?;
    Ok(json(StatusCode::OK, &body))
}

pub(super) async fn delete(State(app): State<Arc<App>>, Path(id): Path<String>) -> Result<Response<Body>, ApiError> {
    let id = run(&app, move |flow| {
        let address = named(flow.connection, &id)?;
        flow.drop_address(&address)?;
        Ok(id)
    })
    .await?;
    Ok(deleted("email_address", &id))
}

fn named(connection: &Connection, id: &str) -> Result<EmailAddress, ApiError> {
    email_addresses::find(connection, id)?.ok_or_else(ApiError::not_found)
}

fn view(connection: &Connection, id: &str) -> Result<Value, ApiError> {
    Ok(address_view(connection, &named(connection, id)?)?)
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
