//! [`Addresses`]: the origins that this process has computed, by the fields that determine them.
//!
//! Most requests arrive under the same few addresses, so that their URL need not be parsed each time.

use std::sync::OnceLock;

use http::Version;
use http::request::Parts;

use super::fields::{Field, Fields};

/// The most addresses that are remembered. Further ones are computed for every request.
const MAX_ADDRESSES: usize = 4;

/// Origins by address.
#[derive(Debug, Default)]
pub(crate) struct Addresses([OnceLock<Address>; MAX_ADDRESSES]);

#[derive(Debug)]
struct Address {
    fields: AddressFields<Box<[u8]>>,
    origin: Box<str>,
}

/// Everything that [`PublicUrl`](super::PublicUrl) reads besides path and query string.
#[derive(Debug)]
struct AddressFields<T> {
    is_http2: bool,
    values: [Option<T>; 6],
}

impl Addresses {
    /// Returns the origin of a request's public URL, if it is remembered.
    pub(super) fn origin(&self, parts: &Parts, fields: &Fields<'_>) -> Option<&str> {
        self.0.first()?.get()?;
        let wanted = AddressFields::read(parts, fields)?;
        let known = self.0.iter().map_while(OnceLock::get);
        let mut same = known.filter(|address| wanted.is(&address.fields));
        same.next().map(|address| &*address.origin)
    }

    /// Remembers the origin of a request's public URL.
    pub(super) fn remember(&self, parts: &Parts, fields: &Fields<'_>, origin: &str) {
        let Some(wanted) = AddressFields::read(parts, fields) else {
            return;
        };
        for slot in &self.0 {
            let address = || Address {
                fields: wanted.to_owned(),
                origin: origin.into(),
            };
            if wanted.is(&slot.get_or_init(address).fields) {
                return;
            }
        }
    }
}

impl<'p> AddressFields<&'p [u8]> {
    /// Returns `None` if a field is repeated.
    fn read(parts: &'p Parts, fields: &Fields<'p>) -> Option<Self> {
        let uri = &parts.uri;
        Some(Self {
            is_http2: parts.version >= Version::HTTP_2,
            values: [
                uri.scheme_str().map(str::as_bytes),
                uri.authority().map(|authority| authority.as_str().as_bytes()),
                only(fields.host)?,
                only(fields.forwarded_host)?,
                only(fields.forwarded_proto)?,
                only(fields.forwarded_prefix)?,
            ],
        })
    }

    fn is(&self, other: &AddressFields<Box<[u8]>>) -> bool {
        let values = self.values.iter().zip(&other.values);
        self.is_http2 == other.is_http2 && values.into_iter().all(|(own, other)| *own == other.as_deref())
    }

    fn to_owned(&self) -> AddressFields<Box<[u8]>> {
        AddressFields {
            is_http2: self.is_http2,
            values: self.values.map(|value| value.map(Into::into)),
        }
    }
}

fn only(field: Field<'_>) -> Option<Option<&[u8]>> {
    match field {
        Field::Missing => Some(None),
        Field::Once(value) => Some(Some(value.as_bytes())),
        Field::Repeated => None,
    }
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    impl Addresses {
        fn find(&self, fields: &[(&str, &str)]) -> Option<&str> {
            let parts = parts(fields);
            self.origin(&parts, &Fields::read(&parts.headers))
        }

        fn keep(&self, fields: &[(&str, &str)], origin: &str) {
            let parts = parts(fields);
            self.remember(&parts, &Fields::read(&parts.headers), origin);
        }
    }

    fn parts(fields: &[(&str, &str)]) -> Parts {
        let mut request = Request::get("/cart?step=2");
        for (name, value) in fields {
            request = request.header(*name, *value);
        }
        request.body(()).unwrap().into_parts().0
    }

    #[test]
    fn origin_is_found_by_every_field_that_determines_it() {
        let addresses = Addresses::default();
        let fields = [
            ("host", "a"),
            ("x-forwarded-host", "b"),
            ("x-forwarded-proto", "https"),
            ("x-forwarded-prefix", "/c"),
        ];
        assert_eq!(addresses.find(&fields), None);
        addresses.keep(&fields, "https://b");
        assert_eq!(addresses.find(&fields), Some("https://b"));
        for changed in 0..fields.len() {
            let mut others = fields;
            others[changed].1 = "x";
            assert_eq!(addresses.find(&others), None, "{others:?}");
            let mut fewer = fields.to_vec();
            let removed = fewer.remove(changed);
            assert_eq!(addresses.find(&fewer), None, "{fewer:?}");
            let mut repeated = fields.to_vec();
            repeated.push(removed);
            assert_eq!(addresses.find(&repeated), None, "{repeated:?}");
        }
    }

    #[test]
    fn addresses_beyond_the_bound_are_not_remembered() {
        let addresses = Addresses::default();
        let hosts = ["a", "b", "a", "c", "d", "e"];
        for host in hosts {
            addresses.keep(&[("host", host)], host);
        }
        let found = hosts.map(|host| addresses.find(&[("host", host)]).map(str::to_owned));
        assert_eq!(
            found,
            [Some("a"), Some("b"), Some("a"), Some("c"), Some("d"), None].map(|origin| origin.map(str::to_owned))
        );
    }
}
