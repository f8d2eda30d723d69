//! [`RequestHead`]: the parts of a request that are read after the inner service's call.

use std::ops::Range;

use http::request::Parts;
use http::{HeaderName, HeaderValue, Method, Request, Uri, Version};

/// A request's method, URL, and the header fields that are read later.
///
/// Keeping them allocates nothing once the memory of earlier requests is there.
#[derive(Default)]
pub(crate) struct RequestHead {
    method: Method,
    uri: Uri,
    version: Version,
    fields: Vec<Kept>,
    /// The copied values.
    text: Vec<u8>,
}

/// A field that is read later.
struct Kept {
    name: KeptName,
    value: Value,
}

macro_rules! kept_names {
    ($($variant:ident = $name:literal,)*) => {
        /// The names of the fields that `AuthenticateContext`, `Caller` and the readers of our own cookies use.
        ///
        /// A clone of a name that is not a standard one would count references.
        #[derive(Clone, Copy, Debug, PartialEq)]
        enum KeptName {
            $($variant,)*
        }

        impl KeptName {
            fn of(name: &HeaderName) -> Option<Self> {
                // Comparing text is faster than comparing with a list of names.
                Some(match name.as_str() {
                    $($name => Self::$variant,)*
                    _ => return None,
                })
            }

            fn to_header_name(self) -> HeaderName {
                match self {
                    $(Self::$variant => const { HeaderName::from_static($name) },)*
                }
            }
        }
    };
}

kept_names! {
    Accept = "accept",
    AccessControlRequestMethod = "access-control-request-method",
    Authorization = "authorization",
    Connection = "connection",
    ContentType = "content-type",
    Cookie = "cookie",
    DatastarRequest = "datastar-request",
    Host = "host",
    HxBoosted = "hx-boosted",
    HxCurrentUrl = "hx-current-url",
    HxHistoryRestoreRequest = "hx-history-restore-request",
    HxRequest = "hx-request",
    Origin = "origin",
    Referer = "referer",
    SecFetchDest = "sec-fetch-dest",
    SecFetchMode = "sec-fetch-mode",
    SecFetchSite = "sec-fetch-site",
    TurboFrame = "turbo-frame",
    Upgrade = "upgrade",
    XForwardedHost = "x-forwarded-host",
    XForwardedPrefix = "x-forwarded-prefix",
    XForwardedProto = "x-forwarded-proto",
    XTurboRequestId = "x-turbo-request-id",
    XUpVersion = "x-up-version",
}

enum Value {
    /// The position in the text. Copying a few bytes is faster than counting a reference.
    Copied(Range<usize>),
    /// Long, or a secret: no copy of a secret outlives the request.
    Shared(HeaderValue),
}

/// The longest value that is copied.
const MAX_COPIED: usize = 256;
/// The most fields, and the most bytes of text, whose memory is kept for the next request.
const MAX_FIELDS: usize = 64;
const MAX_TEXT: usize = 4096;

impl RequestHead {
    /// Takes over the head of a request.
    pub(crate) fn read(&mut self, parts: &Parts) {
        self.method = parts.method.clone();
        self.uri = parts.uri.clone();
        self.version = parts.version;
        for (name, value) in &parts.headers {
            if let Some(name) = KeptName::of(name) {
                let value = self.keep(name, value);
                self.fields.push(Kept { name, value });
            }
        }
    }

    fn keep(&mut self, name: KeptName, value: &HeaderValue) -> Value {
        if value.len() > MAX_COPIED || matches!(name, KeptName::Authorization | KeptName::Cookie) {
            return Value::Shared(value.clone());
        }
        let start = self.text.len();
        self.text.extend_from_slice(value.as_bytes());
        Value::Copied(start..self.text.len())
    }

    /// Forgets the request but keeps the memory.
    pub(crate) fn clear(&mut self) {
        self.method = Method::GET;
        self.uri = Uri::default();
        self.fields.clear();
        self.fields.shrink_to(MAX_FIELDS);
        self.text.clear();
        self.text.shrink_to(MAX_TEXT);
    }

    /// Returns `true` for a GET or HEAD without an upgrade (RFC 9110 section 9.2.1).
    pub(crate) fn changes_nothing(&self) -> bool {
        let is_safe = matches!(self.method, Method::GET | Method::HEAD);
        is_safe && !self.fields.iter().any(|field| field.name == KeptName::Upgrade)
    }

    /// Restores the request's head, without the fields that are not read later.
    pub(crate) fn to_parts(&self) -> Parts {
        let mut parts = Request::new(()).into_parts().0;
        parts.method = self.method.clone();
        parts.uri = self.uri.clone();
        parts.version = self.version;
        for Kept { name, value } in &self.fields {
            let value = match value {
                Value::Copied(range) => HeaderValue::from_bytes(&self.text[range.clone()]),
                Value::Shared(value) => Ok(value.clone()),
            };
            parts
                .headers
                .append(name.to_header_name(), value.expect("it was a field's value"));
        }
        parts
    }
}

/// Returns `true` for the fields that are restored.
#[cfg(test)]
pub(crate) fn is_kept(name: &HeaderName) -> bool {
    KeptName::of(name).is_some()
}

#[cfg(test)]
mod tests {
    use http::header::{
        ACCEPT, ACCESS_CONTROL_REQUEST_METHOD, AUTHORIZATION, CONNECTION, CONTENT_TYPE, COOKIE, HOST, ORIGIN, REFERER,
        UPGRADE,
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
            assert_eq!(KeptName::of(&name).unwrap().to_header_name(), name);
        }
        assert!(KeptName::of(&header::FORWARDED_FOR).is_none());
    }

    #[test]
    fn head_is_restored_without_the_fields_that_are_not_read_later() {
        let long = [b'x'; MAX_COPIED + 1];
        let other = HeaderName::from_static("x-other");
        let fields: [(HeaderName, &[u8]); 9] = [
            (HOST, b"app.example.com"),
            (other.clone(), b"dropped"),
            (REFERER, &long),
            (REFERER, b"second"),
            (COOKIE, b"a=1"),
            (header::SEC_FETCH_SITE, b"none"),
            (ACCEPT, b""),
            (COOKIE, b"name=Jos\xe9"),
            (AUTHORIZATION, b"Bearer x"),
        ];
        let mut request = Request::post("/a?b=1").version(Version::HTTP_2);
        for (name, value) in &fields {
            request = request.header(name, HeaderValue::from_bytes(value).unwrap());
        }
        let mut parts = request.body(()).unwrap().into_parts().0;
        let mut head = RequestHead::default();
        head.read(
            &Request::get("/earlier")
                .header(HOST, "earlier")
                .body(())
                .unwrap()
                .into_parts()
                .0,
        );
        head.clear();
        head.read(&parts);
        let restored = head.to_parts();
        parts.headers.remove(other);
        assert_eq!(restored.headers, parts.headers);
        assert_eq!(
            (restored.method, restored.uri, restored.version),
            (parts.method, parts.uri, parts.version)
        );
    }

    #[test]
    fn memory_of_a_secret_is_not_kept() {
        let mut head = RequestHead::default();
        let request = Request::get("/")
            .header(COOKIE, "secret")
            .header(AUTHORIZATION, "secret");
        head.read(&request.body(()).unwrap().into_parts().0);
        assert!(head.text.is_empty() && head.fields.len() == 2);
    }
}
