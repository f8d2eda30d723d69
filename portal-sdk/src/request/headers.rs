//! Header fields as Node reads them, because Clerk's SDK runs there.
//!
//! Bytes are Latin-1. Repeated fields are joined; of a field that HTTP allows once, the first one counts.

use std::borrow::Cow;

use http::header::{AUTHORIZATION, COOKIE};
use http::{HeaderMap, HeaderName};

use crate::limits::MAX_HEADER_BYTES;

/// Returns the first field named `name`, for fields that HTTP allows once, such as `Host` and `Referer`.
///
/// Returns `None` if it is missing, empty or too large.
pub(super) fn first_value<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<Cow<'h, str>> {
    headers
        .get(name)
        .filter(|value| value.len() <= MAX_HEADER_BYTES)
        .map(|value| latin1(value.as_bytes()))
        .filter(|text| !text.is_empty())
}

/// Joins all fields named `name` by `, ` (by `; ` for `Cookie`, RFC 9113 section 8.2.3), as Latin-1.
///
/// Returns `None` if they are missing or too large. `Authorization` has no limit here, because an oversized one must be
/// refused, not ignored.
#[must_use]
pub fn header_value<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<Cow<'h, str>> {
    let is_bounded = *name != AUTHORIZATION && *name != COOKIE;
    let mut values = headers.get_all(name).iter();
    let first = values.next()?;
    let mut size = first.len();
    let mut joined = None;
    for value in values {
        size += value.len();
        let separator = if *name == COOKIE { "; " } else { ", " };
        let joined = joined.get_or_insert_with(|| latin1(first.as_bytes()).into_owned());
        joined.push_str(separator);
        joined.push_str(&latin1(value.as_bytes()));
    }
    if is_bounded && size > MAX_HEADER_BYTES {
        return None;
    }
    Some(joined.map_or_else(|| latin1(first.as_bytes()), Cow::Owned))
}

/// Decodes Latin-1.
pub(super) fn latin1(bytes: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) if text.is_ascii() => Cow::Borrowed(text),
        _ => bytes.iter().copied().map(char::from).collect::<String>().into(),
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use http::header::HOST;

    use super::*;

    #[test]
    fn fields_are_joined_as_latin_1() {
        let mut headers = HeaderMap::new();
        headers.append(COOKIE, HeaderValue::from_static("a=1"));
        headers.append(COOKIE, HeaderValue::from_bytes(b"b=\xe9").unwrap());
        headers.append(HOST, HeaderValue::from_static("one"));
        headers.append(HOST, HeaderValue::from_static("two"));
        assert_eq!(header_value(&headers, &COOKIE).unwrap(), "a=1; b=é");
        assert_eq!(first_value(&headers, &HOST).unwrap(), "one");
        assert_eq!(header_value(&headers, &HOST).unwrap(), "one, two");
    }

    #[test]
    fn oversized_header_counts_as_absent() {
        let mut headers = HeaderMap::new();
        headers.insert(HOST, HeaderValue::try_from("a".repeat(MAX_HEADER_BYTES)).unwrap());
        assert!(first_value(&headers, &HOST).is_some() && header_value(&headers, &HOST).is_some());
        headers.append(HOST, HeaderValue::from_static("b"));
        assert!(header_value(&headers, &HOST).is_none(), "all fields count");
        headers.insert(HOST, HeaderValue::try_from("a".repeat(MAX_HEADER_BYTES + 1)).unwrap());
        assert!(first_value(&headers, &HOST).is_none());
        // An oversized token is refused, not ignored.
        headers.insert(AUTHORIZATION, headers[HOST].clone());
        assert!(header_value(&headers, &AUTHORIZATION).is_some());
    }
}
