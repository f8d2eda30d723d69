//! Header fields as Node reads them, because Clerk's SDK runs there.
//!
//! Bytes are Latin-1. Repeated fields are joined; of a field that HTTP allows once, the first one counts.

use std::borrow::Cow;

use http::header::{AUTHORIZATION, COOKIE};
use http::{HeaderMap, HeaderName, HeaderValue};

use crate::limits::{MAX_HEADER_BYTES, MAX_TOKEN_BYTES};

/// The most bytes of an oversized value that are decoded or joined. The number exceeds every limit, so the result is
/// still too large.
const ENOUGH_BYTES: usize = 2 * MAX_TOKEN_BYTES;

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
/// Returns `None` if they are missing or too large. An oversized `Authorization` must be refused, not ignored. At least
/// its start is therefore returned, which is too large for a token.
#[must_use]
pub fn header_value<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<Cow<'h, str>> {
    let (separator, max_bytes) = match *name {
        COOKIE => ("; ", usize::MAX),
        AUTHORIZATION => (", ", ENOUGH_BYTES),
        _ => (", ", MAX_HEADER_BYTES),
    };
    let may_be_cut = *name == AUTHORIZATION;
    let mut values = headers.get_all(name).iter();
    let first = values.next()?;
    let mut size = first.len();
    if size > max_bytes && !may_be_cut {
        return None;
    }
    let mut joined = None;
    for value in values {
        let joined = joined.get_or_insert_with(|| latin1(start(first, max_bytes)).into_owned());
        joined.push_str(separator);
        size += value.len();
        match size > max_bytes {
            false => joined.push_str(&latin1(value.as_bytes())),
            true if may_be_cut => break,
            true => return None,
        }
    }
    Some(joined.map_or_else(|| latin1(first.as_bytes()), Cow::Owned))
}

fn start(value: &HeaderValue, max_bytes: usize) -> &[u8] {
    &value.as_bytes()[..value.len().min(max_bytes)]
}

/// Decodes Latin-1. Of a text that is not ASCII, at most [`ENOUGH_BYTES`] are decoded.
pub(super) fn latin1(bytes: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) if text.is_ascii() => Cow::Borrowed(text),
        _ => bytes
            .iter()
            .take(ENOUGH_BYTES)
            .copied()
            .map(char::from)
            .collect::<String>()
            .into(),
    }
}

#[cfg(test)]
mod tests {
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

    #[test]
    fn work_for_an_oversized_value_is_bounded() {
        let text = |len| HeaderValue::try_from("a".repeat(len)).unwrap();
        let mut headers = HeaderMap::new();
        for _ in 0..100 {
            headers.append(AUTHORIZATION, text(MAX_TOKEN_BYTES));
            headers.append(HOST, text(MAX_TOKEN_BYTES));
        }
        let joined = header_value(&headers, &AUTHORIZATION).unwrap();
        assert!(
            (MAX_TOKEN_BYTES + 1..=ENOUGH_BYTES + 4).contains(&joined.len()),
            "{}",
            joined.len()
        );
        assert!(header_value(&headers, &HOST).is_none());
        // The second field is never hidden by the size of the first one.
        let mut headers = HeaderMap::new();
        headers.append(AUTHORIZATION, text(10 * MAX_TOKEN_BYTES));
        headers.append(AUTHORIZATION, text(1));
        let joined = header_value(&headers, &AUTHORIZATION).unwrap();
        assert!(joined.len() == ENOUGH_BYTES + 2 && joined.ends_with("a, "));
        // Other characters than ASCII take two bytes in UTF-8.
        assert_eq!(latin1(&vec![0xe9; 10 * MAX_TOKEN_BYTES]).len(), 2 * ENOUGH_BYTES);
        assert_eq!(latin1(&vec![b'a'; 10 * MAX_TOKEN_BYTES]).len(), 10 * MAX_TOKEN_BYTES);
    }
}
