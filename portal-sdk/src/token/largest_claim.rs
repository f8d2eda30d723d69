//! The largest claim of a token, for the warning about the size of its cookie.

use super::unverified::claims_map;

/// Returns the name of the largest claim and its size as JSON, name included, in bytes.
///
/// Clerk's own claims count too: permissions and features can be larger than an application's claims.
///
/// Returns `None` if the token has no claims.
pub(crate) fn largest_claim(token: &str) -> Option<(String, usize)> {
    // `"name":value`
    let sizes = claims_map(token).into_iter().map(|(name, value)| {
        let bytes = name.len() + value.to_string().len() + 3;
        (name, bytes)
    });
    sizes.max_by_key(|(_, bytes)| *bytes)
}
