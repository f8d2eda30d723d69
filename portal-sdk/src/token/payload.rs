//! [`Payload`]: a token's claims as JSON text, and those that the decision uses, parsed once.
//!
//! Cached tokens keep the text, because a map of the claims takes several times its memory.

use std::fmt;

use serde::Deserialize;
use serde::de::{MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use super::{SessionId, SessionStatus, UserId};

/// The claims of one token. The last of several claims with one name counts, as in JavaScript.
#[derive(Clone, Default)]
pub(super) struct Payload {
    json: Box<str>,
    /// `sub`; `None` unless it is a string.
    pub(super) user_id: Option<UserId>,
    /// `sid`; `None` unless it is a string.
    pub(super) session_id: Option<SessionId>,
    /// `sts`; `None` unless it is a known status.
    pub(super) status: Option<SessionStatus>,
    pub(super) issuer: Option<Value>,
    pub(super) authorized_party: Option<Value>,
    pub(super) audience: Option<Value>,
    pub(super) expires_at: Option<Value>,
    pub(super) not_before: Option<Value>,
    pub(super) issued_at: Option<Value>,
}

impl Payload {
    /// Parses the claims; returns `None` unless `json` is an object.
    pub(super) fn parse(json: &str) -> Option<Self> {
        let payload: Self = serde_json::from_str(json).ok()?;
        Some(Self {
            json: json.into(),
            ..payload
        })
    }

    /// Returns all claims.
    pub(super) fn to_map(&self) -> Map<String, Value> {
        // Cannot fail, because `parse` has accepted the text.
        serde_json::from_str(&self.json).unwrap_or_default()
    }

    pub(super) fn json(&self) -> &str {
        &self.json
    }
}

/// The claims that are parsed when a token is decoded.
#[derive(Deserialize)]
#[serde(field_identifier, rename_all = "lowercase")]
enum Claim {
    Sub,
    Sid,
    Sts,
    Iss,
    Azp,
    Aud,
    Exp,
    Nbf,
    Iat,
    #[serde(other)]
    Other,
}

impl<'de> Deserialize<'de> for Payload {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ClaimsVisitor)
    }
}

struct ClaimsVisitor;

impl<'de> Visitor<'de> for ClaimsVisitor {
    type Value = Payload;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of claims")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut claims: A) -> Result<Payload, A::Error> {
        let mut payload = Payload::default();
        while let Some(claim) = claims.next_key()? {
            if let Claim::Other = claim {
                claims.next_value::<Skipped>()?;
                continue;
            }
            let value: Value = claims.next_value()?;
            match claim {
                Claim::Sub => payload.user_id = value.as_str().map(Into::into),
                Claim::Sid => payload.session_id = value.as_str().map(Into::into),
                Claim::Sts => payload.status = value.as_str().and_then(SessionStatus::parse),
                Claim::Iss => payload.issuer = Some(value),
                Claim::Azp => payload.authorized_party = Some(value),
                Claim::Aud => payload.audience = Some(value),
                Claim::Exp => payload.expires_at = Some(value),
                Claim::Nbf => payload.not_before = Some(value),
                Claim::Iat => payload.issued_at = Some(value),
                Claim::Other => {}
            }
        }
        Ok(payload)
    }
}

/// A claim that is read but not kept. Unlike `IgnoredAny`, it accepts exactly the JSON that `to_map` accepts.
struct Skipped;

impl<'de> Deserialize<'de> for Skipped {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Self)
    }
}

impl<'de> Visitor<'de> for Skipped {
    type Value = Self;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_str<E>(self, _: &str) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self, A::Error> {
        while items.next_element::<Self>()?.is_some() {}
        Ok(self)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self, A::Error> {
        while members.next_entry::<Self, Self>()?.is_some() {}
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn last_claim_of_a_name_counts() {
        let payload = Payload::parse(r#"{"sub":"a","exp":1,"sub":5,"exp":"x","exp":null}"#).unwrap();
        assert_eq!(payload.user_id, None);
        assert_eq!(payload.expires_at, Some(Value::Null));
        let again = Payload::parse(r#"{"sub":5,"s\u0075b":"user_1"}"#).unwrap();
        assert_eq!(again.user_id.unwrap(), "user_1");
        assert_eq!(
            Value::Object(Payload::parse(r#"{"a":1,"a":2}"#).unwrap().to_map()),
            json!({ "a": 2 })
        );
    }

    #[test]
    fn payload_is_accepted_exactly_if_it_is_a_json_object() {
        let deep = format!("{{\"a\":{}{}}}", "[".repeat(200), "]".repeat(200));
        for text in [
            "",
            "null",
            "1",
            "[]",
            "\"{}\"",
            "{",
            "{}}",
            "{\"a\":1e999}",
            "{\"a\":\"\\ud800\"}",
            "{a:1}",
            "{\"a\":01}",
            "{}",
            " {} ",
            "{\"a\":{\"b\":[1,2.5,null]}}",
            &deep,
        ] {
            let map = serde_json::from_str::<Map<String, Value>>(text).ok();
            assert_eq!(Payload::parse(text).map(|payload| payload.to_map()), map, "{text}");
        }
    }
}
