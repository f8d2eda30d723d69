//! What the active organization gives.

use super::{Requirement, Verdict, active_organization, met_if, no_organization};
use crate::token::SessionClaims;

/// A role in the active organization, such as `org:admin`. `org:` may be left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Role(Box<str>);

/// A custom permission in the active organization, such as `org:invoices:read`. `org:` may be left out. System
/// permissions (`org:sys_…`) are never in a session token, so they are never met.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Permission(Box<str>);

impl Role {
    /// The role named `role`.
    #[must_use]
    pub fn new(role: &str) -> Self {
        Self(normalised(role).into())
    }
}

impl Permission {
    /// The permission named `permission`.
    #[must_use]
    pub fn new(permission: &str) -> Self {
        Self(normalised(permission).into())
    }
}

impl Requirement for Role {
    fn verdict(&self, claims: &SessionClaims) -> Verdict {
        let Some(organization) = active_organization(claims) else {
            return no_organization(claims);
        };
        let role = organization.role.as_deref();
        met_if(role.is_some_and(|role| !role.is_empty() && normalised(role) == *self.0))
    }
}

impl Requirement for Permission {
    fn verdict(&self, claims: &SessionClaims) -> Verdict {
        match active_organization(claims) {
            Some(organization) => met_if(organization.permissions.contains(&self.0)),
            None => no_organization(claims),
        }
    }
}

/// `name` with `org:` before it exactly once.
fn normalised(name: &str) -> String {
    let mut bare = name;
    while let Some(rest) = bare.strip_prefix("org:") {
        bare = rest;
    }
    format!("org:{bare}")
}
