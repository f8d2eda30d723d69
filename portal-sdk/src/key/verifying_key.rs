//! [`VerifyingKey`]: one RSA public key of an instance.

use std::fmt;
use std::ops::RangeInclusive;
use std::sync::Arc;

use aws_lc_rs::rsa::{PublicEncryptingKey, PublicKeyComponents};
use aws_lc_rs::signature::{
    ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512, RsaParameters,
};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

use super::key_set::Jwk;

/// The accepted RSA key sizes, in bits.
const MODULUS_BITS: RangeInclusive<usize> = 2048..=8192;

/// Signature algorithms of session tokens: RSASSA-PKCS1-v1_5 (RFC 7518 section 3.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Algorithm {
    Rs256,
    Rs384,
    Rs512,
}

impl Algorithm {
    pub(crate) fn parse(name: &str) -> Option<Self> {
        match name {
            "RS256" => Some(Self::Rs256),
            "RS384" => Some(Self::Rs384),
            "RS512" => Some(Self::Rs512),
            _ => None,
        }
    }

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Rs384 => "RS384",
            Self::Rs512 => "RS512",
        }
    }

    fn parameters(self) -> &'static RsaParameters {
        match self {
            Self::Rs256 => &RSA_PKCS1_2048_8192_SHA256,
            Self::Rs384 => &RSA_PKCS1_2048_8192_SHA384,
            Self::Rs512 => &RSA_PKCS1_2048_8192_SHA512,
        }
    }
}

/// One RSA public key of an instance, parsed and ready. Cloning is cheap.
#[derive(Clone)]
pub struct VerifyingKey(Arc<Parsed>);

struct Parsed {
    algorithm: Algorithm,
    key: ParsedPublicKey,
}

/// The reason why a signature does not match a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Misfit {
    /// The key is for another algorithm than this one of the token.
    Algorithm(Algorithm),
    /// Another key made the signature, or the message was changed.
    Signature,
}

/// The reason why a text is not a usable key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyProblem {
    /// It is not base64 between the PEM markers.
    Encoding,
    /// It is a private key. It is neither kept nor shown.
    Private,
    /// It is not an RSA public key.
    NotRsa,
    /// Its modulus has less than 2048 or more than 8192 bits.
    Size,
}

impl KeyProblem {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Encoding => "found text that is not base64 between the BEGIN and END lines",
            Self::Private => "found a private key (not shown); Clerk's dashboard shows the public one",
            Self::NotRsa => "found a key that is not an RSA public key of 2048 to 8192 bits",
            Self::Size => "found an RSA key whose size is not 2048 to 8192 bits",
        }
    }
}

impl VerifyingKey {
    /// Reads an RSA public key in PEM (`BEGIN PUBLIC KEY`, RFC 7468 section 13). Line ends may be missing, or written as
    /// spaces or as the two characters `\n`; the `BEGIN`/`END` lines may be missing. Quotes around the whole are ignored,
    /// because `docker run --env-file` keeps them as a part of the value.
    ///
    /// # Errors
    ///
    /// Returns [`KeyProblem`] if the text is not a usable key.
    pub fn from_pem(pem: &str) -> Result<Self, KeyProblem> {
        if pem.contains("PRIVATE KEY-----") {
            return Err(KeyProblem::Private);
        }
        let body: String = unquoted(pem.trim())
            .replace("\\r", "")
            .replace("\\n", "\n")
            .replace("-----BEGIN PUBLIC KEY-----", "")
            .replace("-----END PUBLIC KEY-----", "")
            .split_whitespace()
            .collect();
        let der = STANDARD.decode(body).map_err(|_| KeyProblem::Encoding)?;
        Self::new(Algorithm::Rs256, |parameters| {
            ParsedPublicKey::new(parameters, &der).ok()
        })
    }

    /// Reads an RSA key of a JWK set (RFC 7517); `None` if it is for something else than checking signatures.
    pub(super) fn from_jwk(jwk: &Jwk) -> Option<Self> {
        if jwk.kty.as_deref() != Some("RSA") || jwk.public_key_use.as_deref().is_some_and(|usage| usage != "sig") {
            return None;
        }
        let algorithm = match &jwk.alg {
            Some(name) => Algorithm::parse(name)?,
            // Clerk signs with this one.
            None => Algorithm::Rs256,
        };
        let number = |digits: &Option<String>| URL_SAFE_NO_PAD.decode(digits.as_deref()?.trim_end_matches('=')).ok();
        let components = PublicKeyComponents {
            n: number(&jwk.n)?,
            e: number(&jwk.e)?,
        };
        Self::new(algorithm, |parameters| components.to_parsed_public_key(parameters).ok()).ok()
    }

    fn new(
        algorithm: Algorithm,
        parse: impl FnOnce(&'static RsaParameters) -> Option<ParsedPublicKey>,
    ) -> Result<Self, KeyProblem> {
        let key = parse(algorithm.parameters()).ok_or(KeyProblem::NotRsa)?;
        // The parameters bound the size when a signature is checked, not when the key is parsed.
        let bits = PublicEncryptingKey::from_der(key.as_ref()).map(|key| key.key_size_bits());
        if !bits.is_ok_and(|bits| MODULUS_BITS.contains(&bits)) {
            return Err(KeyProblem::Size);
        }
        Ok(Self(Arc::new(Parsed { algorithm, key })))
    }

    pub(crate) fn verify(&self, algorithm: Algorithm, message: &[u8], signature: &[u8]) -> Result<(), Misfit> {
        if algorithm != self.0.algorithm {
            return Err(Misfit::Algorithm(algorithm));
        }
        self.0.key.verify_sig(message, signature).map_err(|_| Misfit::Signature)
    }
}

/// Equal if they are the same key for the same algorithm, wherever each was read.
impl PartialEq for VerifyingKey {
    fn eq(&self, other: &Self) -> bool {
        let is_same = || self.0.algorithm == other.0.algorithm && self.0.key.as_ref() == other.0.key.as_ref();
        Arc::ptr_eq(&self.0, &other.0) || is_same()
    }
}

impl Eq for VerifyingKey {}

/// `text` without the quotes around it.
fn unquoted(text: &str) -> &str {
    ['"', '\'']
        .iter()
        .find_map(|quote| text.strip_prefix(*quote)?.strip_suffix(*quote))
        .unwrap_or(text)
}

impl fmt::Debug for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VerifyingKey({})", self.0.algorithm.as_str())
    }
}
