//! [`Payload`]: a token's claims that the decision uses, parsed once.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{MapAccess, SeqAccess, Visitor};
use serde_json::Value;

use super::{SessionId, SessionStatus, UserId};

/// The claims of one token. The last of several claims with one name counts, as in JavaScript.
#[derive(Clone, Default)]
pub(super) struct Payload {
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
        serde_json::from_str(json).ok()
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
            match claim {
                Claim::Sub => payload.user_id = text(&mut claims)?.map(|id| (*id).into()),
                Claim::Sid => payload.session_id = text(&mut claims)?.map(|id| (*id).into()),
                Claim::Sts => payload.status = text(&mut claims)?.and_then(|word| SessionStatus::parse(&word)),
                Claim::Iss => payload.issuer = Some(claims.next_value()?),
                Claim::Azp => payload.authorized_party = Some(claims.next_value()?),
                Claim::Aud => payload.audience = Some(claims.next_value()?),
                Claim::Exp => payload.expires_at = Some(claims.next_value()?),
                Claim::Nbf => payload.not_before = Some(claims.next_value()?),
                Claim::Iat => payload.issued_at = Some(claims.next_value()?),
                Claim::Other => drop(text(&mut claims)?),
            }
        }
        Ok(payload)
    }
}

/// Reads a claim; returns `None` unless it is a string.
fn text<'de, A: MapAccess<'de>>(claims: &mut A) -> Result<Option<Cow<'de, str>>, A::Error> {
    claims.next_value().map(|Text(text)| text)
}

/// The text of a string; `None` for other values. Unlike `IgnoredAny`, it accepts exactly the JSON that `Value` accepts.
struct Text<'de>(Option<Cow<'de, str>>);

impl<'de> Deserialize<'de> for Text<'de> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TextVisitor)
    }
}

struct TextVisitor;

impl<'de> Visitor<'de> for TextVisitor {
    type Value = Text<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Text(Some(text.into())))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Text(Some(text.to_owned().into())))
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Text(None))
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Ok(Text(None))
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
        Ok(Text(None))
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
        Ok(Text(None))
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
        Ok(Text(None))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        while items.next_element::<Text<'_>>()?.is_some() {}
        Ok(Text(None))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
        while members.next_entry::<Text<'_>, Text<'_>>()?.is_some() {}
        Ok(Text(None))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Map;

    use super::*;

    #[test]
    fn last_claim_of_a_name_counts() {
        let payload = Payload::parse(r#"{"sub":"a","exp":1,"sub":5,"exp":"x","exp":null}"#).unwrap();
        assert_eq!(payload.user_id, None);
        assert_eq!(payload.expires_at, Some(Value::Null));
        let again = Payload::parse(r#"{"sub":5,"s\u0075b":"user_1"}"#).unwrap();
        assert_eq!(again.user_id.unwrap(), "user_1");
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
            let map = serde_json::from_str::<Map<String, Value>>(text);
            assert_eq!(Payload::parse(text).is_some(), map.is_ok(), "{text}");
        }
    }
}
