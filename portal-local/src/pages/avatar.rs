//! `/__local/avatar/{user_id}.svg`: the person's initials, where Clerk would have a picture.

use std::sync::Arc;

use askama::Template;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};
use axum::response::{IntoResponse as _, Response};

use super::errors::{self, PageResult};
use super::person::name_and_address;
use crate::state::App;
use crate::store::{User, users};

#[derive(Template)]
#[template(path = "avatar.svg", escape = "html")]
struct Avatar {
    initials: String,
}

pub(super) async fn show(State(app): State<Arc<App>>, file: Result<Path<String>, PathRejection>) -> PageResult {
    let id = file
        .ok()
        .and_then(|Path(file)| file.strip_suffix(".svg").map(str::to_owned));
    let Some(id) = id else {
        return Ok(errors::not_found_page(&app));
    };
    let found = app.flows.transaction(move |db| {
        let Some(user) = users::find(db, &id)? else {
            return Ok(None);
        };
        let (name, _) = name_and_address(db, &user)?;
        Ok(Some(initials(&user, &name)))
    });
    Ok(match found.await? {
        Some(initials) => picture(initials),
        None => errors::not_found_page(&app),
    })
}

fn picture(initials: String) -> Response {
    let headers = [
        (CONTENT_TYPE, "image/svg+xml"),
        (CACHE_CONTROL, "no-cache"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    match (Avatar { initials }).render() {
        Ok(body) => (headers, body).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// Returns up to two initials of the names, else the first letter of `otherwise`.
pub(super) fn initials(user: &User, otherwise: &str) -> String {
    let letters: String = [&user.first_name, &user.last_name]
        .into_iter()
        .flatten()
        .filter_map(|name| name.chars().next())
        .flat_map(char::to_uppercase)
        .collect();
    if letters.is_empty() {
        otherwise.chars().take(1).flat_map(char::to_uppercase).collect()
    } else {
        letters
    }
}
