//! [`Metadata`]: what applications keep at users and organizations, a JSON object.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::record::json_columns;

/// `Debug` shows the size only, because private metadata may hold anything.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Metadata(Map<String, Value>);

impl fmt::Debug for Metadata {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Metadata({} members)", self.0.len())
    }
}

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

json_columns!(Metadata);

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
