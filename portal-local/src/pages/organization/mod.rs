//! `/organization` and what lies under it: the active organization, one file per tab.

mod general;
mod invitations;
mod leave;
mod members;
mod roles;

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};

use self::leave::Way;
use super::errors::{PageError, not_allowed};
use super::path;
use super::person::{Person, PersonFailure};
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

/// The paths that have no page, each with the page whose buttons post to it.
pub(super) const BUTTONS: [(&str, &str); 3] = [(SET_ROLE, MEMBERS), (REMOVE, MEMBERS), (REVOKE, INVITE)];

pub(super) fn router() -> Router<Arc<App>> {
    Router::new()
        .route(path::ORGANIZATION, get(general::show).post(general::submit))
        .route(MEMBERS, get(members::show))
        .route(SET_ROLE, post(members::set_role))
        .route(REMOVE, post(members::remove))
        .route(INVITE, get(invitations::show).post(invitations::submit))
        .route(REVOKE, post(invitations::revoke))
        .route(ROLES, get(roles::show))
        .route(
            LEAVE,
            get(|person| leave::show(person, Way::Leave)).post(|form| leave::submit(form, Way::Leave)),
        )
        .route(
            DELETE,
            get(|person| leave::show(person, Way::Delete)).post(|form| leave::submit(form, Way::Delete)),
        )
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

/// Returns the active organization, or redirects to choosing one.
async fn inside(person: &Person) -> Result<Access, PageError> {
    let found = person.active_organization().await?;
    found.ok_or_else(|| {
        let choose = person.visit.redirect(path::ORGANIZATION_LIST, &[("next", "profile")]);
        choose.into()
    })
}

/// Admits only members with `permission`.
async fn allowed(person: &Person, permission: &'static str) -> Result<Access, PageError> {
    let access = inside(person).await?;
    match access.require(permission) {
        Ok(()) => Ok(access),
        Err(error) => Err(not_allowed(&person.visit.app, &error).into()),
    }
}

/// Returns the error to show for a refused step. A missing permission has its own page, because no page offers such a
/// step.
fn refusal(person: &Person, failure: PersonFailure) -> Result<FlowError, PageError> {
    match failure.refusal()? {
        error @ FlowError::PermissionMissing { .. } => Err(not_allowed(&person.visit.app, &error).into()),
        error => Ok(error),
    }
}
