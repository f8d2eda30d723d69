//! [`LastHandshake`]: the result of this process's latest handshake, for explanations.

use std::time::Duration;

use serde_json::Value;

use super::{BackendError, HandshakePayload};
use crate::clock::UnixTime;
use crate::names::cookie;
use crate::token::UnverifiedToken;

/// The time for which a result explains a redirect loop. A loop takes seconds.
const MAX_AGE: Duration = Duration::from_secs(60);

/// The result of the latest handshake. Holds no token and no cookie's value.
#[derive(Clone, Debug)]
pub(crate) struct LastHandshake {
    /// The time at which Clerk answered.
    pub(crate) at: UnixTime,
    /// The payload's facts, or the error of the call.
    pub(crate) result: Result<Delivered, BackendError>,
}

/// The facts of a delivered payload.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Delivered {
    /// `iat` of the session token, by Clerk's clock.
    pub(crate) issued_at_secs: Option<f64>,
    /// `iss` of the session token.
    pub(crate) issuer: Option<Value>,
    /// `azp` of the session token.
    pub(crate) authorized_party: Option<Value>,
    /// The bytes of the largest session cookie: name and value, as browsers count them.
    pub(crate) session_cookie_bytes: usize,
    /// The value of `__client_uat`. It tells browsers apart.
    pub(crate) client_uat: Option<u64>,
}

impl LastHandshake {
    pub(crate) fn new(at: UnixTime, result: &Result<HandshakePayload, BackendError>) -> Self {
        let result = result.as_ref().map(Delivered::of).map_err(Clone::clone);
        Self { at, result }
    }

    /// Returns `true` if the result is recent enough to explain a redirect loop.
    pub(crate) fn is_recent(&self, now: UnixTime) -> bool {
        now.is_within(MAX_AGE, self.at)
    }
}

impl Delivered {
    fn of(payload: &HandshakePayload) -> Self {
        let mut facts = Self::default();
        for set_cookie in payload.set_cookies.iter().filter_map(Value::as_str) {
            let pair = set_cookie.split(';').next().unwrap_or_default();
            let Some((name, value)) = pair.split_once('=') else {
                continue;
            };
            if is_named(name, cookie::SESSION) && !value.is_empty() {
                facts.session_cookie_bytes = facts.session_cookie_bytes.max(name.len() + value.len());
                facts.read(value);
            }
            if is_named(name, cookie::CLIENT_UAT) {
                facts.client_uat = value.parse().ok();
            }
        }
        facts
    }

    fn read(&mut self, token: &str) {
        if let Ok(token) = UnverifiedToken::decode(token) {
            self.issued_at_secs = token.issued_at_secs();
            self.issuer = token.issuer().cloned();
            self.authorized_party = token.authorized_party().cloned();
        }
    }
}

/// Returns `true` if `name` is `plain`, with or without a suffix.
fn is_named(name: &str, plain: &str) -> bool {
    name.strip_prefix(plain)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('_'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_session_cookies_and_the_time_of_sign_in_are_read() {
        let session = "__session_naoXFJnI=a.b.c";
        let payload = HandshakePayload::new([
            session,
            "__session=; Path=/",
            "__sessions=not-the-session-cookie",
            "__client_uat_naoXFJnI=17; Path=/",
            "__clerk_db_jwt=much-longer-than-the-session-cookie",
            "no-cookie",
        ]);
        let found = Delivered::of(&payload);
        assert_eq!(
            (found.session_cookie_bytes, found.client_uat),
            (session.len() - 1, Some(17))
        );
    }
}
