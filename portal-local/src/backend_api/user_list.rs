//! `GET /v1/users` and `/v1/users/count`.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::{Response, StatusCode};
use serde_json::json;

use super::query::{Query, cut, invalid};
use super::request::run;
use super::user_filters::{Person, UserFilter};
use super::user_view::full_view;
use crate::excerpt::excerpt;
use crate::json::{ApiError, json};
use crate::state::App;

const FIELDS: [&str; 10] = [
    "created_at",
    "updated_at",
    "email_address",
    "web3wallet",
    "first_name",
    "last_name",
    "phone_number",
    "username",
    "last_active_at",
    "last_sign_in_at",
];

pub(super) async fn list(State(app): State<Arc<App>>, query: Query) -> Result<Response<Body>, ApiError> {
    let (page, order, wanted) = (query.page()?, query.order(&FIELDS)?, UserFilter::read(&query)?);
    let cursor = query.value("starting_after").map(str::to_owned);
    if cursor.is_some() && order.field != "created_at" {
        return Err(invalid(
            "order_by",
            "Found starting_after with another order; expected order_by=created_at.",
        ));
    }
    if cursor.is_some() && page.1 != 0 {
        return Err(invalid(
            "offset",
            "Found starting_after and an offset; expected one of them.",
        ));
    }
    let data = run(&app, move |flow| {
        let mut found = wanted.find(flow.connection)?;
        order.sort(&mut found, Person::sort_key);
        if let Some(cursor) = &cursor {
            found = after(found, cursor)?;
        }
        let mut data = Vec::new();
        for person in cut(found, page) {
            data.push(full_view(flow, &person.user)?);
        }
        Ok(data)
    })
    .await?;
    Ok(json(StatusCode::OK, &data))
}

/// Returns the users after the user `id`.
fn after(mut people: Vec<Person>, id: &str) -> Result<Vec<Person>, ApiError> {
    match people.iter().position(|person| person.user.id == id) {
        Some(position) => Ok(people.split_off(position + 1)),
        None => Err(invalid(
            "starting_after",
            format!(
                "Found starting_after={}; expected the ID of a user in this list.",
                excerpt(id)
            ),
        )),
    }
}

pub(super) async fn count(State(app): State<Arc<App>>, query: Query) -> Result<Response<Body>, ApiError> {
    let wanted = UserFilter::read(&query)?;
    let total = run(&app, move |flow| Ok(wanted.find(flow.connection)?.len())).await?;
    Ok(json(
        StatusCode::OK,
        &json!({ "object": "total_count", "total_count": total }),
    ))
}
