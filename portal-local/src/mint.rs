//! The instance's signing key and everything it signs. The time is an argument.

mod claims;

use std::sync::{Arc, PoisonError, RwLock};

use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::error::{KeyRejected, Unspecified};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeyPair;
use aws_lc_rs::signature::{self, KeyPair as _, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256};
use data_encoding::BASE64URL_NOPAD;
use jsonwebtoken::jwk::{
    AlgorithmParameters, CommonParameters, Jwk, JwkSet, KeyAlgorithm, PublicKeyUse, RSAKeyParameters, RSAKeyType,
};
use jsonwebtoken::{Algorithm, Header};
use pem::{EncodeConfig, LineEnding, Pem};
use portal_sdk::clock::UnixTime;
use serde::Serialize;
use serde_json::{Map, Value};

use self::claims::{DevBrowserClaims, HandshakeClaims, TemplateClaims};
pub(crate) use self::claims::{OrganizationClaim, SessionClaims, TemplateTimes, TokenUse, organization_claims};
use crate::clock::Millis as _;
use crate::secrets::random_hex;
use crate::store::{Metadata, Session, StoreError};

/// Clerk's mark for session and handshake tokens; a token with another mark is not a session token.
const SESSION_CATEGORY: &str = "cl_B7d4PD111AAA";
/// Clerk's mark for tokens made from a JWT template.
const TEMPLATE_CATEGORY: &str = "cl_B7d4PD222AAA";
/// The portal's own mark for development browser tokens.
// Readers of tokens must not mistake them for session tokens.
const DEV_BROWSER_CATEGORY: &str = "dev_browser";
/// The seconds from `nbf` to `iat`, for applications with a slow clock.
const NOT_BEFORE_SKEW_SECS: i64 = 10;
/// The lifetime of a handshake token. Official SDKs do not check it.
const HANDSHAKE_LIFETIME_SECS: i64 = 60;

/// A key and its ID.
struct Signer {
    pair: KeyPair,
    key_id: String,
}

/// Signs tokens for one instance.
///
/// The key is parsed once; a signature takes about a millisecond.
pub(crate) struct Mint {
    signer: RwLock<Arc<Signer>>,
    issuer: String,
    token_lifetime_secs: i64,
}

impl Mint {
    pub(crate) fn new(
        pkcs8: &[u8],
        key_id: String,
        issuer: String,
        token_lifetime_secs: i64,
    ) -> Result<Self, KeyRejected> {
        let pair = KeyPair::from_pkcs8(pkcs8)?;
        Ok(Self {
            signer: RwLock::new(Arc::new(Signer { pair, key_id })),
            issuer,
            token_lifetime_secs,
        })
    }

    /// Replaces the key. Tokens signed with the old one become invalid.
    pub(crate) fn rotate(&self, pkcs8: &[u8], key_id: String) -> Result<(), KeyRejected> {
        let pair = KeyPair::from_pkcs8(pkcs8)?;
        *self.signer.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(Signer { pair, key_id });
        Ok(())
    }

    fn signer(&self) -> Arc<Signer> {
        Arc::clone(&self.signer.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The issuer in the `iss` claim.
    pub(crate) fn issuer(&self) -> &str {
        &self.issuer
    }

    /// A token from a JWT template. It belongs to a user, not to a session.
    pub(crate) fn template_token(
        &self,
        user_id: &str,
        custom: Map<String, Value>,
        times: TemplateTimes,
        now: UnixTime,
    ) -> Result<String, MintError> {
        let iat = now.as_secs();
        self.sign(
            TEMPLATE_CATEGORY,
            &TemplateClaims {
                exp: iat.saturating_add(times.lifetime_secs),
                iat,
                iss: &self.issuer,
                jti: random_hex::<10>(),
                nbf: iat.saturating_sub(times.allowed_clock_skew_secs),
                sub: user_id,
                custom,
            },
        )
    }

    /// A token for `session`.
    pub(crate) fn session_token(
        &self,
        session: &Session,
        organization: Option<(OrganizationClaim, Option<String>)>,
        custom: Map<String, Value>,
        token_use: TokenUse<'_>,
        now: UnixTime,
    ) -> Result<String, MintError> {
        let iat = now.as_secs();
        let (o, fea) = organization.map_or((None, None), |(claim, features)| (Some(claim), features));
        let age = |verified_at| now.millis_since(verified_at).max(0) / 60_000;
        self.sign(
            SESSION_CATEGORY,
            &SessionClaims {
                act: session.actor.clone().map(Metadata::into_value),
                azp: token_use.authorized_party.map(Into::into),
                exp: iat
                    .saturating_add(token_use.lifetime_secs.unwrap_or(self.token_lifetime_secs))
                    .min(session.expire_at.as_secs()),
                fea,
                fva: [age(session.first_factor_at), session.second_factor_at.map_or(-1, age)],
                iat,
                iss: self.issuer.clone(),
                jti: random_hex::<10>(),
                nbf: iat.saturating_sub(NOT_BEFORE_SKEW_SECS),
                o,
                sid: session.id.clone(),
                sts: session.status.as_str().into(),
                sub: session.user_id.clone(),
                v: 2,
                custom,
            },
        )
    }

    /// The signed directives of a handshake, for applications that request the token format.
    pub(crate) fn handshake_token(&self, directives: &[String], now: UnixTime) -> Result<String, MintError> {
        let iat = now.as_secs();
        self.sign(
            SESSION_CATEGORY,
            &HandshakeClaims {
                handshake: directives,
                iat,
                exp: iat.saturating_add(HANDSHAKE_LIFETIME_SECS),
            },
        )
    }

    /// The token that names a development browser. It never expires.
    pub(crate) fn dev_browser_token(&self, dev_browser_id: &str) -> Result<String, MintError> {
        self.sign(DEV_BROWSER_CATEGORY, &DevBrowserClaims { dev: dev_browser_id })
    }

    /// Returns the claims of a session token that this instance signed.
    ///
    /// The caller checks the times.
    pub(crate) fn read_session_token(&self, token: &str) -> Option<SessionClaims> {
        let (message, encoded_signature) = token.rsplit_once('.')?;
        let (header, claims) = message.split_once('.')?;
        let header: Header = serde_json::from_slice(&BASE64URL_NOPAD.decode(header.as_bytes()).ok()?).ok()?;
        if header.alg != Algorithm::RS256 {
            return None;
        }
        let signature = BASE64URL_NOPAD.decode(encoded_signature.as_bytes()).ok()?;
        signature::UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, self.signer().pair.public_key())
            .verify(message.as_bytes(), &signature)
            .ok()?;
        serde_json::from_slice(&BASE64URL_NOPAD.decode(claims.as_bytes()).ok()?).ok()
    }

    /// The public key as `/v1/jwks` serves it.
    pub(crate) fn key_set(&self) -> JwkSet {
        let signer = self.signer();
        let public = signer.pair.public_key();
        let encode = |number: &[u8]| BASE64URL_NOPAD.encode(number);
        JwkSet {
            keys: vec![Jwk {
                common: CommonParameters {
                    public_key_use: Some(PublicKeyUse::Signature),
                    key_algorithm: Some(KeyAlgorithm::RS256),
                    key_id: Some(signer.key_id.clone()),
                    ..CommonParameters::default()
                },
                algorithm: AlgorithmParameters::RSA(RSAKeyParameters {
                    key_type: RSAKeyType::RSA,
                    n: encode(public.modulus().big_endian_without_leading_zero()),
                    e: encode(public.exponent().big_endian_without_leading_zero()),
                }),
            }],
        }
    }

    /// The public key in PEM on one line, for environment files.
    // Without an escaped `\n`: `source` and `--env-file` keep its two characters, and Clerk's SDKs for JavaScript and
    // Python refuse them. They accept a PEM on one line.
    pub(crate) fn public_key_line(&self) -> Result<String, MintError> {
        Ok(self.public_key_pem()?.replace('\n', ""))
    }

    /// The public key in PEM, for verification without fetching keys (`CLERK_JWT_KEY`).
    pub(crate) fn public_key_pem(&self) -> Result<String, MintError> {
        let signer = self.signer();
        let der: PublicKeyX509Der<'_> = signer.pair.public_key().as_der()?;
        let config = EncodeConfig::new().set_line_ending(LineEnding::LF);
        let mut pem = pem::encode_config(&Pem::new("PUBLIC KEY", der.as_ref()), config);
        pem.truncate(pem.trim_end().len());
        Ok(pem)
    }

    /// Signs `claims` as a JWT, with `category` in its header.
    // Not with `jsonwebtoken::encode`: it parses the key again for each token, which takes twice as long as the
    // signature, and takes its cryptography from a provider of the whole process, which belongs to the application.
    fn sign(&self, category: &str, claims: &impl Serialize) -> Result<String, MintError> {
        let signer = self.signer();
        let mut header = Header::new(Algorithm::RS256);
        header.kid = Some(signer.key_id.clone());
        header.extras.insert("cat", category);
        let mut token = BASE64URL_NOPAD.encode(&serde_json::to_vec(&header)?);
        token.push('.');
        BASE64URL_NOPAD.encode_append(&serde_json::to_vec(claims)?, &mut token);
        let mut signature = vec![0; signer.pair.public_modulus_len()];
        signer.pair.sign(
            &RSA_PKCS1_SHA256,
            &SystemRandom::new(),
            token.as_bytes(),
            &mut signature,
        )?;
        token.push('.');
        BASE64URL_NOPAD.encode_append(&signature, &mut token);
        Ok(token)
    }
}

/// The reason why signing failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum MintError {
    #[error("the claims cannot be written as JSON")]
    Claims(#[from] serde_json::Error),
    #[error("the signing key refused to sign")]
    Signature(#[from] Unspecified),
}

impl From<MintError> for StoreError {
    fn from(error: MintError) -> Self {
        Self::token(error)
    }
}
