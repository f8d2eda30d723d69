//! The reader of any cookie, over bytes.

use http::HeaderMap;
use http::header::COOKIE;
use memchr::memchr;

/// Iterates over a request's cookies as sent: every pair of every `Cookie` field, in order.
///
/// HTTP/2 clients may split the field (RFC 9113 section 8.2.3), so all fields are read. Names and values are bytes, so
/// that a non-ASCII cookie hides no other. A pair without `=` is skipped. Values are neither decoded nor unquoted.
///
/// ```
/// use http::{HeaderMap, HeaderValue};
/// use portal_sdk::request::cookies;
///
/// let mut headers = HeaderMap::new();
/// headers.append("cookie", HeaderValue::from_bytes(b"name=Jos\xc3\xa9; theme=dark")?);
/// headers.append("cookie", HeaderValue::from_static("lang=en"));
/// let names: Vec<&[u8]> = cookies(&headers).map(|(name, _)| name).collect();
/// assert_eq!(names, [&b"name"[..], b"theme", b"lang"]);
/// # Ok::<(), http::header::InvalidHeaderValue>(())
/// ```
pub fn cookies(headers: &HeaderMap) -> impl Iterator<Item = (&[u8], &[u8])> {
    let fields = headers.get_all(COOKIE).iter();
    fields.flat_map(|field| pairs(field.as_bytes()))
}

fn pairs(field: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    field.split(|byte| *byte == b';').filter_map(|pair| {
        let equals = memchr(b'=', pair)?;
        Some((trim(&pair[..equals]), trim(&pair[equals + 1..])))
    })
}

fn trim(text: &[u8]) -> &[u8] {
    trim_end(trim_start(text))
}

/// Iterates over the values of the cookies named `name`, in order. Values that are not ASCII are skipped.
pub fn cookie_values<'h>(headers: &'h HeaderMap, name: &str) -> impl Iterator<Item = &'h str> {
    cookies(headers)
        .filter(move |(found, _)| *found == name.as_bytes())
        .filter(|(_, value)| value.is_ascii())
        .filter_map(|(_, value)| std::str::from_utf8(value).ok())
}

/// Strips spaces and tabs in front of `text` (RFC 9110 section 5.6.3).
pub(super) fn trim_start(mut text: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] = text {
        text = rest;
    }
    text
}

/// Strips spaces and tabs after `text`.
pub(super) fn trim_end(mut text: &[u8]) -> &[u8] {
    while let [rest @ .., b' ' | b'\t'] = text {
        text = rest;
    }
    text
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn headers(fields: &[&[u8]]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for field in fields {
            headers.append(COOKIE, HeaderValue::from_bytes(field).unwrap());
        }
        headers
    }

    fn values(fields: &[&[u8]]) -> Vec<String> {
        cookie_values(&headers(fields), "a").map(str::to_owned).collect()
    }

    #[test]
    fn non_ascii_cookie_hides_no_other_cookie() {
        for odd in ["name=José", "José=x", "name=\u{65e5}\u{672c}", "é"] {
            for field in [format!("{odd}; a=1"), format!("a=1; {odd}"), format!("{odd};a=1;{odd}")] {
                assert_eq!(values(&[field.as_bytes()]), ["1"], "{field}");
            }
        }
        assert_eq!(values(&[b"\xff\xfe=\x80; a=1"]), ["1"]);
    }

    #[test]
    fn unreadable_value_is_skipped() {
        assert_eq!(values(&["a=é; a=1".as_bytes()]), ["1"]);
        assert!(values(&["a=é".as_bytes()]).is_empty());
    }

    #[test]
    fn every_cookie_field_is_read() {
        assert_eq!(values(&[b"a=1", b"b=2; a=3", b"", b"a=4"]), ["1", "3", "4"]);
        assert_eq!(values(&["name=José".as_bytes(), b"a=1"]), ["1"]);
    }

    #[test]
    fn malformed_pairs_are_read_as_browsers_write_them() {
        for (field, expected) in [
            ("a=1=2", vec!["1=2"]),
            ("a=\"q\"", vec!["\"q\""]),
            (" a = 1 ;", vec!["1"]),
            ("\ta\t=\t1\t", vec!["1"]),
            ("a=", vec![""]),
            ("a", vec![]),
            ("=a", vec![]),
            (";;=;", vec![]),
            ("A=1", vec![]),
            ("a=1, a=2", vec!["1, a=2"]),
        ] {
            assert_eq!(values(&[field.as_bytes()]), expected, "{field:?}");
        }
    }
}
