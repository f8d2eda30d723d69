//! [`CookieWatch`]: detects session cookies that browsers will soon refuse to store.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::excerpt::Excerpt;
use crate::instance::Instance;
use crate::limits::{MAX_COOKIE_BYTES, SESSION_COOKIE_WARNING_BYTES};
use crate::names::cookie;
use crate::token::largest_claim;

/// The bytes of a cookie's attributes, because some browsers count them: `Path`, `Domain`, `Expires`, `Max-Age`,
/// `SameSite` and `Secure`, for a domain of 30 bytes.
const ATTRIBUTE_BYTES: usize = 128;

/// Warns once per authenticator, because all tokens of an instance have the same claims.
#[derive(Debug, Default)]
pub(crate) struct CookieWatch {
    has_warned: AtomicBool,
}

impl CookieWatch {
    /// Checks a session token that travels in a cookie. Returns `true` if it logged the warning.
    pub(crate) fn look_at(&self, token: &str, instance: &Instance) -> bool {
        let bytes = cookie_bytes(token, instance);
        if bytes < SESSION_COOKIE_WARNING_BYTES || self.has_warned.swap(true, Ordering::Relaxed) {
            return false;
        }
        let claim = largest_claim(token);
        tracing::warn!(
            bytes,
            limit = MAX_COOKIE_BYTES,
            largest_claim = claim.as_ref().map(|(name, _)| tracing::field::display(Excerpt(name))),
            largest_claim_bytes = claim.as_ref().map(|(_, bytes)| bytes),
            "the session cookie is almost as large as browsers store, and above the limit users cannot sign in; make a \
             claim of your own smaller in Clerk's dashboard (Sessions, Customize session token), or give roles fewer \
             permissions (o, org_permissions) and plans fewer features (fea)"
        );
        true
    }
}

/// Returns the size of the token's suffixed cookie, with its attributes.
fn cookie_bytes(token: &str, instance: &Instance) -> usize {
    let suffix = instance.publishable_key().cookie_suffix();
    // `name_suffix=token`
    cookie::SESSION.len() + suffix.len() + token.len() + 2 + ATTRIBUTE_BYTES
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn warning_starts_at_its_limit() {
        let instance = Instance::builder("pk_live_Y2xlcmsuZXhhbXBsZS5jb20k", "sk_live_x");
        let instance = instance.build().unwrap();
        let empty = cookie_bytes("", &instance);
        assert_eq!(empty, "__session_naoXFJnI=".len() + ATTRIBUTE_BYTES);
        let watch = CookieWatch::default();
        let token = "a".repeat(SESSION_COOKIE_WARNING_BYTES - empty);
        assert!(!watch.look_at(&token[1..], &instance));
        assert!(watch.look_at(&token, &instance), "the first large token is warned of");
        assert!(!watch.look_at(&token, &instance), "no other token is warned of");
    }
}
