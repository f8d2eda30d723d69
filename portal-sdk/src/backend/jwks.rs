//! The answer of `GET /jwks`, read entry by entry: a malformed entry must not hide the others.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use jsonwebtoken::jwk::{Jwk, JwkSet};
use serde::Deserialize;
use serde_json::{Map, Value};

/// The members of an entry that verification needs (RFC 7517 section 4, RFC 7518 section 6.3). Others, such as `x5c`,
/// are not read, so that they cannot spoil a key.
const MEMBERS: [&str; 6] = ["kid", "kty", "use", "alg", "n", "e"];
/// How many malformed entries are remembered as logged.
const MAX_LOGGED: usize = 64;

/// A key set as Clerk answers it.
#[derive(Deserialize)]
pub(super) struct Answer {
    keys: Vec<Value>,
}

impl Answer {
    pub(super) fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// The well-formed entries. Malformed ones are skipped and logged once each.
    pub(super) fn into_key_set(self, skipped: &SkippedEntries) -> JwkSet {
        let read = |(index, entry)| match read(entry) {
            Ok(jwk) => Some(jwk),
            Err(problem) => {
                skipped.log_once(index, problem);
                None
            }
        };
        JwkSet {
            keys: self.keys.into_iter().enumerate().filter_map(read).collect(),
        }
    }
}

/// The malformed entries that have been logged.
#[derive(Debug, Default)]
pub(super) struct SkippedEntries {
    logged: Mutex<HashSet<Problem>>,
}

impl SkippedEntries {
    fn log_once(&self, index: usize, problem: Problem) {
        let mut logged = self.logged.lock().unwrap_or_else(PoisonError::into_inner);
        if logged.len() >= MAX_LOGGED || !logged.insert(problem.clone()) {
            return;
        }
        drop(logged);
        let Problem { key_id, text } = problem;
        tracing::warn!(index, key_id, problem = text, "an entry of the key set was skipped");
    }
}

/// The defect of an entry.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Problem {
    key_id: Option<String>,
    text: &'static str,
}

fn read(entry: Value) -> Result<Jwk, Problem> {
    let Value::Object(mut entry) = entry else {
        return Err(Problem {
            key_id: None,
            text: "expected a JSON object",
        });
    };
    let key_id = entry.get("kid").and_then(Value::as_str).map(str::to_owned);
    let problem = |text| Problem {
        key_id: key_id.clone(),
        text,
    };
    let members: Map<String, Value> = MEMBERS
        .into_iter()
        .filter_map(|name| Some((name.to_owned(), entry.remove(name)?)))
        .filter(|(_, value)| !value.is_null())
        .collect();
    if !members.values().all(Value::is_string) {
        return Err(problem("expected text for kid, kty, use, alg, n and e"));
    }
    if !members.contains_key("kid") {
        return Err(problem("expected a key id"));
    }
    serde_json::from_value(members.into()).map_err(|_| problem("expected a JSON Web Key"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn key_ids(keys: &Value) -> Vec<String> {
        let answer: Answer = serde_json::from_value(json!({ "keys": keys })).unwrap();
        let set = answer.into_key_set(&SkippedEntries::default());
        set.keys.into_iter().filter_map(|key| key.common.key_id).collect()
    }

    #[test]
    fn malformed_entries_are_skipped() {
        let good = json!({ "kid": "good", "kty": "RSA", "n": "AQ", "e": "AQAB" });
        for odd in [
            json!(null),
            json!(5),
            json!("text"),
            json!([]),
            json!({}),
            json!({ "kid": 5 }),
            json!({ "kid": "x", "kty": 5 }),
            json!({ "kid": "x", "kty": "RSA", "n": {}, "e": "AQAB" }),
            json!({ "kid": "x", "kty": "RSA", "n": "AQ", "e": "AQAB", "alg": ["RS256"] }),
            json!({ "kty": "RSA", "n": "AQ", "e": "AQAB" }),
        ] {
            assert_eq!(key_ids(&json!([odd, good])), ["good"], "{odd}");
            assert_eq!(key_ids(&json!([good, odd])), ["good"], "{odd}");
        }
    }

    #[test]
    fn members_that_verification_does_not_need_cannot_spoil_a_key() {
        let odd = json!({
            "kid": "good", "kty": "RSA", "n": "AQ", "e": "AQAB", "use": null, "alg": "RS256",
            "x5c": "text", "x5t": 5, "key_ops": "verify", "x5u": [], "ext": "?",
        });
        assert_eq!(key_ids(&json!([odd])), ["good"]);
    }

    #[test]
    fn keys_of_other_kinds_keep_their_key_id() {
        let keys = json!([
            { "kid": "oct", "kty": "oct", "k": "AQ" },
            { "kid": "ec", "kty": "EC", "crv": "P-256", "x": "AQ", "y": "AQ" },
            { "kid": "new", "kty": "LATTICE" },
            { "kid": "bare" },
        ]);
        assert_eq!(key_ids(&keys), ["oct", "ec", "new", "bare"]);
    }

    #[test]
    fn a_malformed_entry_is_logged_once() {
        let skipped = SkippedEntries::default();
        for _ in 0..3 {
            let answer: Answer = serde_json::from_value(json!({ "keys": [{ "kid": 5 }, { "kid": 6 }, 7] })).unwrap();
            let _ = answer.into_key_set(&skipped);
        }
        assert_eq!(skipped.logged.lock().unwrap().len(), 2);
    }
}
