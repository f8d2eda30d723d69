//! Header fields as Node reads them, because Clerk's own SDK does: bytes are Latin-1, and repeated fields are joined or,
//! where HTTP allows one only, the first one counts.

use std::borrow::Cow;

use http::{HeaderMap, HeaderName};

/// The first field named `name`; for fields that may stand once, such as `Host` and `Referer`.
/// `None` if it is absent or empty.
pub(super) fn first_value<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<Cow<'h, str>> {
    headers
        .get(name)
        .map(|value| latin1(value.as_bytes()))
        .filter(|text| !text.is_empty())
}

/// All fields named `name`, joined by `, ` (by `; ` for `Cookie`, RFC 9113 section 8.2.3). `None` if there is none.
pub(super) fn joined_values<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<Cow<'h, str>> {
    let mut values = headers.get_all(name).iter();
    let first = latin1(values.next()?.as_bytes());
    let separator = if name == http::header::COOKIE { "; " } else { ", " };
    Some(values.fold(first, |joined, value| {
        Cow::Owned(joined.into_owned() + separator + &latin1(value.as_bytes()))
    }))
}

/// Each byte is the character of the same number.
pub(super) fn latin1(bytes: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) if text.is_ascii() => Cow::Borrowed(text),
        _ => bytes.iter().copied().map(char::from).collect::<String>().into(),
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use http::header::{COOKIE, HOST};

    use super::*;

    #[test]
    fn fields_are_joined_as_latin_1() {
        let mut headers = HeaderMap::new();
        headers.append(COOKIE, HeaderValue::from_static("a=1"));
        headers.append(COOKIE, HeaderValue::from_bytes(b"b=\xe9").unwrap());
        headers.append(HOST, HeaderValue::from_static("one"));
        headers.append(HOST, HeaderValue::from_static("two"));
        assert_eq!(joined_values(&headers, &COOKIE).unwrap(), "a=1; b=é");
        assert_eq!(first_value(&headers, &HOST).unwrap(), "one");
        assert_eq!(joined_values(&headers, &HOST).unwrap(), "one, two");
    }
}
