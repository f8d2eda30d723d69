//! JSON bodies of requests, read strictly: a repeated field is refused, not dropped.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value, json};

/// Reads a body. An empty body and `null` are an empty object.
pub(crate) fn parse_body(bytes: &[u8]) -> serde_json::Result<Value> {
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Ok(json!({}));
    }
    match serde_json::from_slice(bytes)? {
        Strict(Value::Null) => Ok(json!({})),
        Strict(value) => Ok(value),
    }
}

/// A value whose fields, and those of a list's objects, are unique. The caller checks their values.
struct Strict(Value);

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(StrictVisitor)
    }
}

struct StrictVisitor;

impl<'de> Visitor<'de> for StrictVisitor {
    type Value = Strict;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON value")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Strict, A::Error> {
        let mut fields = Map::new();
        while let Some((name, value)) = access.next_entry::<String, Value>()? {
            if fields.contains_key(&name) {
                return Err(A::Error::custom(format!("duplicate field `{name}`")));
            }
            fields.insert(name, value);
        }
        Ok(Strict(Value::Object(fields)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Strict, A::Error> {
        let mut items = Vec::new();
        while let Some(Strict(item)) = access.next_element()? {
            items.push(item);
        }
        Ok(Strict(Value::Array(items)))
    }

    fn visit_unit<E: Error>(self) -> Result<Strict, E> {
        Ok(Strict(Value::Null))
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Strict, E> {
        Ok(Strict(value.into()))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Strict, E> {
        Ok(Strict(value.into()))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Strict, E> {
        Ok(Strict(value.into()))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Strict, E> {
        Ok(Strict(value.into()))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Strict, E> {
        Ok(Strict(value.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_body_and_null_are_an_empty_object() {
        for body in ["", " \r\n", "null", " null "] {
            assert_eq!(parse_body(body.as_bytes()).unwrap(), json!({}), "{body:?}");
        }
    }

    #[test]
    fn body_is_read_as_it_is() {
        for body in [
            r#"{"a":{"b":[1,-1,1.5,"x",true,null]},"c":null}"#,
            r#"[{"a":1},[],2]"#,
            "7",
            r#""x""#,
        ] {
            assert_eq!(parse_body(body.as_bytes()).unwrap().to_string(), body);
        }
    }

    #[test]
    fn repeated_field_is_refused() {
        for body in [r#"{"a":1,"a":1}"#, r#"[{"a":1},{"a":1,"a":2}]"#, "{}{}", "{"] {
            assert!(parse_body(body.as_bytes()).is_err(), "{body}");
        }
    }
}
