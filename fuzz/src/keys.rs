//! RSA keys that are part of the repository, so that an input does the same in every process.

use std::sync::LazyLock;

use aws_lc_rs::encoding::{AsDer as _, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeyPair;
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_SHA256};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use portal_sdk::key::{KeySet, VerifyingKey};
use serde_json::{Value, json};

/// The ID of [`instance`].
pub const KEY_ID: &str = "ins_1";

/// An RSA key pair.
pub struct Signer(KeyPair);

impl Signer {
    fn new(pkcs8: &[u8]) -> Self {
        Self(KeyPair::from_pkcs8(pkcs8).expect("the file holds an RSA key"))
    }

    /// Returns a JWT of any two texts. The signature is RS256, whatever the header says.
    #[must_use]
    pub fn sign(&self, header: &str, claims: &str) -> String {
        let message = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
        let mut signature = vec![0; self.0.public_modulus_len()];
        self.0
            .sign(
                &RSA_PKCS1_SHA256,
                &SystemRandom::new(),
                message.as_bytes(),
                &mut signature,
            )
            .expect("a key of 2048 bits signs any message");
        format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    /// The modulus as a JWK has it.
    #[must_use]
    pub fn modulus(&self) -> String {
        let modulus = self.0.public_key().modulus();
        URL_SAFE_NO_PAD.encode(modulus.big_endian_without_leading_zero())
    }

    /// The public key as a JWK.
    #[must_use]
    pub fn jwk(&self) -> Value {
        json!({ "use": "sig", "kty": "RSA", "alg": "RS256", "kid": KEY_ID, "n": self.modulus(), "e": "AQAB" })
    }

    /// The public key in PEM.
    #[must_use]
    pub fn pem(&self) -> String {
        let der: PublicKeyX509Der<'_> = self.0.public_key().as_der().expect("an RSA key has a DER form");
        let body = STANDARD.encode(der.as_ref());
        format!("-----BEGIN PUBLIC KEY-----\n{body}\n-----END PUBLIC KEY-----\n")
    }
}

/// The key of every instance here.
#[must_use]
pub fn instance() -> &'static Signer {
    static KEY: LazyLock<Signer> = LazyLock::new(|| Signer::new(include_bytes!("../keys/instance.pk8")));
    &KEY
}

/// A key that no instance has.
#[must_use]
pub fn foreign() -> &'static Signer {
    static KEY: LazyLock<Signer> = LazyLock::new(|| Signer::new(include_bytes!("../keys/foreign.pk8")));
    &KEY
}

/// The instance's keys, as Clerk sends them.
#[must_use]
pub fn key_set() -> KeySet {
    KeySet::from_json(&json!({ "keys": [instance().jwk()] }))
}

/// The public half of [`instance`].
#[must_use]
pub fn verifying_key() -> &'static VerifyingKey {
    static KEY: LazyLock<VerifyingKey> =
        LazyLock::new(|| VerifyingKey::from_pem(&instance().pem()).expect("the key is an RSA key"));
    &KEY
}
