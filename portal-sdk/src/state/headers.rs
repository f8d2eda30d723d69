//! [`ResponseHeaders`]: the header fields that an outcome adds to the response.

use std::{fmt, iter};

use http::header::{CACHE_CONTROL, Entry, LOCATION, SET_COOKIE};
use http::{HeaderMap, HeaderName, HeaderValue};
use url::Url;

use super::AuthReason;
use crate::names::header;
use crate::secret::{WithoutQuery, cookie_names};

/// Header fields that the outcome adds to the response. `Debug` redacts cookies and URLs.
#[derive(Clone, Default)]
#[must_use = "without these fields, browsers lose their session"]
pub struct ResponseHeaders {
    fields: Vec<(HeaderName, HeaderValue)>,
    /// Separate, because most signed-out requests have no other fields.
    description: Option<Description>,
}

/// `x-clerk-auth-status`, `x-clerk-auth-reason` and `x-clerk-auth-message`. Small, because states are moved often.
#[derive(Clone)]
struct Description {
    status: &'static HeaderValue,
    reason: Option<Reason>,
    message: Option<Box<HeaderValue>>,
}

/// The value of `x-clerk-auth-reason`.
#[derive(Clone)]
enum Reason {
    /// Most pages of visitors have this one, which needs no check at run time.
    NoCookies,
    Other(Box<HeaderValue>),
}

static STATUS: HeaderName = header::AUTH_STATUS;
static REASON: HeaderName = header::AUTH_REASON;
static MESSAGE: HeaderName = header::AUTH_MESSAGE;

impl ResponseHeaders {
    /// Adds a field and keeps existing fields of the same name.
    pub fn append(&mut self, name: HeaderName, value: HeaderValue) {
        self.fields.push((name, value));
    }

    /// Iterates over the fields; those of one name in order.
    pub fn iter(&self) -> impl Iterator<Item = (&HeaderName, &HeaderValue)> {
        let fields = self.fields.iter().map(|(name, value)| (name, value));
        let description = self.description.iter().flat_map(Description::iter);
        fields.chain(description)
    }

    /// Adds the fields of `other`, whose description of the outcome, if any, replaces this one.
    pub(crate) fn extend(&mut self, other: Self) {
        self.fields.extend(other.fields);
        self.description = other.description.or(self.description.take());
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

    pub(crate) fn describe(&mut self, status: &'static HeaderValue, reason: &AuthReason, message: Option<String>) {
        self.description = Some(Description {
            status,
            reason: Reason::of(reason),
            message: message.and_then(|message| HeaderValue::try_from(message).ok().map(Box::new)),
        });
    }
}

impl Reason {
    /// Returns `None` if Clerk's error code in the reason contains a character that headers forbid.
    fn of(reason: &AuthReason) -> Option<Self> {
        if *reason == AuthReason::SessionTokenAndUatMissing {
            return Some(Self::NoCookies);
        }
        let value = HeaderValue::try_from(&*reason.as_str());
        value.ok().map(Box::new).map(Self::Other)
    }

    fn value(&self) -> &HeaderValue {
        static NO_COOKIES: HeaderValue = HeaderValue::from_static("session-token-and-uat-missing");
        match self {
            Self::NoCookies => &NO_COOKIES,
            Self::Other(value) => value,
        }
    }
}

impl Description {
    fn iter(&self) -> impl Iterator<Item = (&HeaderName, &HeaderValue)> {
        let reason = self.reason.iter().map(|reason| (&REASON, reason.value()));
        let message = self.message.iter().map(|message| (&MESSAGE, &**message));
        iter::once((&STATUS, self.status)).chain(reason).chain(message)
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
