//! The parameters and results of effects.

use std::fmt;

use serde_json::Value;

use crate::names::cookie;
use crate::secret::{Secret, cookie_names};
use crate::token::SessionId;

/// The result of a handshake: `Set-Cookie` values, in order.
#[derive(Clone, Default, PartialEq, Eq, serde::Deserialize)]
#[non_exhaustive]
pub struct HandshakePayload {
    /// The values, each a whole `Set-Cookie` field. The decision skips an entry that is not a string or cannot be a
    /// field.
    #[serde(rename = "directives")]
    pub set_cookies: Vec<Value>,
}

impl HandshakePayload {
    /// Creates the payload of a custom backend.
    #[must_use]
    pub fn new(set_cookies: impl IntoIterator<Item = impl Into<Value>>) -> Self {
        Self {
            set_cookies: set_cookies.into_iter().map(Into::into).collect(),
        }
    }

    /// Iterates over the values of the session cookies.
    pub(crate) fn session_tokens(&self) -> impl Iterator<Item = &str> {
        let cookies = self.set_cookies.iter().filter_map(Value::as_str);
        cookies.filter_map(|set_cookie| {
            let (name, value) = set_cookie.split(';').next()?.split_once('=')?;
            let suffix = name.strip_prefix(cookie::SESSION)?;
            (suffix.is_empty() || suffix.starts_with('_')).then_some(value)
        })
    }
}

/// A request to renew a session.
#[derive(Clone)]
#[non_exhaustive]
pub struct SessionRefresh {
    /// `sid` of the expired token; letters, digits, `_` and `-` only.
    pub session_id: SessionId,
    /// The expired token.
    pub expired_token: Secret,
    /// The refresh cookie.
    pub refresh_token: Secret,
    /// The application's public origin.
    pub request_origin: String,
    /// The request's header fields, with lower-case names. Other applications' cookies and `Authorization` are omitted.
    pub request_headers: Vec<(String, String)>,
    /// `true` if the application trusts the suffixed cookies.
    pub suffixed_cookies: bool,
}

/// The result of a [`SessionRefresh`]: `Set-Cookie` values, in order.
#[derive(Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RefreshedSession {
    /// The values, each a whole `Set-Cookie` field.
    pub set_cookies: Vec<String>,
}

impl RefreshedSession {
    /// Creates the renewed session of a custom backend.
    #[must_use]
    pub fn new(set_cookies: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self {
            set_cookies: set_cookies.into_iter().map(Into::into).collect(),
        }
    }
}

impl fmt::Debug for HandshakePayload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let texts = self
            .set_cookies
            .iter()
            .map(|set_cookie| set_cookie.as_str().unwrap_or_default());
        f.debug_struct("HandshakePayload")
            .field("set_cookies", &cookie_names(texts))
            .finish()
    }
}

impl fmt::Debug for SessionRefresh {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let headers: Vec<&str> = self.request_headers.iter().map(|(name, _)| name.as_str()).collect();
        f.debug_struct("SessionRefresh")
            .field("session_id", &self.session_id)
            .field("request_origin", &self.request_origin)
            .field("request_headers", &headers)
            .field("suffixed_cookies", &self.suffixed_cookies)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for RefreshedSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = cookie_names(self.set_cookies.iter().map(String::as_str));
        f.debug_struct("RefreshedSession").field("set_cookies", &names).finish()
    }
}
