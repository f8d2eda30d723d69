//! [`Metadata`]: what applications keep at users and organizations, a JSON object.

use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, ValueRef};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Metadata(Map<String, Value>);

impl Metadata {
    pub(crate) fn into_value(self) -> Value {
        Value::Object(self.0)
    }

    /// Merges `changes` as the API does: objects deeply, `null` removes a key, anything else replaces it.
    pub(crate) fn merge(&mut self, changes: &Self) {
        merge(&mut self.0, &changes.0);
    }
}

fn merge(target: &mut Map<String, Value>, changes: &Map<String, Value>) {
    for (key, change) in changes {
        match (target.get_mut(key), change) {
            (_, Value::Null) => {
                target.remove(key);
            }
            (Some(Value::Object(inner)), Value::Object(changes)) => merge(inner, changes),
            _ => {
                target.insert(key.clone(), change.clone());
            }
        }
    }
}

impl From<Map<String, Value>> for Metadata {
    fn from(object: Map<String, Value>) -> Self {
        Self(object)
    }
}

impl ToSql for Metadata {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        let text =
            serde_json::to_string(&self.0).map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?;
        Ok(text.into())
    }
}

impl FromSql for Metadata {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        serde_json::from_str(value.as_str()?).map_err(|error| FromSqlError::Other(error.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_merge_deeply_and_null_removes() {
        let read = |text: &str| serde_json::from_str::<Metadata>(text).unwrap();
        let mut kept = read(r#"{"a":{"b":1,"c":2},"d":[1],"e":true}"#);
        kept.merge(&read(r#"{"a":{"b":null,"x":3},"d":[2],"e":null,"f":{"g":null}}"#));
        assert_eq!(kept, read(r#"{"a":{"c":2,"x":3},"d":[2],"f":{"g":null}}"#));
    }
}
