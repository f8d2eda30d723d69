//! [`KeySet`]: an instance's keys, read entry by entry, because a malformed entry must not hide the others.

use std::collections::HashMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::VerifyingKey;
use crate::limits::MAX_KEYS;

/// The members of an entry that verification needs (RFC 7517 section 4, RFC 7518 section 6.3.1). Others, such as `x5c`,
/// are not read, so that they cannot spoil a key.
#[derive(Deserialize)]
pub(super) struct Jwk {
    kid: Option<String>,
    pub(super) kty: Option<String>,
    #[serde(rename = "use")]
    pub(super) public_key_use: Option<String>,
    pub(super) alg: Option<String>,
    pub(super) n: Option<String>,
    pub(super) e: Option<String>,
}

impl Jwk {
    fn to_json(&self, key_id: &str) -> Value {
        let members = [
            ("kid", Some(key_id)),
            ("kty", self.kty.as_deref()),
            ("use", self.public_key_use.as_deref()),
            ("alg", self.alg.as_deref()),
            ("n", self.n.as_deref()),
            ("e", self.e.as_deref()),
        ];
        let present = members
            .into_iter()
            .filter_map(|(name, text)| Some((name, text?.into())));
        Value::Object(
            present
                .map(|(name, text): (&str, Value)| (name.to_owned(), text))
                .collect(),
        )
    }
}

/// An instance's signing keys by key id, parsed once.
///
/// ```
/// use portal_sdk::key::KeySet;
///
/// let answer = serde_json::json!({ "keys": [{ "kid": "ins_1", "kty": "RSA", "use": "sig", "n": "…", "e": "AQAB" }] });
/// let keys = KeySet::from_json(&answer);
/// assert!(keys.contains("ins_1"));
/// ```
#[derive(Clone, Debug, Default)]
pub struct KeySet {
    /// `None`: the key exists but cannot check session tokens.
    keys: HashMap<Box<str>, Option<VerifyingKey>>,
    /// The public members of the entries, to write them again.
    jwks: Vec<Value>,
}

/// A key as [`KeySet::find`] finds it.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Lookup<'k> {
    /// The key checks session tokens.
    Usable(&'k VerifyingKey),
    /// The key exists but cannot check session tokens.
    Unusable,
    /// No key has this id.
    Unknown,
}

/// An entry of a key set that was skipped, and its defect.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct SkippedEntry {
    pub(crate) key_id: Option<String>,
    pub(crate) problem: &'static str,
}

impl KeySet {
    /// Reads a JWK set (RFC 7517 section 5), as `GET /v1/jwks` returns it.
    ///
    /// Malformed entries, entries without a key id and those after the first [`MAX_KEYS`] are skipped. Of two keys with
    /// one id, the usable one counts; of two usable ones the last.
    #[must_use]
    pub fn from_json(jwks: &Value) -> Self {
        let entries = jwks.get("keys").and_then(Value::as_array);
        Self::from_entries(entries.cloned().unwrap_or_default(), |_, _| {})
    }

    /// Reads entries like [`from_json`](Self::from_json), and calls `skipped` with the position and defect of each
    /// skipped one.
    pub(crate) fn from_entries(entries: Vec<Value>, mut skipped: impl FnMut(usize, SkippedEntry)) -> Self {
        let mut keys: HashMap<Box<str>, Option<VerifyingKey>> = HashMap::new();
        let mut jwks = Vec::new();
        for (index, entry) in entries.into_iter().enumerate() {
            if jwks.len() == MAX_KEYS {
                let problem = "expected at most 64 keys; this one and those after it are not read";
                skipped(index, SkippedEntry { key_id: None, problem });
                break;
            }
            let (key_id, jwk) = match read(&entry) {
                Ok(read) => read,
                Err(entry) => {
                    skipped(index, entry);
                    continue;
                }
            };
            jwks.push(jwk.to_json(&key_id));
            let known = keys.entry(key_id.into()).or_default();
            if let Some(key) = VerifyingKey::from_jwk(&jwk) {
                *known = Some(key);
            }
        }
        Self { keys, jwks }
    }

    /// Returns the keys as a JWK set (RFC 7517 section 5), which [`from_json`](Self::from_json) reads again.
    ///
    /// ```
    /// use portal_sdk::key::KeySet;
    ///
    /// let jwks = serde_json::json!({ "keys": [{ "kid": "ins_1", "kty": "RSA", "use": "sig", "n": "…", "e": "AQAB" }] });
    /// assert_eq!(KeySet::from_json(&jwks).to_json(), jwks);
    /// ```
    ///
    /// The entries have only the public members `kid`, `kty`, `use`, `alg`, `n` and `e`.
    #[must_use]
    pub fn to_json(&self) -> Value {
        json!({ "keys": self.jwks })
    }

    /// Returns `true` if there are no keys.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// The number of keys that verify tokens.
    pub(crate) fn usable(&self) -> usize {
        self.keys.values().flatten().count()
    }

    /// Returns `true` if one of the keys is `key`.
    #[cfg(feature = "http-client")]
    pub(crate) fn has_key(&self, key: &VerifyingKey) -> bool {
        self.keys.values().flatten().any(|known| known == key)
    }

    /// Returns `true` if `other` has one of the keys under the same id.
    #[cfg(feature = "http-client")]
    pub(crate) fn shares_key_with(&self, other: &Self) -> bool {
        self.keys
            .iter()
            .any(|(key_id, key)| key.is_some() && other.keys.get(key_id) == Some(key))
    }

    /// Returns `true` if a key has this id, usable or not.
    #[must_use]
    pub fn contains(&self, key_id: &str) -> bool {
        self.keys.contains_key(key_id)
    }

    /// Returns the ids that `other` lacks.
    pub(crate) fn missing_in(&self, other: &Self) -> Vec<Box<str>> {
        let key_ids = self.keys.keys();
        key_ids.filter(|key_id| !other.contains(key_id)).cloned().collect()
    }

    pub(crate) fn find(&self, key_id: &str) -> Lookup<'_> {
        match self.keys.get(key_id) {
            Some(Some(key)) => Lookup::Usable(key),
            Some(None) => Lookup::Unusable,
            None => Lookup::Unknown,
        }
    }

    /// The key ids in alphabetical order, joined by commas.
    pub(crate) fn key_ids(&self) -> Box<str> {
        let mut key_ids: Vec<&str> = self.keys.keys().map(AsRef::as_ref).collect();
        key_ids.sort_unstable();
        key_ids.join(", ").into()
    }
}

fn read(entry: &Value) -> Result<(String, Jwk), SkippedEntry> {
    let skipped = |problem| SkippedEntry {
        key_id: entry.get("kid").and_then(Value::as_str).map(str::to_owned),
        problem,
    };
    if !entry.is_object() {
        return Err(skipped("expected a JSON object"));
    }
    let mut jwk = Jwk::deserialize(entry).map_err(|_| skipped("expected text for kid, kty, use, alg, n and e"))?;
    let key_id = jwk.kid.take().ok_or_else(|| skipped("expected a key id"))?;
    Ok((key_id, jwk))
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    use super::*;

    fn key_ids(keys: &Value) -> Box<str> {
        KeySet::from_json(&json!({ "keys": keys })).key_ids()
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
            assert_eq!(&*key_ids(&json!([odd, good])), "good", "{odd}");
            assert_eq!(&*key_ids(&json!([good, odd])), "good", "{odd}");
        }
    }

    #[test]
    fn malformed_optional_members_do_not_invalidate_a_key() {
        let odd = json!({
            "kid": "good", "kty": "RSA", "n": "AQ", "e": "AQAB", "use": null, "alg": "RS256",
            "x5c": "text", "x5t": 5, "key_ops": "verify", "x5u": [], "ext": "?",
        });
        assert_eq!(&*key_ids(&json!([odd])), "good");
    }

    #[test]
    fn keys_beyond_the_limit_are_skipped() {
        let keys: Vec<Value> = (0..MAX_KEYS + 9).map(|n| json!({ "kid": n.to_string() })).collect();
        let mut skipped = Vec::new();
        let set = KeySet::from_entries(keys, |index, entry| skipped.push((index, entry.problem)));
        assert!(set.contains("63") && !set.contains("64"));
        let [(index, problem)] = skipped[..] else {
            panic!("{skipped:?}")
        };
        assert_eq!(index, MAX_KEYS);
        assert!(problem.contains(&format!("at most {MAX_KEYS} keys")), "{problem}");
    }

    /// Verification takes quadratic time in the size of the key.
    #[test]
    fn key_above_8192_bits_verifies_nothing() {
        let usable = |bytes| {
            let modulus = URL_SAFE_NO_PAD.encode(vec![0xff; bytes]);
            let key = json!({ "kid": "ins_1", "kty": "RSA", "n": modulus, "e": "AQAB" });
            let set = KeySet::from_json(&json!({ "keys": [key] }));
            assert!(set.contains("ins_1"), "{bytes} bytes");
            set.usable()
        };
        assert_eq!(usable(1_024), 1);
        for bytes in [1_025, 1_152, 2_048, 4_096] {
            assert_eq!(usable(bytes), 0, "{bytes} bytes");
        }
    }

    #[test]
    fn key_of_another_type_keeps_its_key_id() {
        let keys = json!([
            { "kid": "oct", "kty": "oct", "k": "AQ" },
            { "kid": "ec", "kty": "EC", "crv": "P-256", "x": "AQ", "y": "AQ" },
            { "kid": "new", "kty": "LATTICE" },
            { "kid": "bare" },
        ]);
        assert_eq!(&*key_ids(&keys), "bare, ec, new, oct");
    }
}
