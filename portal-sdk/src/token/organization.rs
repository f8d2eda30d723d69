//! The claims about the active organization, in both versions of Clerk's session token.

use std::fmt;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::OrganizationId;
use super::permissions;

/// The active organization and the user's rights there, from a session token.
///
/// Cloning is cheap.
///
/// ```
/// use portal_sdk::token::SessionClaims;
///
/// fn heading(claims: &SessionClaims) -> &str {
///     match claims.organization() {
///         Some(organization) => organization.slug().unwrap_or(organization.id().as_str()),
///         None => "personal account",
///     }
/// }
/// ```
#[derive(Clone)]
pub struct OrganizationClaims(Arc<Organization>);

struct Organization {
    id: OrganizationId,
    slug: Option<Box<str>>,
    role: Option<Box<str>>,
    permissions: Box<[Box<str>]>,
}

impl OrganizationClaims {
    /// Returns `None` if the ID is missing or empty; the personal account is then active, as in Clerk's SDK.
    pub(super) fn parse(payload: &Map<String, Value>) -> Option<Self> {
        let (id, role) = if is_version_2(payload) {
            let claim = compact(payload)?;
            let role = text(claim, "rol").filter(|role| !role.is_empty());
            (text(claim, "id"), role.map(|role| format!("org:{role}").into()))
        } else {
            (text(payload, "org_id"), text(payload, "org_role").map(Into::into))
        };
        Some(Self(Arc::new(Organization {
            id: id.filter(|id| !id.is_empty())?.into(),
            slug: slug(payload).map(Into::into),
            role,
            permissions: permissions_of(payload).into(),
        })))
    }

    /// Returns the organization's ID.
    #[must_use]
    pub fn id(&self) -> &OrganizationId {
        &self.0.id
    }

    /// Returns the organization's slug; `None` if it has none.
    #[must_use]
    pub fn slug(&self) -> Option<&str> {
        self.0.slug.as_deref()
    }

    /// Returns the user's role in the organization, such as `org:admin`.
    #[must_use]
    pub fn role(&self) -> Option<&str> {
        self.0.role.as_deref()
    }

    /// Returns the user's custom permissions in the organization, such as `org:invoices:read`.
    ///
    /// System permissions (`org:sys_…`) are never in a session token.
    pub fn permissions(&self) -> impl Iterator<Item = &str> {
        self.0.permissions.iter().map(|permission| &**permission)
    }
}

impl fmt::Debug for OrganizationClaims {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OrganizationClaims")
            .field("id", &self.0.id.as_str())
            .field("slug", &self.slug())
            .field("role", &self.role())
            .finish_non_exhaustive()
    }
}

/// Returns the organization's slug as sent, even with an empty ID.
pub(super) fn slug(payload: &Map<String, Value>) -> Option<&str> {
    if is_version_2(payload) {
        return text(compact(payload)?, "slg");
    }
    text(payload, "org_slug")
}

pub(super) fn text<'p>(payload: &'p Map<String, Value>, claim: &str) -> Option<&'p str> {
    payload.get(claim).and_then(Value::as_str)
}

fn permissions_of(payload: &Map<String, Value>) -> Vec<Box<str>> {
    if !is_version_2(payload) {
        let listed = payload.get("org_permissions").and_then(Value::as_array);
        let names = listed.into_iter().flatten().filter_map(Value::as_str);
        return names.map(Into::into).collect();
    }
    let Some(claim) = compact(payload) else {
        return Vec::new();
    };
    permissions::decode(
        text(payload, "fea").unwrap_or_default(),
        text(claim, "per").unwrap_or_default(),
        text(claim, "fpm").unwrap_or_default(),
    )
}

fn is_version_2(payload: &Map<String, Value>) -> bool {
    payload.get("v").and_then(Value::as_f64) == Some(2.0)
}

/// Returns claim `o`, which replaces the `org_*` claims of version 1.
fn compact(payload: &Map<String, Value>) -> Option<&Map<String, Value>> {
    payload.get("o").filter(|_| is_version_2(payload))?.as_object()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn parse(payload: &Value) -> Option<OrganizationClaims> {
        OrganizationClaims::parse(payload.as_object().unwrap())
    }

    #[test]
    fn both_versions_state_the_same_organization() {
        let flat = json!({
            "org_id": "org_1", "org_slug": "acme", "org_role": "org:admin",
            "org_permissions": ["org:invoices:read", 1, "org:invoices:pay"],
        });
        let compact = json!({
            "v": 2, "fea": "o:invoices",
            "o": { "id": "org_1", "slg": "acme", "rol": "admin", "per": "read,pay", "fpm": "3" },
        });
        for payload in [flat, compact] {
            let organization = parse(&payload).unwrap();
            assert_eq!(*organization.id(), "org_1");
            assert_eq!(
                (organization.slug(), organization.role()),
                (Some("acme"), Some("org:admin"))
            );
            assert!(
                organization.permissions().eq(["org:invoices:read", "org:invoices:pay"]),
                "{payload}"
            );
        }
    }

    #[test]
    fn missing_claims_are_none() {
        let flat = json!({ "org_id": "org_1", "o": { "slg": "acme", "rol": "admin" } });
        let compact =
            json!({ "v": 2, "o": { "id": "org_1", "rol": "" }, "org_slug": "acme", "org_permissions": ["org:a:b"] });
        for payload in [flat, compact] {
            let organization = parse(&payload).unwrap();
            assert_eq!((organization.slug(), organization.role()), (None, None), "{payload}");
            assert_eq!(organization.permissions().count(), 0, "{payload}");
        }
    }

    #[test]
    fn missing_or_empty_id_is_the_personal_account() {
        for payload in [
            json!({}),
            json!({ "org_id": "" }),
            json!({ "org_id": "org_1", "v": 2 }),
            json!({ "v": 2, "o": { "id": "" } }),
            json!({ "v": 2, "o": "org_1" }),
        ] {
            assert!(parse(&payload).is_none(), "{payload}");
        }
    }
}
