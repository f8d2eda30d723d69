//! `/v1/users/ban` and `/v1/users/unban`: several users, all of them or none.

use serde::Deserialize;

use super::request::{Answer, JsonBody, check_length, missing};
use super::user_view::full_view;
use super::users::named;
use crate::flow::Flow;
use crate::store::users;

const MOST_USERS: usize = 50;

#[derive(Deserialize)]
pub(super) struct UsersBody {
    user_ids: Option<Vec<String>>,
}

pub(super) fn ban(flow: &Flow<'_>, JsonBody(body): JsonBody<UsersBody>) -> Answer {
    set_banned(flow, body, true)
}

pub(super) fn unban(flow: &Flow<'_>, JsonBody(body): JsonBody<UsersBody>) -> Answer {
    set_banned(flow, body, false)
}

fn set_banned(flow: &Flow<'_>, body: UsersBody, is_banned: bool) -> Answer {
    let ids = body.user_ids.ok_or_else(|| missing("user_ids"))?;
    check_length("user_ids", ids.len(), MOST_USERS)?;
    let set = |id: String| {
        let mut user = named(flow.db, &id)?;
        if is_banned {
            flow.end_sessions_of(&user.id, None)?;
        }
        user.banned = is_banned;
        users::update(flow.db, &user)?;
        Ok(full_view(flow, &named(flow.db, &id)?)?)
    };
    ids.into_iter().map(set).collect()
}
