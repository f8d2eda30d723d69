//! [`Rights`]: the claims that requirements check, read from the JSON once per token.

use serde_json::{Map, Value};

use super::organization::{self, text};
use super::{FactorAges, OrganizationClaims, UserId};

pub(super) struct Rights {
    pub(super) organization: Option<OrganizationClaims>,
    /// The slug that Clerk compares with the path's: the claim as sent, even with an empty ID.
    pub(super) organization_slug: Option<Box<str>>,
    /// `fea`
    pub(super) features: Box<str>,
    /// `pla`
    pub(super) plans: Box<str>,
    /// `fva`
    pub(super) factor_ages: Option<FactorAges>,
    /// `act`, if it names a user.
    pub(super) actor: Option<(UserId, Map<String, Value>)>,
}

impl Rights {
    pub(super) fn parse(payload: &Map<String, Value>) -> Self {
        let list = |claim| text(payload, claim).unwrap_or_default().into();
        Self {
            organization: OrganizationClaims::parse(payload),
            organization_slug: organization::slug(payload).map(Into::into),
            features: list("fea"),
            plans: list("pla"),
            factor_ages: payload.get("fva").and_then(FactorAges::parse),
            actor: actor(payload),
        }
    }

    /// Estimates the memory, in bytes.
    pub(super) fn size(&self) -> usize {
        /// One allocation and its entry in a list.
        const PER_PERMISSION: usize = 40;
        let organization = self.organization.iter();
        let permissions = organization.flat_map(OrganizationClaims::permissions);
        let permissions: usize = permissions.map(|permission| permission.len() + PER_PERMISSION).sum();
        // A map takes several times the memory of its claim's text.
        let actor = self.actor.as_ref().map_or(0, |(_, claim)| 700 + 200 * claim.len());
        permissions + self.features.len() + self.plans.len() + actor
    }
}

fn actor(payload: &Map<String, Value>) -> Option<(UserId, Map<String, Value>)> {
    let claim = payload.get("act")?.as_object()?;
    Some((text(claim, "sub")?.into(), claim.clone()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn size(payload: &Value) -> usize {
        Rights::parse(payload.as_object().unwrap()).size()
    }

    #[test]
    fn size_grows_with_each_part_that_is_kept() {
        assert_eq!(size(&json!({})), 0);
        for payload in [
            json!({ "v": 2, "fea": "u:a,o:b" }),
            json!({ "v": 2, "pla": "u:free" }),
            json!({ "org_id": "org_1", "org_permissions": ["org:a:read", "org:b:read"] }),
        ] {
            let text = payload.to_string().len();
            let found = size(&payload);
            assert!((4..text + 100).contains(&found), "{payload}: {found}");
        }
    }

    /// Each member of a map is a string, a value and its share of a node.
    #[test]
    fn size_of_an_actor_is_more_than_that_of_its_members() {
        let member = size_of::<String>() + size_of::<Value>();
        for members in [1, 5, 50] {
            let mut claim: Map<String, Value> = (1..members).map(|n| (format!("m{n}"), json!(n))).collect();
            claim.insert("sub".into(), json!("user_1"));
            let found = size(&json!({ "act": claim }));
            assert!(
                (members * member..10_000 * members).contains(&found),
                "{members}: {found}"
            );
            assert!(found >= 700 + 200 * members, "{members}: {found}");
        }
    }
}
