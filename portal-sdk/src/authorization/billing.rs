//! Features and plans of organizations and users.

use super::{Requirement, Verdict, active_organization, met_if, no_organization};
use crate::token::SessionClaims;

/// A feature of the active organization or the user, such as `dashboard`.
///
/// A scope limits the requirement to one of them: `org:dashboard` (also `o:`, `organization:`) or `user:dashboard`
/// (also `u:`).
///
/// ```
/// use portal_sdk::authorization::Feature;
///
/// let of_either = Feature::new("dashboard");
/// let of_the_organization = Feature::new("org:dashboard");
/// # assert_ne!(of_either, of_the_organization);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Feature(Scoped);

/// A plan of the active organization or the user, such as `pro`.
///
/// A scope limits the requirement to one of them: `org:pro` (also `o:`, `organization:`) or `user:pro` (also `u:`).
///
/// ```
/// use portal_sdk::authorization::{Plan, Requirement};
///
/// let is_paying = Plan::new("org:team").or(Plan::new("user:pro"));
/// # fn is_requirement(_: impl Requirement) {}
/// # is_requirement(is_paying);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan(Scoped);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Scoped {
    scope: Scope,
    name: Box<str>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scope {
    Any,
    Organization,
    User,
    /// Unrecognized prefix; never matches.
    Unknown,
}

impl Feature {
    /// Requires the feature named `feature`, with or without a scope.
    #[must_use]
    pub fn new(feature: &str) -> Self {
        Self(Scoped::parse(feature))
    }
}

impl Plan {
    /// Requires the plan named `plan`, with or without a scope.
    #[must_use]
    pub fn new(plan: &str) -> Self {
        Self(Scoped::parse(plan))
    }
}

impl Requirement for Feature {
    fn verdict(&self, claims: &SessionClaims) -> Verdict {
        let (organization, user) = (claims.organization_features(), claims.user_features());
        self.0.verdict(claims, organization, user)
    }
}

impl Requirement for Plan {
    fn verdict(&self, claims: &SessionClaims) -> Verdict {
        let (organization, user) = (claims.organization_plans(), claims.user_plans());
        self.0.verdict(claims, organization, user)
    }
}

impl Scoped {
    /// Parses `name` or `scope:name`. Text after a second colon is ignored, as in Clerk's SDK.
    fn parse(text: &str) -> Self {
        let mut parts = text.split(':');
        let first = parts.next().unwrap_or_default();
        let Some(second) = parts.next() else {
            return Self {
                scope: Scope::Any,
                name: first.into(),
            };
        };
        let scope = match first {
            "o" | "org" | "organization" => Scope::Organization,
            "u" | "user" => Scope::User,
            _ => Scope::Unknown,
        };
        // Without a name after the colon, Clerk's SDK looks for one that equals the scope.
        let name = if second.is_empty() { first } else { second };
        Self {
            scope,
            name: name.into(),
        }
    }

    fn verdict<'c>(
        &self,
        claims: &SessionClaims,
        mut organization: impl Iterator<Item = &'c str>,
        mut user: impl Iterator<Item = &'c str>,
    ) -> Verdict {
        let is_name = |name: &str| *name == *self.name;
        let is_met = claims.has_user()
            && match self.scope {
                Scope::Any => organization.any(is_name) || user.any(is_name),
                Scope::Organization => organization.any(is_name),
                Scope::User => user.any(is_name),
                Scope::Unknown => false,
            };
        if !is_met && self.scope == Scope::Organization && active_organization(claims).is_none() {
            return no_organization(claims);
        }
        met_if(is_met)
    }
}
