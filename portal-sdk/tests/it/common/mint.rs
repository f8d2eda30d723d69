//! Signing keys made once per process, and tokens signed with them. Headers and claims are free JSON, because the tests
//! need tokens that no library would write.

use std::sync::OnceLock;

use portal_sdk::key::KeySet;
use portal_sdk::testing::TestKey;
use serde_json::{Value, json};

use super::NOW_SECS;

/// The key id of [`instance_key`].
pub(crate) const KEY_ID: &str = "ins_1";
/// The category of session and handshake tokens.
pub(crate) const SESSION_CATEGORY: &str = "cl_B7d4PD111AAA";

/// A key to sign with.
pub(crate) struct Mint(TestKey);

/// The key of the instance under test.
pub(crate) fn instance_key() -> &'static Mint {
    static KEY: OnceLock<Mint> = OnceLock::new();
    KEY.get_or_init(|| Mint(TestKey::generate()))
}

/// A key that the instance under test does not have.
pub(crate) fn foreign_key() -> &'static Mint {
    static KEY: OnceLock<Mint> = OnceLock::new();
    KEY.get_or_init(|| Mint(TestKey::generate()))
}

impl Mint {
    /// The public key as the Backend API shows it, under `key_id`.
    pub(crate) fn jwk(&self, key_id: &str) -> Value {
        self.0.jwk(key_id)
    }

    /// The public key in PEM.
    pub(crate) fn pem(&self) -> String {
        self.0.pem()
    }

    /// A JWT of `header` and `payload`, signed by the algorithm that the header names, else by RS256.
    pub(crate) fn sign(&self, header: &Value, payload: &Value) -> String {
        self.0.sign(header, payload)
    }

    /// A session token with `claims` in place of those of [`session_claims`]; `null` removes one.
    pub(crate) fn session_token(&self, issuer: &str, claims: &Value) -> String {
        self.sign(&header(&json!({})), &merged(session_claims(issuer), claims))
    }
}

/// A set of the instance's key.
pub(crate) fn jwks() -> KeySet {
    KeySet::from_json(&jwks_answer())
}

/// The answer of `GET /v1/jwks`: [`jwks`] as JSON.
pub(crate) fn jwks_answer() -> Value {
    json!({ "keys": [instance_key().jwk(KEY_ID)] })
}

/// The header of a session token with `changes`; `null` removes a field.
pub(crate) fn header(changes: &Value) -> Value {
    let header = json!({ "alg": "RS256", "cat": SESSION_CATEGORY, "kid": KEY_ID, "typ": "JWT" });
    merged(header, changes)
}

/// The claims of a session token issued five seconds ago that lasts for another 55.
pub(crate) fn session_claims(issuer: &str) -> Value {
    json!({
        "iss": issuer,
        "azp": "https://app.example.com",
        "sub": "user_1",
        "sid": "sess_1",
        "iat": NOW_SECS - 5,
        "nbf": NOW_SECS - 15,
        "exp": NOW_SECS + 55,
    })
}

/// `object` with `changes`; `null` removes a field.
pub(crate) fn merged(mut object: Value, changes: &Value) -> Value {
    let fields = object.as_object_mut().unwrap();
    for (name, value) in changes.as_object().unwrap() {
        if value.is_null() {
            fields.remove(name);
        } else {
            fields.insert(name.clone(), value.clone());
        }
    }
    object
}
