//! [`TestKey`]: an RSA key pair generated in this process, which signs tokens.

use std::fmt;
use std::sync::{Arc, OnceLock};

use aws_lc_rs::encoding::{AsDer as _, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_SHA256, RSA_PKCS1_SHA384, RSA_PKCS1_SHA512, RsaEncoding};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use crate::key::KeySet;

/// An RSA key pair that signs the tokens of tests. Cloning shares it.
///
/// [`TestSession`](super::TestSession) signs ordinary session tokens; use the key itself for tokens that Clerk would
/// not issue.
///
/// ```
/// use portal_sdk::testing::TestKey;
/// use serde_json::json;
///
/// let key = TestKey::generate();
/// let header = json!({ "alg": "RS256", "kid": TestKey::ID, "typ": "JWT" });
/// let token = key.sign(&header, &json!({ "sub": "user_1" }));
/// assert_eq!(token.split('.').count(), 3);
/// ```
#[derive(Clone)]
pub struct TestKey(Arc<KeyPair>);

impl TestKey {
    /// The key ID (`kid`) of the tokens of a [`TestSession`](super::TestSession).
    pub const ID: &str = "ins_test";

    /// Generates a 2048-bit key pair, which no [`TestInstance`](super::TestInstance) accepts.
    ///
    /// # Panics
    ///
    /// Panics if the operating system provides no randomness.
    #[must_use]
    pub fn generate() -> Self {
        let pair = KeyPair::generate(KeySize::Rsa2048).expect("the operating system provides randomness");
        Self(Arc::new(pair))
    }

    /// Returns the key that every [`TestInstance`](super::TestInstance) of this process accepts. The first call
    /// generates it.
    ///
    /// # Panics
    ///
    /// Panics if the operating system provides no randomness.
    #[must_use]
    pub fn of_process() -> Self {
        static KEY: OnceLock<TestKey> = OnceLock::new();
        KEY.get_or_init(Self::generate).clone()
    }

    /// Returns the public key in PEM, for [`jwt_key`](crate::instance::InstanceBuilder::jwt_key).
    #[must_use]
    pub fn pem(&self) -> String {
        let der: PublicKeyX509Der<'_> = self.0.public_key().as_der().expect("an RSA public key has a DER form");
        let body = STANDARD.encode(der.as_ref());
        // RFC 7468 section 2: lines of 64 characters.
        let lines: Vec<_> = body.as_bytes().chunks(64).map(String::from_utf8_lossy).collect();
        format!(
            "-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n",
            lines.join("\n")
        )
    }

    /// Returns the public key as a JWK (RFC 7517) with this ID.
    #[must_use]
    pub fn jwk(&self, key_id: &str) -> Value {
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

    /// Returns a key set that holds only this key, as [`TestKey::ID`].
    #[must_use]
    pub fn key_set(&self) -> KeySet {
        KeySet::from_json(&json!({ "keys": [self.jwk(Self::ID)] }))
    }

    /// Returns a signed JWT of unchecked `header` and `claims`.
    ///
    /// The algorithm is the header's RS384 or RS512, else RS256.
    ///
    /// # Panics
    ///
    /// Panics if the operating system provides no randomness.
    #[must_use]
    pub fn sign(&self, header: &Value, claims: &Value) -> String {
        let padding: &dyn RsaEncoding = match header["alg"].as_str() {
            Some("RS384") => &RSA_PKCS1_SHA384,
            Some("RS512") => &RSA_PKCS1_SHA512,
            _ => &RSA_PKCS1_SHA256,
        };
        let encode = |part: &Value| URL_SAFE_NO_PAD.encode(part.to_string());
        let message = format!("{}.{}", encode(header), encode(claims));
        let mut signature = vec![0; self.0.public_modulus_len()];
        self.0
            .sign(padding, &SystemRandom::new(), message.as_bytes(), &mut signature)
            .expect("an RSA key of 2048 bits signs any message");
        format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}

impl fmt::Debug for TestKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TestKey")
    }
}
