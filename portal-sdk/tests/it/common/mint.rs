//! Signing keys made once per process, and tokens signed with them. Headers and claims are free JSON, because the tests
//! need tokens that no library would write.

use std::sync::OnceLock;

use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_SHA256, RSA_PKCS1_SHA384, RSA_PKCS1_SHA512, RsaEncoding};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use portal_sdk::key::KeySet;
use serde_json::{Value, json};

use super::NOW_SECS;

/// The key id of [`instance_key`].
pub(crate) const KEY_ID: &str = "ins_1";
/// The category of session and handshake tokens.
pub(crate) const SESSION_CATEGORY: &str = "cl_B7d4PD111AAA";

/// A key to sign with.
pub(crate) struct Mint(KeyPair);

/// The key of the instance under test.
pub(crate) fn instance_key() -> &'static Mint {
    static KEY: OnceLock<Mint> = OnceLock::new();
    KEY.get_or_init(Mint::generate)
}

/// A key that the instance under test does not have.
pub(crate) fn foreign_key() -> &'static Mint {
    static KEY: OnceLock<Mint> = OnceLock::new();
    KEY.get_or_init(Mint::generate)
}

impl Mint {
    fn generate() -> Self {
        Self(KeyPair::generate(KeySize::Rsa2048).unwrap())
    }

    /// The public key as the Backend API shows it, under `key_id`.
    pub(crate) fn jwk(&self, key_id: &str) -> Value {
        let public = self.0.public_key();
        json!({
            "use": "sig",
            "kty": "RSA",
            "alg": "RS256",
            "kid": key_id,
            "n": URL_SAFE_NO_PAD.encode(public.modulus().big_endian_without_leading_zero()),
            "e": URL_SAFE_NO_PAD.encode(public.exponent().big_endian_without_leading_zero()),
        })
    }

    /// The public key in PEM.
    pub(crate) fn pem(&self) -> String {
        let der: PublicKeyX509Der<'_> = self.0.public_key().as_der().unwrap();
        let body = STANDARD.encode(der.as_ref());
        let lines: Vec<&str> = body
            .as_bytes()
            .chunks(64)
            .map(|line| str::from_utf8(line).unwrap())
            .collect();
        format!(
            "-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n",
            lines.join("\n")
        )
    }

    /// A JWT of `header` and `payload`, signed by the algorithm that the header names, else by RS256.
    pub(crate) fn sign(&self, header: &Value, payload: &Value) -> String {
        let padding: &dyn RsaEncoding = match header["alg"].as_str() {
            Some("RS384") => &RSA_PKCS1_SHA384,
            Some("RS512") => &RSA_PKCS1_SHA512,
            _ => &RSA_PKCS1_SHA256,
        };
        let encode = |part: &Value| URL_SAFE_NO_PAD.encode(part.to_string());
        let message = format!("{}.{}", encode(header), encode(payload));
        let mut signature = vec![0; self.0.public_modulus_len()];
        self.0
            .sign(padding, &SystemRandom::new(), message.as_bytes(), &mut signature)
            .unwrap();
        format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
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
