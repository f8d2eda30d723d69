//! The claims of the tokens that an instance signs.

use portal_sdk::clock::UnixTime;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The claims of a session token, version 2.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct SessionClaims {
    /// The actor who impersonates the user; omitted without impersonation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) act: Option<Value>,
    /// The origin that the token was issued to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) azp: Option<String>,
    pub(crate) exp: i64,
    /// The active organization's features; omitted if empty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) fea: Option<String>,
    /// Minutes since the first and second factor were last verified; -1 for never.
    pub(crate) fva: [i64; 2],
    pub(crate) iat: i64,
    pub(crate) iss: String,
    pub(crate) jti: String,
    pub(crate) nbf: i64,
    /// The active organization; omitted for the personal account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) o: Option<OrganizationClaim>,
    pub(crate) sid: String,
    pub(crate) sts: String,
    pub(crate) sub: String,
    pub(crate) v: u8,
    /// The claims that the instance adds, without the names above.
    #[serde(flatten)]
    pub(crate) custom: Map<String, Value>,
}

impl SessionClaims {
    /// Returns `true` if `now` is in the token's lifetime.
    pub(crate) fn is_current(&self, now: UnixTime) -> bool {
        (self.nbf..self.exp).contains(&now.as_secs())
    }
}

/// The options of a session token.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct TokenUse<'a> {
    /// The origin that will use the token.
    pub(crate) authorized_party: Option<&'a str>,
    /// The lifetime of the token; `None` for the instance's default.
    pub(crate) lifetime_secs: Option<i64>,
}

impl<'a> TokenUse<'a> {
    pub(crate) fn by(origin: &'a str) -> Self {
        Self {
            authorized_party: Some(origin),
            lifetime_secs: None,
        }
    }
}

/// The active organization inside a session token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct OrganizationClaim {
    id: String,
    slg: String,
    /// The role without its `org:` prefix.
    rol: String,
    /// The names of custom permissions, without duplicates.
    #[serde(skip_serializing_if = "Option::is_none")]
    per: Option<String>,
    /// A bit mask for each feature in `fea`: bit n is the n-th name in `per`.
    #[serde(skip_serializing_if = "Option::is_none")]
    fpm: Option<String>,
}

/// The claims `o` and `fea` for a role.
///
/// `permissions` are the role's custom ones, sorted, each `org:<feature>:<name>`.
pub(crate) fn organization_claims(
    id: &str,
    slug: &str,
    role_key: &str,
    permissions: &[&str],
) -> (OrganizationClaim, Option<String>) {
    let parts: Vec<(&str, &str)> = permissions
        .iter()
        .filter_map(|key| key.strip_prefix("org:")?.split_once(':'))
        .collect();
    let (mut features, mut names): (Vec<&str>, Vec<&str>) = (Vec::new(), Vec::new());
    for (feature, name) in &parts {
        if !features.contains(feature) {
            features.push(feature);
        }
        if !names.contains(name) {
            names.push(name);
        }
    }
    let bits = |feature: &str| {
        let held = parts.iter().filter(|(of, _)| *of == feature);
        held.filter_map(|(_, name)| names.iter().position(|known| known == name))
            .fold(0_u64, |bits, position| {
                bits | 1_u64.checked_shl(position as u32).unwrap_or(0)
            })
    };
    let joined = |items: Vec<String>| (!items.is_empty()).then(|| items.join(","));
    let claim = OrganizationClaim {
        id: id.to_owned(),
        slg: slug.to_owned(),
        rol: role_key.strip_prefix("org:").unwrap_or(role_key).to_owned(),
        per: joined(names.iter().map(|name| (*name).to_owned()).collect()),
        fpm: joined(features.iter().map(|feature| bits(feature).to_string()).collect()),
    };
    (
        claim,
        joined(features.iter().map(|feature| format!("o:{feature}")).collect()),
    )
}

#[derive(Serialize)]
pub(super) struct HandshakeClaims<'a> {
    pub(super) handshake: &'a [String],
    pub(super) iat: i64,
    pub(super) exp: i64,
}

/// The validity of a token from a template.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TemplateTimes {
    pub(crate) lifetime_secs: i64,
    /// The seconds from `nbf` to `iat`.
    pub(crate) allowed_clock_skew_secs: i64,
}

#[derive(Serialize)]
pub(super) struct TemplateClaims<'a> {
    pub(super) exp: i64,
    pub(super) iat: i64,
    pub(super) iss: &'a str,
    pub(super) jti: String,
    pub(super) nbf: i64,
    pub(super) sub: &'a str,
    #[serde(flatten)]
    pub(super) custom: Map<String, Value>,
}

#[derive(Serialize)]
pub(super) struct DevBrowserClaims<'a> {
    pub(super) dev: &'a str,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn permissions_are_encoded_as_a_bit_mask_per_feature() {
        let permissions = ["org:dashboard:manage", "org:dashboard:read", "org:teams:read"];
        let (claim, features) = organization_claims("org_1", "acme", "org:admin", &permissions);
        assert_eq!(features.as_deref(), Some("o:dashboard,o:teams"));
        assert_eq!(
            (claim.per.as_deref(), claim.fpm.as_deref()),
            (Some("manage,read"), Some("3,2"))
        );
        assert_eq!(claim.rol, "admin");
    }

    #[test]
    fn role_without_custom_permissions_has_no_feature_claims() {
        let (claim, features) = organization_claims("org_1", "acme", "org:member", &[]);
        assert_eq!((claim.per, claim.fpm, features), (None, None, None));
    }
}
