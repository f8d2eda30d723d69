//! Roles and permissions in the active organization.

use super::{Requirement, Verdict, active_organization, met_if, no_organization};
use crate::token::SessionClaims;

/// A role in the active organization, such as `org:admin`.
///
/// The prefix `org:` is optional.
///
/// ```
/// use portal_sdk::authorization::Role;
///
/// assert_eq!(Role::new("admin"), Role::new("org:admin"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Role(Box<str>);

/// A custom permission in the active organization, such as `org:invoices:read`.
///
/// The prefix `org:` is optional. System permissions (`org:sys_…`) are never in a session token, so they are never met.
///
/// ```
/// use portal_sdk::authorization::Permission;
///
/// assert_eq!(Permission::new("invoices:read"), Permission::new("org:invoices:read"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Permission(Box<str>);

impl Role {
    /// Requires the role named `role`.
    #[must_use]
    pub fn new(role: &str) -> Self {
        Self(normalized(role).into())
    }
}

impl Permission {
    /// Requires the permission named `permission`.
    #[must_use]
    pub fn new(permission: &str) -> Self {
        Self(normalized(permission).into())
    }
}

impl Requirement for Role {
    fn verdict(&self, claims: &SessionClaims) -> Verdict {
        let Some(organization) = active_organization(claims) else {
            return no_organization(claims);
        };
        let role = organization.role();
        met_if(role.is_some_and(|role| !role.is_empty() && bare(role) == bare(&self.0)))
    }
}

impl Requirement for Permission {
    fn verdict(&self, claims: &SessionClaims) -> Verdict {
        match active_organization(claims) {
            Some(organization) => met_if(organization.permissions().any(|permission| *permission == *self.0)),
            None => no_organization(claims),
        }
    }
}

/// Returns `name` with exactly one prefix `org:`.
fn normalized(name: &str) -> String {
    format!("org:{}", bare(name))
}

/// Returns `name` without any prefix `org:`.
fn bare(name: &str) -> &str {
    let mut bare = name;
    while let Some(rest) = bare.strip_prefix("org:") {
        bare = rest;
    }
    bare
}
