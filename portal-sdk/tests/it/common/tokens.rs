//! Tokens of free headers and claims, signed by `TestKey`: these tests need tokens that Clerk would not issue.

use std::sync::LazyLock;

use portal_sdk::key::KeySet;
use portal_sdk::testing::TestKey;
use serde_json::{Value, json};

use super::NOW_SECS;

/// The key ID of [`instance_key`].
pub(crate) const KEY_ID: &str = TestKey::ID;

/// The key of the instance under test.
pub(crate) fn instance_key() -> &'static TestKey {
    static KEY: LazyLock<TestKey> = LazyLock::new(TestKey::of_process);
    &KEY
}

/// A key that the instance under test does not have.
pub(crate) fn foreign_key() -> &'static TestKey {
    static KEY: LazyLock<TestKey> = LazyLock::new(TestKey::generate);
    &KEY
}

/// The key set of the instance.
pub(crate) fn jwks() -> KeySet {
    instance_key().key_set()
}

/// The answer of `GET /v1/jwks`: [`jwks`] as JSON.
pub(crate) fn jwks_answer() -> Value {
    json!({ "keys": [instance_key().jwk(KEY_ID)] })
}

/// A session token of `key` whose claims are [`session_claims`] with these changes; `null` removes a claim.
pub(crate) fn session_token(key: &TestKey, issuer: &str, claims: &Value) -> String {
    key.sign(&header(&json!({})), &merged(session_claims(issuer), claims))
}

/// The header of a session token with these changes; `null` removes a field.
pub(crate) fn header(changes: &Value) -> Value {
    let header = json!({ "alg": "RS256", "cat": "cl_B7d4PD111AAA", "kid": KEY_ID, "typ": "JWT" });
    merged(header, changes)
}

/// The claims of a session token that was issued five seconds ago and expires in 55.
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

/// `object` with these changes; `null` removes a field.
fn merged(mut object: Value, changes: &Value) -> Value {
    let fields = object.as_object_mut().unwrap();
    for (name, value) in changes.as_object().unwrap() {
        match value {
            Value::Null => fields.remove(name),
            value => fields.insert(name.clone(), value.clone()),
        };
    }
    object
}
