//! The largest custom claim of a token, for the warning about the size of its cookie.

use super::unverified::claims_map;

/// The claims that Clerk sets itself, in both versions of its format. The others are the application's.
const CLERKS: [&str; 20] = [
    "act",
    "aud",
    "azp",
    "exp",
    "fea",
    "fva",
    "iat",
    "iss",
    "jti",
    "nbf",
    "o",
    "org_id",
    "org_permissions",
    "org_role",
    "org_slug",
    "pla",
    "sid",
    "sts",
    "sub",
    "v",
];

/// Returns the name of the largest custom claim and its size as JSON, name included, in bytes.
///
/// Returns `None` if the token has no custom claims.
pub(crate) fn largest_custom_claim(token: &str) -> Option<(String, usize)> {
    let custom = claims_map(token)
        .into_iter()
        .filter(|(name, _)| !CLERKS.contains(&name.as_str()));
    // `"name":value`
    let sizes = custom.map(|(name, value)| {
        let bytes = name.len() + value.to_string().len() + 3;
        (name, bytes)
    });
    sizes.max_by_key(|(_, bytes)| *bytes)
}
