//! The token of a session that could not be ended at Clerk, kept for a retry.

use std::time::Duration;

use http::{HeaderMap, HeaderValue};
use portal_sdk::request::{PublicUrl, SetCookie};
use portal_sdk::secret::Secret;

use crate::cookie;

const NAME: &str = "__portal_sign_out";
const MAX_AGE: Duration = Duration::from_secs(3_600);

/// Returns the cookie that keeps the token of a session that is still alive at Clerk.
///
/// Returns `None` if the token has characters that a cookie cannot hold. It is unchecked if no signing key was
/// available.
pub(super) fn kept(url: &PublicUrl, token: &Secret) -> Option<HeaderValue> {
    let cookie = SetCookie::new(url, NAME, token.expose()).with_max_age(MAX_AGE);
    let mut field = cookie.with_strict_same_site(true).to_header()?;
    field.set_sensitive(true);
    Some(field)
}

/// Returns the removal of the cookie made by [`kept`].
pub(super) fn removed(url: &PublicUrl) -> Option<HeaderValue> {
    SetCookie::removal(url, NAME).with_strict_same_site(true).to_header()
}

/// Reads the token from the cookie made by [`kept`].
pub(super) fn token(headers: &HeaderMap) -> Option<Secret> {
    let token = cookie::value(headers, NAME).filter(|token| !token.is_empty())?;
    Some(Secret::new(token))
}
