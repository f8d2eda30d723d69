//! `/organization` and what lies under it: the active organization, one file per tab.

mod general;
mod invitations;
mod leave;
mod members;
mod roles;

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::Response;
use axum::routing::{get, post};

use super::errors::{PageError, PageResult, not_allowed};
use super::path;
use super::person::{Person, Place};
use crate::flow::{Access, FlowError};
use crate::state::App;
use crate::store::roles::READ_MEMBERSHIPS;

const INVITE: &str = "/organization/invitations";
const MEMBERS: &str = "/organization/organization-members";
const ROLES: &str = "/organization/roles";
const LEAVE: &str = "/organization/leave";
const DELETE: &str = "/organization/delete";
const SET_ROLE: &str = "/organization/organization-members/role";
const REMOVE: &str = "/organization/organization-members/remove";
const REVOKE: &str = "/organization/invitations/revoke";

pub(super) fn router() -> Router<Arc<App>> {
    Router::new()
        .route(path::ORGANIZATION, get(general::show).post(general::submit))
        .route(MEMBERS, get(members::show))
        .route(SET_ROLE, post(members::set_role))
        .route(REMOVE, post(members::remove))
        .route(INVITE, get(invitations::show).post(invitations::submit))
        .route(REVOKE, post(invitations::revoke))
        .route(ROLES, get(roles::show))
        .route(LEAVE, get(leave::show_leave).post(leave::leave))
        .route(DELETE, get(leave::show_delete).post(leave::delete))
}

/// The frame of every tab.
struct Tabs {
    name: String,
    role: String,
    /// URL and host of the application that the user came from, if any.
    back: Option<(String, String)>,
    /// Address, name, and whether this is the one that is shown.
    tabs: Vec<(String, &'static str, bool)>,
    switch: String,
}

impl Tabs {
    fn new(person: &Person, access: &Access, shown: &str) -> Self {
        let mut tabs = vec![(path::ORGANIZATION, "General")];
        if access.may(READ_MEMBERSHIPS) {
            tabs.extend([(MEMBERS, "Members"), (INVITE, "Invitations"), (ROLES, "Roles")]);
        }
        let params = &person.visit.params;
        Self {
            name: access.organization.name.clone(),
            role: access.role.name.clone(),
            back: person.way_back().0,
            tabs: tabs
                .into_iter()
                .map(|(path, name)| (params.link(path, &[]), name, path == shown))
                .collect(),
            switch: params.link(path::ORGANIZATION_LIST, &[("next", "profile")]),
        }
    }
}

/// The active organization, or the answer that leads to choosing one.
async fn inside(person: &Person) -> Result<Result<Box<Access>, Response<Body>>, PageError> {
    Ok(match person.place().await? {
        Place::Inside(access) => Ok(access),
        Place::Nowhere => {
            let params = &person.visit.params;
            let list = params.link(path::ORGANIZATION_LIST, &[("next", "profile")]);
            Err(person.visit.see_other(&list))
        }
    })
}

/// Admits only members with `permission`.
async fn allowed(person: &Person, permission: &'static str) -> Result<Result<Box<Access>, Response<Body>>, PageError> {
    Ok(match inside(person).await? {
        Ok(access) => match access.require(permission) {
            Ok(()) => Ok(access),
            Err(error) => Err(not_allowed(&person.visit.app, &error)),
        },
        Err(elsewhere) => Err(elsewhere),
    })
}

/// A refusal that no page of ours leads to.
fn refused(person: &Person, error: &FlowError) -> PageResult {
    Ok(not_allowed(&person.visit.app, error))
}
