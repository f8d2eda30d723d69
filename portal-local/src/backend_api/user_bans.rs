//! `/v1/users/ban` and `/v1/users/unban`: several users, all of them or none.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::{Response, StatusCode};
use serde::Deserialize;
use serde_json::Value;

use super::request::{JsonBody, check_length, missing, run};
use super::user_view::full_view;
use super::users::named;
use crate::json::{ApiError, json};
use crate::state::App;
use crate::store::users;

const MOST_USERS: usize = 50;

#[derive(Deserialize)]
pub(super) struct UsersBody {
    user_ids: Option<Vec<String>>,
}

pub(super) async fn ban(
    State(app): State<Arc<App>>,
    JsonBody(body): JsonBody<UsersBody>,
) -> Result<Response<Body>, ApiError> {
    set_banned(&app, body, true).await
}

pub(super) async fn unban(
    State(app): State<Arc<App>>,
    JsonBody(body): JsonBody<UsersBody>,
) -> Result<Response<Body>, ApiError> {
    set_banned(&app, body, false).await
}

async fn set_banned(app: &App, body: UsersBody, is_banned: bool) -> Result<Response<Body>, ApiError> {
    let ids = body.user_ids.ok_or_else(|| missing("user_ids"))?;
    check_length("user_ids", ids.len(), MOST_USERS)?;
    let views = run(app, move |flow| {
        let mut views: Vec<Value> = Vec::new();
        for id in ids {
            let mut user = named(flow.connection, &id)?;
            if is_banned {
                flow.end_sessions_of(&user.id, None)?;
            }
            user.banned = is_banned;
            users::update(flow.connection, &user, flow.now)?;
            let user = named(flow.connection, &id)?;
            views.push(full_view(flow, &user)?);
        }
        Ok(views)
    })
    .await?;
    Ok(json(StatusCode::OK, &views))
}
