//! Deserializes a token's claims into an application's type.

use std::cell::OnceCell;

use serde::de::{DeserializeOwned, Deserializer, Visitor};
use serde::forward_to_deserialize_any;
use serde_json::de::{Deserializer as Json, StrRead};

/// Deserializes claims from their JSON, which is an object: it was parsed before.
pub(super) fn from_claims<T: DeserializeOwned>(json: impl FnOnce() -> String) -> Result<T, serde_json::Error> {
    let kept = OnceCell::new();
    T::deserialize(Claims { json, kept: &kept })
}

/// Like serde_json's deserializer, but asks for no JSON if the type ignores all claims.
struct Claims<'de, J> {
    json: J,
    kept: &'de OnceCell<String>,
}

impl<'de, J: FnOnce() -> String> Claims<'de, J> {
    fn read(self) -> Json<StrRead<'de>> {
        Json::from_str(self.kept.get_or_init(self.json))
    }
}

impl<'de, J: FnOnce() -> String> Deserializer<'de> for Claims<'de, J> {
    type Error = serde_json::Error;

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        visitor.visit_unit()
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        self.read().deserialize_any(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        self.read().deserialize_option(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        self.read().deserialize_newtype_struct(name, visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        self.read().deserialize_enum(name, variants, visitor)
    }

    // An object is an object for every other type: a type that expects something else fails in the same way.
    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple
        tuple_struct map struct identifier
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;
    use std::collections::BTreeMap;
    use std::fmt::Debug;
    use std::marker::PhantomData;

    use serde::Deserialize;
    use serde::de::IgnoredAny;
    use serde_json::Value;

    use super::*;

    #[derive(Debug, PartialEq, Deserialize)]
    struct Team {
        team: Option<String>,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    struct Wrapped(Team);

    #[derive(Debug, PartialEq, Deserialize)]
    enum Plan {
        #[serde(rename = "pro")]
        Pro(u8),
    }

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(untagged)]
    enum Any {
        Team { team: String },
        Other {},
    }

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Strict {
        team: Option<String>,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    struct Flat {
        #[serde(flatten)]
        team: Team,
        #[serde(flatten)]
        rest: BTreeMap<String, Value>,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(tag = "team", rename_all = "lowercase")]
    enum Tagged {
        Red { fva: Vec<i8> },
    }

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(tag = "team", content = "fva", rename_all = "lowercase")]
    enum Adjacent {
        Red(i8, i8),
    }

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(transparent)]
    struct Transparent(BTreeMap<String, IgnoredAny>);

    #[derive(Debug, PartialEq, Deserialize)]
    struct Unit;

    #[derive(Debug, PartialEq, Deserialize)]
    struct Nothing {}

    #[derive(Debug, PartialEq, Deserialize)]
    struct Pair(u8, u8);

    fn is_read_as_by_serde_json<T: DeserializeOwned + Debug + PartialEq>() {
        for json in [
            "{}",
            r#"{"team":"red","fva":[1,-1]}"#,
            r#"{"fva":[1,-1],"team":"red"}"#,
            r#"{"team":"red","team":"blue"}"#,
            r#"{"big":170141183460469231731687303715884105727}"#,
            r#"{"team":null}"#,
            r#"{"pro":3}"#,
        ] {
            match (from_claims::<T>(|| json.to_owned()), serde_json::from_str::<T>(json)) {
                (Ok(claims), Ok(expected)) => assert_eq!(claims, expected, "{json}"),
                (Err(found), Err(expected)) => assert_eq!(problem(&found), problem(&expected), "{json}"),
                (found, expected) => panic!("{json}: {found:?}, expected {expected:?}"),
            }
        }
    }

    /// The text without the position, which differs for types that fit no object.
    fn problem(error: &serde_json::Error) -> String {
        let text = error.to_string();
        text.split_once(" at line")
            .map_or(&*text, |(problem, _)| problem)
            .to_owned()
    }

    #[test]
    fn json_is_not_read_for_a_type_that_ignores_claims() {
        let claims = from_claims::<IgnoredAny>(|| panic!("expected no call"));
        assert!(claims.is_ok());
    }

    #[test]
    fn claims_are_read_as_by_serde_json() {
        is_read_as_by_serde_json::<Team>();
        is_read_as_by_serde_json::<Wrapped>();
        is_read_as_by_serde_json::<Option<Team>>();
        is_read_as_by_serde_json::<Plan>();
        is_read_as_by_serde_json::<Any>();
        is_read_as_by_serde_json::<Value>();
        is_read_as_by_serde_json::<BTreeMap<String, Value>>();
        is_read_as_by_serde_json::<IgnoredAny>();
        is_read_as_by_serde_json::<()>();
        is_read_as_by_serde_json::<Vec<u8>>();
        is_read_as_by_serde_json::<String>();
        is_read_as_by_serde_json::<(u8, u8)>();
        is_read_as_by_serde_json::<Strict>();
        is_read_as_by_serde_json::<Flat>();
        is_read_as_by_serde_json::<Tagged>();
        is_read_as_by_serde_json::<Adjacent>();
        is_read_as_by_serde_json::<Transparent>();
        is_read_as_by_serde_json::<Unit>();
        is_read_as_by_serde_json::<Nothing>();
        is_read_as_by_serde_json::<Pair>();
        is_read_as_by_serde_json::<Box<Team>>();
        is_read_as_by_serde_json::<Option<Option<Team>>>();
        is_read_as_by_serde_json::<Option<IgnoredAny>>();
        is_read_as_by_serde_json::<PhantomData<Team>>();
        is_read_as_by_serde_json::<BTreeMap<String, Option<i128>>>();
        is_read_as_by_serde_json::<BTreeMap<Cow<'static, str>, IgnoredAny>>();
        is_read_as_by_serde_json::<bool>();
        is_read_as_by_serde_json::<char>();
        is_read_as_by_serde_json::<f32>();
        is_read_as_by_serde_json::<[u8; 2]>();
    }
}
