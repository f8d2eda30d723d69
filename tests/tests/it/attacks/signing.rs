//! The key of the instance under attack, which signs any text, and tokens made of parts.

use std::sync::OnceLock;

use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_SHA256, RsaEncoding};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use portal_sdk::key::KeySet;
use serde_json::{Value, json};

use super::victim::NOW_SECS;

/// The key ID of the instance's key.
pub(crate) const KEY_ID: &str = "ins_1";
/// The user whose tokens the attacks imitate.
pub(crate) const USER: &str = "user_victim";

/// An RSA key pair of 2048 bits. Unlike `TestKey`, it signs any bytes.
pub(crate) struct SigningKey(KeyPair);

impl SigningKey {
    /// The key that the instance under attack publishes.
    pub(crate) fn of_instance() -> &'static Self {
        static KEY: OnceLock<SigningKey> = OnceLock::new();
        KEY.get_or_init(Self::generate)
    }

    /// The key of another instance, or of an attacker.
    pub(crate) fn foreign() -> &'static Self {
        static KEY: OnceLock<SigningKey> = OnceLock::new();
        KEY.get_or_init(Self::generate)
    }

    pub(crate) fn generate() -> Self {
        Self(KeyPair::generate(KeySize::Rsa2048).unwrap())
    }

    pub(crate) fn sign_as(&self, padding: &'static dyn RsaEncoding, message: &[u8]) -> Vec<u8> {
        let mut signature = vec![0; self.0.public_modulus_len()];
        self.0
            .sign(padding, &SystemRandom::new(), message, &mut signature)
            .unwrap();
        signature
    }

    pub(crate) fn sign(&self, message: &[u8]) -> Vec<u8> {
        self.sign_as(&RSA_PKCS1_SHA256, message)
    }

    /// A token with this header and payload as they are, signed.
    pub(crate) fn token(&self, header: impl AsRef<[u8]>, payload: impl AsRef<[u8]>) -> String {
        let message = message(header, payload);
        let signature = self.sign(message.as_bytes());
        with_signature(&message, &signature)
    }

    /// A valid session token with these changes to its payload; `null` removes a claim.
    pub(crate) fn session(&self, changes: &Value) -> String {
        self.token(header(&json!({})), payload(changes))
    }

    pub(crate) fn modulus(&self) -> Vec<u8> {
        self.0.public_key().modulus().big_endian_without_leading_zero().to_vec()
    }

    fn exponent(&self) -> Vec<u8> {
        self.0
            .public_key()
            .exponent()
            .big_endian_without_leading_zero()
            .to_vec()
    }

    /// The public key as a `SubjectPublicKeyInfo` (RFC 5280 section 4.1).
    pub(crate) fn spki(&self) -> Vec<u8> {
        let der: PublicKeyX509Der<'_> = self.0.public_key().as_der().unwrap();
        der.as_ref().to_vec()
    }

    /// The public key as an `RSAPublicKey` (RFC 8017 appendix A.1.1).
    pub(crate) fn rsa_public_key(&self) -> Vec<u8> {
        self.0.public_key().as_ref().to_vec()
    }

    /// The private key as PKCS#8 (RFC 5208).
    pub(crate) fn pkcs8(&self) -> Vec<u8> {
        let der: Pkcs8V1Der<'_> = self.0.as_der().unwrap();
        der.as_ref().to_vec()
    }

    pub(crate) fn pem(&self) -> String {
        let body = STANDARD.encode(self.spki());
        let lines: Vec<_> = body.as_bytes().chunks(64).map(String::from_utf8_lossy).collect();
        let body = lines.join("\n");
        format!("-----BEGIN PUBLIC KEY-----\n{body}\n-----END PUBLIC KEY-----\n")
    }

    pub(crate) fn jwk(&self, key_id: &str) -> Value {
        json!({
            "use": "sig",
            "kty": "RSA",
            "alg": "RS256",
            "kid": key_id,
            "n": URL_SAFE_NO_PAD.encode(self.modulus()),
            "e": URL_SAFE_NO_PAD.encode(self.exponent()),
        })
    }

    pub(crate) fn key_set(&self) -> KeySet {
        KeySet::from_json(&json!({ "keys": [self.jwk(KEY_ID)] }))
    }
}

/// The header of a session token with these changes; `null` removes a member.
pub(crate) fn header(changes: &Value) -> String {
    let header = json!({ "alg": "RS256", "cat": "cl_B7d4PD111AAA", "kid": KEY_ID, "typ": "JWT" });
    changed(header, changes)
}

/// The payload of a valid session token with these changes; `null` removes a claim.
pub(crate) fn payload(changes: &Value) -> String {
    let payload = json!({
        "v": 2,
        "sub": USER,
        "sid": "sess_1",
        "iss": "https://clerk.example.com",
        "azp": "https://app.example.com",
        "iat": NOW_SECS - 5,
        "nbf": NOW_SECS - 15,
        "exp": NOW_SECS + 55,
    });
    changed(payload, changes)
}

fn changed(mut object: Value, changes: &Value) -> String {
    let members = object.as_object_mut().unwrap();
    for (name, value) in changes.as_object().unwrap() {
        match value {
            Value::Null => members.remove(name),
            value => members.insert(name.clone(), value.clone()),
        };
    }
    object.to_string()
}

/// The text that a signature covers.
pub(crate) fn message(header: impl AsRef<[u8]>, payload: impl AsRef<[u8]>) -> String {
    format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(payload))
}

pub(crate) fn with_signature(message: &str, signature: &[u8]) -> String {
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
}
