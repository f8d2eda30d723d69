//! [`ApiPath`]: a path of the Backend API that untrusted text cannot escape.

use std::fmt;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use url::form_urlencoded;

use crate::effect::BackendError;

/// Everything except RFC 3986's unreserved characters (section 2.3).
const RESERVED: AsciiSet = NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A path of the Backend API, built from segments and query parameters.
///
/// ```
/// use portal_sdk::backend::ApiPath;
///
/// let path = ApiPath::new(["organizations", "org_1", "memberships"]).with_query("limit", 100);
/// assert_eq!(path.to_string(), "/organizations/org_1/memberships?limit=100");
///
/// // A segment stays one segment, whatever it holds.
/// assert_eq!(ApiPath::new(["users", "a/../b?c"]).to_string(), "/users/a%2F..%2Fb%3Fc");
/// ```
///
/// # Security
///
/// An empty segment, `.` or `..` would send the call to another path, such as the list of all users instead of one
/// user. [`check`](Self::check) rejects them, and so does every call of [`HttpBackend`](crate::backend::HttpBackend).
#[derive(Clone, PartialEq, Eq)]
pub struct ApiPath {
    /// The percent-encoded segments, each after a slash.
    path: String,
    query: String,
    is_valid: bool,
}

impl ApiPath {
    /// Joins `segments`, each percent-encoded.
    #[must_use]
    pub fn new<I>(segments: I) -> Self
    where
        I: IntoIterator<Item: AsRef<str>>,
    {
        let (mut path, mut is_valid) = (String::new(), true);
        for segment in segments {
            let segment = segment.as_ref();
            is_valid &= !matches!(segment, "" | "." | "..");
            path.push('/');
            path.extend(utf8_percent_encode(segment, &RESERVED));
        }
        is_valid &= !path.is_empty();
        Self {
            path,
            query: String::new(),
            is_valid,
        }
    }

    /// Adds a query parameter. A name may be repeated.
    #[must_use]
    pub fn with_query(mut self, name: &str, value: impl fmt::Display) -> Self {
        let mut query = form_urlencoded::Serializer::new(self.query);
        self.query = query.append_pair(name, &value.to_string()).finish();
        self
    }

    /// Rejects a path with an empty segment, `.` or `..`. Call it in a custom backend's `request`.
    ///
    /// # Errors
    ///
    /// Returns [`BackendError`] if the path has no segments, or a segment is empty, `.` or `..`.
    pub fn check(&self) -> Result<(), BackendError> {
        match self.is_valid {
            true => Ok(()),
            false => Err(BackendError::invalid_request(
                "expected path segments, found none or one that is empty, `.` or `..`; check the IDs in the path",
            )),
        }
    }

    /// Returns the percent-encoded path with its first slash, without the query string.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Returns the query string without `?`, or an empty string without parameters.
    #[must_use]
    pub fn query(&self) -> &str {
        &self.query
    }
}

impl fmt::Display for ApiPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.query.as_str() {
            "" => f.write_str(&self.path),
            query => write!(f, "{}?{query}", self.path),
        }
    }
}

impl fmt::Debug for ApiPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The query string may hold a nonce or an email address.
        f.debug_struct("ApiPath")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segment_is_encoded_and_stays_one_segment() {
        for (segment, written) in [
            ("user_1", "user_1"),
            ("a/b", "a%2Fb"),
            ("../users", "..%2Fusers"),
            ("..\\", "..%5C"),
            ("%2e%2e", "%252e%252e"),
            // The URL Standard's parser drops tabs and line breaks, which would leave `..`.
            (".\t.", ".%09."),
            ("\n..", "%0A.."),
            ("a?b#c;d", "a%3Fb%23c%3Bd"),
            ("ü", "%C3%BC"),
        ] {
            let path = ApiPath::new(["users", segment]);
            assert!(path.check().is_ok(), "{segment:?}");
            assert_eq!(path.to_string(), format!("/users/{written}"));
        }
    }

    #[test]
    fn path_with_empty_or_dot_segment_is_rejected() {
        for segments in [
            vec![],
            vec![""],
            vec!["users", ""],
            vec!["users", "."],
            vec!["users", "..", "jwks"],
        ] {
            let error = ApiPath::new(&segments).check().unwrap_err();
            assert!(!error.is_outage() && error.status().is_none(), "{segments:?}");
        }
    }

    #[test]
    fn query_is_encoded_and_not_shown_by_debug() {
        let path = ApiPath::new(["users"])
            .with_query("email_address", "a&b=c@example.com")
            .with_query("limit", 2);
        assert_eq!(path.to_string(), "/users?email_address=a%26b%3Dc%40example.com&limit=2");
        assert!(!format!("{path:?}").contains("example.com"));
    }
}
