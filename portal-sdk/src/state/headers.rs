//! [`ResponseHeaders`]: the header fields that an outcome adds to the response.

use std::fmt;

use http::header::{CACHE_CONTROL, Entry, LOCATION, SET_COOKIE};
use http::{HeaderMap, HeaderName, HeaderValue};
use url::Url;

use super::AuthReason;
use crate::names::header;
use crate::secret::{WithoutQuery, cookie_names};

/// Header fields that the outcome adds to the response. `Debug` redacts cookies and URLs.
#[derive(Clone, Default)]
pub struct ResponseHeaders {
    fields: Vec<(HeaderName, HeaderValue)>,
    /// `x-clerk-auth-status`, `x-clerk-auth-reason`, `x-clerk-auth-message`. They are separate, because most signed-out
    /// requests have only these fields.
    described: [Option<HeaderValue>; 3],
}

static DESCRIBED: [HeaderName; 3] = [header::AUTH_STATUS, header::AUTH_REASON, header::AUTH_MESSAGE];

impl ResponseHeaders {
    /// Adds a field and keeps existing fields of the same name.
    pub fn append(&mut self, name: HeaderName, value: HeaderValue) {
        self.fields.push((name, value));
    }

    /// Iterates over the fields; those of one name in order.
    pub fn iter(&self) -> impl Iterator<Item = (&HeaderName, &HeaderValue)> {
        let fields = self.fields.iter().map(|(name, value)| (name, value));
        let described = DESCRIBED.iter().zip(&self.described);
        fields.chain(described.filter_map(|(name, value)| Some((name, value.as_ref()?))))
    }

    /// Adds the fields of `other`, whose description of the outcome replaces this one.
    pub(crate) fn extend(&mut self, other: Self) {
        self.fields.extend(other.fields);
        for (own, others) in self.described.iter_mut().zip(other.described) {
            *own = others.or(own.take());
        }
    }

    /// The URL of the redirect that replaces the page, if any.
    #[must_use]
    pub fn location(&self) -> Option<&HeaderValue> {
        self.iter()
            .find_map(|(name, value)| (name == LOCATION).then_some(value))
    }

    /// Returns `true` if there are no fields.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.iter().next().is_none()
    }

    /// Returns `true` if a cookie is set. Caches must then not store the response.
    #[must_use]
    pub fn sets_cookie(&self) -> bool {
        self.fields.iter().any(|(name, _)| name == SET_COOKIE)
    }

    /// Applies the fields to a response.
    ///
    /// Cookies are put before the response's, so that a handler's cookie of the same name wins. Any other field
    /// replaces the response's.
    pub fn apply(&self, headers: &mut HeaderMap) {
        let handlers_cookies: Vec<HeaderValue> = match self.sets_cookie().then(|| headers.entry(SET_COOKIE)) {
            Some(Entry::Occupied(cookies)) => cookies.remove_entry_mult().1.collect(),
            _ => Vec::new(),
        };
        for (name, value) in self.iter() {
            if name == SET_COOKIE {
                headers.append(name, value.clone());
            } else {
                headers.insert(name, value.clone());
            }
        }
        for cookie in handlers_cookies {
            headers.append(SET_COOKIE, cookie);
        }
        if self.sets_cookie() || self.location().is_some() {
            headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        }
    }

    pub(crate) fn describe(&mut self, status: HeaderValue, reason: &AuthReason, message: Option<String>) {
        self.described = [
            Some(status),
            reason.header_value(),
            message.and_then(|message| HeaderValue::try_from(message).ok()),
        ];
    }
}

impl fmt::Debug for ResponseHeaders {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut fields = f.debug_map();
        for (name, value) in self.iter() {
            let text = value.to_str().unwrap_or_default();
            match (name, Url::parse(text)) {
                (&SET_COOKIE, _) => fields.entry(name, &cookie_names([text])),
                (&LOCATION, Ok(url)) => fields.entry(name, &WithoutQuery(&url)),
                (&LOCATION, Err(_)) => fields.entry(name, &"[redacted]"),
                _ => fields.entry(name, value),
            };
        }
        fields.finish()
    }
}
