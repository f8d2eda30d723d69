//! [`Header`]: the members of a token's header that the decision uses.

use std::fmt;

use serde::Deserialize;
use serde::de::{MapAccess, Visitor};
use serde_json::Value;

/// A token's header (RFC 7515 section 4). The last of several members with one name counts, as in JavaScript.
#[derive(Clone, Default)]
pub(super) struct Header {
    /// `kid`; `None` unless it is a string.
    pub(super) key_id: Option<Box<str>>,
    pub(super) algorithm: Option<Value>,
    pub(super) token_type: Option<Value>,
    pub(super) category: Option<Value>,
}

impl Header {
    /// Parses a header; returns `None` unless `json` is an object.
    pub(super) fn parse(json: &str) -> Option<Self> {
        serde_json::from_str(json).ok()
    }
}

#[derive(Deserialize)]
#[serde(field_identifier, rename_all = "lowercase")]
enum Member {
    Kid,
    Alg,
    Typ,
    Cat,
    #[serde(other)]
    Other,
}

impl<'de> Deserialize<'de> for Header {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(HeaderVisitor)
    }
}

struct HeaderVisitor;

impl<'de> Visitor<'de> for HeaderVisitor {
    type Value = Header;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a token's header")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Header, A::Error> {
        let mut header = Header::default();
        while let Some(member) = members.next_key()? {
            let value: Value = members.next_value()?;
            match member {
                Member::Kid => header.key_id = value.as_str().map(Into::into),
                Member::Alg => header.algorithm = Some(value),
                Member::Typ => header.token_type = Some(value),
                Member::Cat => header.category = Some(value),
                Member::Other => {}
            }
        }
        Ok(header)
    }
}
