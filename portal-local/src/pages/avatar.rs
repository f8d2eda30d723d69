//! `/__local/avatar/{user_id}.svg`: the person's initials, where Clerk would have a picture.

use std::sync::Arc;

use askama::Template;
use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue, X_CONTENT_TYPE_OPTIONS};
use axum::http::{Response, StatusCode};
use axum::response::IntoResponse as _;

use super::errors;
use super::person::name_and_address;
use crate::state::App;
use crate::store::User;
use crate::store::users;

#[derive(Template)]
#[template(path = "avatar.svg", escape = "html")]
struct Avatar {
    initials: String,
}

pub(super) async fn show(State(app): State<Arc<App>>, file: Result<Path<String>, PathRejection>) -> Response<Body> {
    let Ok(Path(file)) = file else {
        return errors::not_found_page(&app);
    };
    let Some(id) = file.strip_suffix(".svg").map(str::to_owned) else {
        return errors::not_found_page(&app);
    };
    match app
        .store
        .transaction(move |connection| {
            let Some(user) = users::find(connection, &id)? else {
                return Ok(None);
            };
            let (name, _) = name_and_address(connection, &user)?;
            Ok(Some(initials(&user, &name)))
        })
        .await
    {
        Ok(Some(initials)) => picture(initials),
        Ok(None) => errors::not_found_page(&app),
        Err(error) => errors::store_failed(&app, &error),
    }
}

fn picture(initials: String) -> Response<Body> {
    let Ok(body) = (Avatar { initials }).render() else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let mut response = Response::new(Body::from(body));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("image/svg+xml"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
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
