//! [`Fields`]: the header fields that the decision reads, found in one pass.

use std::borrow::Cow;

use http::{HeaderMap, HeaderName, HeaderValue};

use super::headers::{header_value, latin1};
use crate::limits::MAX_HEADER_BYTES;

/// The fields of one name.
#[derive(Clone, Copy, Default)]
pub(super) enum Field<'r> {
    #[default]
    Missing,
    Once(&'r HeaderValue),
    Repeated,
}

/// The fields of a request that most decisions read. One pass is faster than a look-up of each name.
#[derive(Clone, Copy, Default)]
pub(super) struct Fields<'r> {
    pub(super) accept: Field<'r>,
    pub(super) authorization: Field<'r>,
    pub(super) cookie: Field<'r>,
    pub(super) host: Field<'r>,
    pub(super) origin: Field<'r>,
    pub(super) referer: Field<'r>,
    pub(super) sec_fetch_dest: Field<'r>,
    pub(super) forwarded_host: Field<'r>,
    pub(super) forwarded_prefix: Field<'r>,
    pub(super) forwarded_proto: Field<'r>,
}

impl<'r> Fields<'r> {
    pub(super) fn read(headers: &'r HeaderMap) -> Self {
        let mut fields = Self::default();
        for (name, value) in headers {
            let field = match name.as_str() {
                "accept" => &mut fields.accept,
                "authorization" => &mut fields.authorization,
                "cookie" => &mut fields.cookie,
                "host" => &mut fields.host,
                "origin" => &mut fields.origin,
                "referer" => &mut fields.referer,
                "sec-fetch-dest" => &mut fields.sec_fetch_dest,
                "x-forwarded-host" => &mut fields.forwarded_host,
                "x-forwarded-prefix" => &mut fields.forwarded_prefix,
                "x-forwarded-proto" => &mut fields.forwarded_proto,
                _ => continue,
            };
            *field = match field {
                Field::Missing => Field::Once(value),
                Field::Once(_) | Field::Repeated => Field::Repeated,
            };
        }
        fields
    }
}

impl<'r> Field<'r> {
    /// Returns the same as [`header_value`] for the field's `name`.
    pub(super) fn value(self, headers: &'r HeaderMap, name: &HeaderName) -> Option<Cow<'r, str>> {
        match self {
            Self::Missing => None,
            Self::Once(value) if value.len() <= MAX_HEADER_BYTES => Some(latin1(value.as_bytes())),
            Self::Once(_) | Self::Repeated => header_value(headers, name),
        }
    }

    pub(super) fn is_missing(self) -> bool {
        matches!(self, Self::Missing)
    }
}

#[cfg(test)]
mod tests {
    use http::header::{AUTHORIZATION, ORIGIN};

    use super::*;

    #[test]
    fn field_has_the_value_that_its_header_has() {
        for len in [0, 1, MAX_HEADER_BYTES, MAX_HEADER_BYTES + 1] {
            for name in [ORIGIN, AUTHORIZATION] {
                let mut headers = HeaderMap::new();
                for _ in 0..3 {
                    headers.append(&name, "a".repeat(len).parse().unwrap());
                    let fields = Fields::read(&headers);
                    let field = if name == ORIGIN {
                        fields.origin
                    } else {
                        fields.authorization
                    };
                    assert_eq!(
                        field.value(&headers, &name),
                        header_value(&headers, &name),
                        "{name} {len}"
                    );
                    assert!(!field.is_missing());
                }
            }
        }
        let headers = HeaderMap::new();
        assert!(Fields::read(&headers).origin.is_missing());
        assert_eq!(Fields::read(&headers).origin.value(&headers, &ORIGIN), None);
    }
}
