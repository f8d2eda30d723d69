//! Claims of version 2 of Clerk's session token, written as `token` reads them.

use serde_json::{Map, Value};

use crate::token::{FactorAge, OrganizationId};

/// The organization of a session with a role or permission but without an organization.
const DEFAULT_ORGANIZATION: &str = "org_test";

/// The active organization and the user's rights in it.
#[derive(Clone, Debug, Default)]
pub(super) struct OrganizationRights {
    pub(super) id: Option<OrganizationId>,
    pub(super) slug: Option<String>,
    pub(super) role: Option<String>,
    pub(super) permissions: Vec<String>,
    pub(super) features: Vec<String>,
}

impl OrganizationRights {
    /// Claim `o`; `None` for the personal account.
    pub(super) fn to_claim(&self, plans: &[String]) -> Option<Value> {
        let is_personal = self.id.is_none()
            && self.slug.is_none()
            && self.role.is_none()
            && self.permissions.is_empty()
            && self.features.is_empty()
            && plans.is_empty();
        if is_personal {
            return None;
        }
        let mut claim = Map::new();
        let id = self.id.as_ref().map_or(DEFAULT_ORGANIZATION, OrganizationId::as_str);
        claim.insert("id".to_owned(), id.into());
        if let Some(slug) = &self.slug {
            claim.insert("slg".to_owned(), slug.as_str().into());
        }
        if let Some(role) = &self.role {
            // Clerk omits the prefix, and its SDKs add it.
            claim.insert("rol".to_owned(), role.strip_prefix("org:").unwrap_or(role).into());
        }
        if !self.permissions.is_empty() {
            let names = self.permission_names();
            let masks: Vec<String> = self
                .features()
                .iter()
                .map(|feature| self.mask(feature, &names))
                .collect();
            claim.insert("per".to_owned(), names.join(",").into());
            claim.insert("fpm".to_owned(), masks.join(",").into());
        }
        Some(claim.into())
    }

    /// The organization's features, and those that its permissions belong to.
    pub(super) fn features(&self) -> Vec<String> {
        let of_permissions = self.parts().map(|(feature, _)| feature.to_owned());
        unique(self.features.iter().cloned().chain(of_permissions))
    }

    fn permission_names(&self) -> Vec<String> {
        let names = unique(self.parts().map(|(_, name)| name.to_owned()));
        assert!(
            names.len() <= 128,
            "expected at most 128 permission names, found {}",
            names.len()
        );
        names
    }

    /// Returns a number whose bit *j* grants the permission `names[j]` of `feature`.
    fn mask(&self, feature: &str, names: &[String]) -> String {
        let grants = |name: &String| self.parts().any(|part| part == (feature, name));
        let bits = names.iter().enumerate().filter(|(_, name)| grants(name));
        bits.fold(0_u128, |mask, (bit, _)| mask | 1 << bit).to_string()
    }

    /// Each permission's feature and name.
    fn parts(&self) -> impl Iterator<Item = (&str, &str)> {
        self.permissions.iter().map(|permission| {
            let parts = permission.strip_prefix("org:").and_then(|rest| rest.split_once(':'));
            parts.unwrap_or_else(|| panic!("expected a permission like org:feature:permission, found {permission}"))
        })
    }
}

/// Claim `fea` or `pla`.
pub(super) fn features_and_plans(organization: &[String], user: &[String]) -> String {
    let organization = organization.iter().map(|name| format!("o:{name}"));
    let user = user.iter().map(|name| format!("u:{name}"));
    organization.chain(user).collect::<Vec<_>>().join(",")
}

/// Returns a factor's age for claim `fva`: whole minutes, or -1 for a missing factor.
pub(super) fn minutes(age: FactorAge) -> i64 {
    match age {
        FactorAge::NotEnrolled => -1,
        FactorAge::VerifiedAgo(age) => i64::try_from(age.as_secs() / 60).unwrap_or(i64::MAX),
    }
}

/// Removes repeated names and keeps the order, because a bit or a mask belongs to a position.
fn unique(names: impl Iterator<Item = String>) -> Vec<String> {
    let mut unique = Vec::new();
    for name in names {
        if !unique.contains(&name) {
            unique.push(name);
        }
    }
    unique
}
