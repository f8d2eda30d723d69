//! `GET /v1/users` and `/v1/users/count`.

use serde_json::json;

use super::query::{Query, invalid};
use super::request::Answer;
use super::user_filters::{Person, UserFilter};
use super::user_view::full_view;
use crate::excerpt::excerpt;
use crate::flow::Flow;
use crate::json::ApiError;

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

pub(super) fn list(flow: &Flow<'_>, query: Query) -> Answer {
    let (page, order, wanted) = (query.page()?, query.order(&FIELDS)?, UserFilter::read(&query)?);
    let cursor = query.value("starting_after");
    if cursor.is_some() && order.field != "created_at" {
        return Err(invalid(
            "order_by",
            "Found starting_after with another order; expected order_by=created_at.",
        ));
    }
    if cursor.is_some() && page.offset != 0 {
        return Err(invalid(
            "offset",
            "Found starting_after and an offset; expected one of them.",
        ));
    }
    let mut found = wanted.find(flow.db)?;
    order.sort(&mut found, Person::sort_key);
    if let Some(cursor) = cursor {
        found = after(found, cursor)?;
    }
    page.of(found, |person| Ok(full_view(flow, &person.user)?))
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

pub(super) fn count(flow: &Flow<'_>, query: Query) -> Answer {
    let total = UserFilter::read(&query)?.find(flow.db)?.len();
    Ok(json!({ "object": "total_count", "total_count": total }))
}
