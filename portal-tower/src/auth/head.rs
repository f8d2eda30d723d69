//! [`RequestHead`]: the parts of a request that are read after the inner service's call.

use http::header::UPGRADE;
use http::request::Parts;
use http::{HeaderName, HeaderValue, Method, Request, Uri, Version};

use crate::caller;

/// A request's method, URL, and the header fields that are read later.
///
/// Their bytes are shared with the request by reference count, so that keeping them copies nothing.
#[derive(Default)]
pub(crate) struct RequestHead {
    method: Method,
    uri: Uri,
    version: Version,
    fields: Vec<(HeaderName, HeaderValue)>,
}

/// The most fields whose memory is kept for the next request.
const MAX_KEPT: usize = 64;

impl RequestHead {
    /// Takes over the head of a request.
    pub(crate) fn read(&mut self, parts: &Parts) {
        self.method = parts.method.clone();
        self.uri = parts.uri.clone();
        self.version = parts.version;
        for (name, value) in &parts.headers {
            if is_kept(name) {
                self.fields.push((name.clone(), value.clone()));
            }
        }
    }

    /// Forgets the request but keeps the memory.
    pub(crate) fn clear(&mut self) {
        self.method = Method::GET;
        self.uri = Uri::default();
        self.fields.clear();
        self.fields.shrink_to(MAX_KEPT);
    }

    /// Returns `true` for a GET or HEAD without an upgrade (RFC 9110 section 9.2.1).
    pub(crate) fn changes_nothing(&self) -> bool {
        let is_safe = matches!(self.method, Method::GET | Method::HEAD);
        is_safe && !self.fields.iter().any(|(name, _)| *name == UPGRADE)
    }

    /// Restores the request's head, without the fields that are not read later.
    pub(crate) fn to_parts(&self) -> Parts {
        let mut parts = Request::new(()).into_parts().0;
        parts.method = self.method.clone();
        parts.uri = self.uri.clone();
        parts.version = self.version;
        for (name, value) in &self.fields {
            parts.headers.append(name.clone(), value.clone());
        }
        parts
    }
}

/// Returns `true` for the fields that `AuthenticateContext`, `Caller` and the readers of our own cookies use.
pub(crate) fn is_kept(name: &HeaderName) -> bool {
    // A match on text is faster than comparing with a list of `HeaderName`s.
    matches!(
        name.as_str(),
        "accept"
            | "access-control-request-method"
            | "authorization"
            | "connection"
            | "content-type"
            | "cookie"
            | "host"
            | "origin"
            | "referer"
            | "sec-fetch-dest"
            | "sec-fetch-mode"
            | "sec-fetch-site"
            | "upgrade"
            | "x-forwarded-host"
            | "x-forwarded-prefix"
            | "x-forwarded-proto"
    ) || caller::is_identifying(name)
}

#[cfg(test)]
mod tests {
    use http::header::{
        ACCEPT, ACCESS_CONTROL_REQUEST_METHOD, AUTHORIZATION, CONNECTION, CONTENT_TYPE, COOKIE, HOST, ORIGIN, REFERER,
    };
    use portal_sdk::names::header;

    use super::*;

    #[test]
    fn every_field_of_a_later_fact_is_kept() {
        for name in [
            ACCEPT,
            ACCESS_CONTROL_REQUEST_METHOD,
            AUTHORIZATION,
            CONNECTION,
            CONTENT_TYPE,
            COOKIE,
            HOST,
            ORIGIN,
            REFERER,
            UPGRADE,
            header::FORWARDED_HOST,
            header::FORWARDED_PREFIX,
            header::FORWARDED_PROTO,
            header::SEC_FETCH_DEST,
            header::SEC_FETCH_MODE,
            header::SEC_FETCH_SITE,
        ] {
            assert!(is_kept(&name), "{name}");
        }
        assert!(!is_kept(&header::FORWARDED_FOR));
    }

    #[test]
    fn fields_that_are_read_later_are_kept() {
        let mut request = Request::post("/a?b=1");
        for n in 0..30 {
            request = request.header(COOKIE, format!("c{n}=v")).header("x-other", "dropped");
        }
        let parts = request.body(()).unwrap().into_parts().0;
        let mut head = RequestHead::default();
        head.read(&parts);
        let again = head.to_parts();
        assert_eq!((&again.method, &again.uri), (&Method::POST, &parts.uri));
        assert!(!again.headers.contains_key("x-other"));
        let cookies = |parts: &Parts| parts.headers.get_all(COOKIE).iter().cloned().collect::<Vec<_>>();
        assert_eq!(cookies(&again), cookies(&parts));
    }
}
