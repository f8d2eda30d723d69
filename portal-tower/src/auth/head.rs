//! [`RequestHead`]: the parts of a request that are read after the inner service's call.

use http::header::{
    ACCEPT, ACCESS_CONTROL_REQUEST_METHOD, AUTHORIZATION, CONNECTION, CONTENT_TYPE, COOKIE, HOST, ORIGIN, REFERER,
    UPGRADE,
};
use http::request::Parts;
use http::{HeaderName, HeaderValue, Method, Request, Uri, Version};
use portal_sdk::names::header;

use crate::caller;

/// Number of fields kept without an allocation. Browsers send fewer; further fields go to a `Vec`.
const INLINE: usize = 20;

/// A request's method, URL, and the header fields that are read later.
///
/// They are shared with the request by reference count, so that keeping them allocates nothing.
pub(crate) struct RequestHead {
    method: Method,
    uri: Uri,
    version: Version,
    fields: [Option<(HeaderName, HeaderValue)>; INLINE],
    more: Vec<(HeaderName, HeaderValue)>,
}

impl RequestHead {
    pub(crate) fn of(parts: &Parts) -> Self {
        let mut head = Self {
            method: parts.method.clone(),
            uri: parts.uri.clone(),
            version: parts.version,
            fields: Default::default(),
            more: Vec::new(),
        };
        let kept = parts.headers.iter().filter(|(name, _)| is_kept(name));
        for (index, (name, value)) in kept.enumerate() {
            let field = (name.clone(), value.clone());
            match head.fields.get_mut(index) {
                Some(slot) => *slot = Some(field),
                None => head.more.push(field),
            }
        }
        head
    }

    /// Restores the request's head, without the fields that are not read later.
    pub(crate) fn to_parts(&self) -> Parts {
        let mut parts = Request::new(()).into_parts().0;
        parts.method = self.method.clone();
        parts.uri = self.uri.clone();
        parts.version = self.version;
        for (name, value) in self.fields.iter().flatten().chain(&self.more) {
            parts.headers.append(name.clone(), value.clone());
        }
        parts
    }
}

/// Returns `true` for the fields that `AuthenticateContext`, `Caller` and the readers of our own cookies use.
fn is_kept(name: &HeaderName) -> bool {
    const KEPT: [HeaderName; 16] = [
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
        header::FORWARDED_PROTO,
        header::FORWARDED_PREFIX,
        header::SEC_FETCH_DEST,
        header::SEC_FETCH_MODE,
        header::SEC_FETCH_SITE,
    ];
    KEPT.contains(name) || caller::HEADERS.contains(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_beyond_the_inline_ones_are_kept() {
        let mut request = Request::post("/a?b=1");
        for n in 0..30 {
            request = request.header(COOKIE, format!("c{n}=v")).header("x-other", "dropped");
        }
        let parts = request.body(()).unwrap().into_parts().0;
        let again = RequestHead::of(&parts).to_parts();
        assert_eq!((&again.method, &again.uri), (&Method::POST, &parts.uri));
        assert!(!again.headers.contains_key("x-other"));
        let cookies = |parts: &Parts| parts.headers.get_all(COOKIE).iter().cloned().collect::<Vec<_>>();
        assert_eq!(cookies(&again), cookies(&parts));
    }
}
