//! What is paid for.

use super::{Requirement, Verdict, active_organization, is_somebody, met_if, no_organization};
use crate::token::SessionClaims;

/// A feature, such as `dashboard`, or `org:dashboard` and `user:dashboard` for one holder only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Feature(Scoped);

/// A plan, such as `pro`, or `org:pro` and `user:pro` for one holder only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan(Scoped);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Scoped {
    holder: Holder,
    name: Box<str>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Holder {
    Anyone,
    Organization,
    User,
    /// Another word before the colon than those that are known: nobody has it.
    Nobody,
}

impl Feature {
    /// The feature named `feature`. The holder is written `o`, `org` or `organization`, or `u` or `user`.
    #[must_use]
    pub fn new(feature: &str) -> Self {
        Self(Scoped::parse(feature))
    }
}

impl Plan {
    /// The plan named `plan`. The holder is written `o`, `org` or `organization`, or `u` or `user`.
    #[must_use]
    pub fn new(plan: &str) -> Self {
        Self(Scoped::parse(plan))
    }
}

impl Requirement for Feature {
    fn verdict(&self, claims: &SessionClaims) -> Verdict {
        let (organization, user) = (claims.organization_features(), claims.user_features());
        self.0.verdict(claims, &organization, &user)
    }
}

impl Requirement for Plan {
    fn verdict(&self, claims: &SessionClaims) -> Verdict {
        let (organization, user) = (claims.organization_plans(), claims.user_plans());
        self.0.verdict(claims, &organization, &user)
    }
}

impl Scoped {
    /// Only the first two pieces between colons count.
    fn parse(text: &str) -> Self {
        let mut pieces = text.split(':');
        let first = pieces.next().unwrap_or_default();
        let Some(second) = pieces.next() else {
            return Self {
                holder: Holder::Anyone,
                name: first.into(),
            };
        };
        let holder = match first {
            "o" | "org" | "organization" => Holder::Organization,
            "u" | "user" => Holder::User,
            _ => Holder::Nobody,
        };
        // Without a name after the colon, Clerk looks for one that equals the word before it.
        let name = if second.is_empty() { first } else { second };
        Self {
            holder,
            name: name.into(),
        }
    }

    fn verdict(&self, claims: &SessionClaims, organization: &[&str], user: &[&str]) -> Verdict {
        let is_met = is_somebody(claims) && self.is_among(organization, user);
        if !is_met && self.holder == Holder::Organization && active_organization(claims).is_none() {
            return no_organization(claims);
        }
        met_if(is_met)
    }

    fn is_among(&self, organization: &[&str], user: &[&str]) -> bool {
        let has = |names: &[&str]| names.contains(&&*self.name);
        match self.holder {
            Holder::Anyone => has(organization) || has(user),
            Holder::Organization => has(organization),
            Holder::User => has(user),
            Holder::Nobody => false,
        }
    }
}
