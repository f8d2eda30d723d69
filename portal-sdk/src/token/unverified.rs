//! Tokens decoded without verification.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use memchr::memchr_iter;
use serde_json::{Map, Value};

use super::header::Header;
use super::payload::Payload;
use super::{SessionClaims, SessionId, TokenError, VerifiedTokens};
use crate::key::VerifyingKey;
use crate::limits::MAX_TOKEN_BYTES;

/// Category of session and handshake tokens.
const SESSION_CATEGORY: &str = "cl_B7d4PD111AAA";
/// Category that is ignored.
const IGNORED_CATEGORY: &str = "cl_I7d4PD111III";
/// Category of machine-to-machine tokens.
const M2M_CATEGORY: &str = "cl_B7d4PD333AAA";

/// A JWT's decoded parts, without verification.
///
/// RFC 7519, in the compact serialization of RFC 7515 section 3.1.
///
/// # Security
///
/// Any client can forge these. Trust nothing in them before the signature is verified.
///
/// ```
/// use portal_sdk::token::UnverifiedToken;
///
/// let token = UnverifiedToken::decode("eyJraWQiOiJpbnNfMSJ9.eyJzaWQiOiJzZXNzXzEifQ.AA")?;
/// assert_eq!((token.key_id(), token.session_id()), (Some("ins_1"), Some("sess_1")));
/// # Ok::<(), portal_sdk::token::TokenError>(())
/// ```
#[derive(Clone)]
pub struct UnverifiedToken<'t> {
    text: &'t str,
    parts: Parts<'t>,
}

/// The parts of a token, or the claims of one that was verified before.
#[derive(Clone)]
enum Parts<'t> {
    Decoded(Cow<'t, Decoded>),
    Verified(&'t SessionClaims),
}

#[derive(Clone)]
pub(super) struct Decoded {
    /// Shared by the tokens of one key.
    pub(super) header: Arc<Header>,
    /// Shared with the claims, so that verification copies no JSON.
    pub(super) payload: Arc<Payload>,
    /// The length of the encoded header and payload with the dot between them, which the signature covers.
    signed_len: usize,
    pub(super) signature: Box<[u8]>,
}

impl<'t> UnverifiedToken<'t> {
    /// Decodes the three parts of `text`.
    ///
    /// Padding (`=`) after each part is accepted; non-zero leftover bits are rejected.
    ///
    /// # Errors
    ///
    /// Returns [`TokenError::TooLarge`] if `text` has more than [`MAX_TOKEN_BYTES`], [`TokenError::Form`] if it does
    /// not have three parts, and [`TokenError::Undecodable`] if header or payload is not base64url of a JSON object or
    /// the signature is not base64url.
    pub fn decode(text: &'t str) -> Result<Self, TokenError> {
        let parts = Parts::Decoded(Cow::Owned(Decoded::read(text, None)?));
        Ok(Self { text, parts })
    }

    /// Returns the whole token.
    #[must_use]
    pub fn text(&self) -> &'t str {
        self.text
    }

    /// Returns `kid`, the ID of the key that the token claims to be signed with.
    #[must_use]
    pub fn key_id(&self) -> Option<&str> {
        match &self.parts {
            Parts::Decoded(decoded) => decoded.header.key_id.as_deref(),
            Parts::Verified(claims) => claims.verified().header.key_id.as_deref(),
        }
    }

    /// Returns `sid`, the ID of the claimed session; `None` if missing or empty.
    #[must_use]
    pub fn session_id(&self) -> Option<&str> {
        let session_id = self.payload().session_id.as_ref().map(SessionId::as_str);
        session_id.filter(|session_id| !session_id.is_empty())
    }

    /// Returns `iss` as sent.
    pub(crate) fn issuer(&self) -> Option<&Value> {
        self.payload().issuer.as_ref()
    }

    /// Returns `azp` as sent.
    pub(crate) fn authorized_party(&self) -> Option<&Value> {
        self.payload().authorized_party.as_ref()
    }

    /// Returns `iat` in seconds, coerced as JavaScript's `<` would.
    ///
    /// Returns `None` if the claim is missing. Numeric strings are parsed; `null`, booleans and blank strings are 0 or
    /// 1; anything else is NaN. Only numbers pass verification.
    pub(crate) fn issued_at_secs(&self) -> Option<f64> {
        Some(match self.payload().issued_at.as_ref()? {
            Value::Null | Value::Bool(false) => 0.0,
            Value::Bool(true) => 1.0,
            Value::String(text) if text.trim().is_empty() => 0.0,
            Value::String(text) => text.trim().parse().unwrap_or(f64::NAN),
            other => other.as_f64().unwrap_or(f64::NAN),
        })
    }

    /// Returns `exp` in seconds; `None` if it is not a number.
    pub(crate) fn expires_at_secs(&self) -> Option<f64> {
        self.payload().expires_at.as_ref().and_then(Value::as_f64)
    }

    /// Returns `true` if the token claims not to be a session token.
    ///
    /// OAuth access tokens are recognized by `typ` (RFC 9068), machine tokens by `sub`, others by their category. `typ`
    /// and `sub` of a token without a signature are ignored, as in Clerk's SDK, because such a token is never valid.
    pub(crate) fn is_other_than_session_token(&self) -> bool {
        // Only session tokens are remembered as verified.
        let Parts::Decoded(decoded) = &self.parts else {
            return false;
        };
        if self.text.ends_with('.') {
            return decoded.header.is_of_foreign_category();
        }
        let is_oauth = matches!(
            decoded.header.token_type.as_ref().and_then(Value::as_str),
            Some("at+jwt" | "application/at+jwt")
        );
        let user_id = decoded.payload.user_id.as_ref();
        let is_machine = user_id.is_some_and(|id| id.as_str().starts_with("mch_"));
        is_oauth || is_machine || decoded.header.is_of_foreign_category()
    }

    /// Returns `true` if the token claims to be a machine token, which is rejected before any key is fetched.
    pub(crate) fn is_of_machine_category(&self) -> bool {
        let Parts::Decoded(decoded) = &self.parts else {
            return false;
        };
        decoded.header.category.as_ref().and_then(Value::as_str) == Some(M2M_CATEGORY)
    }

    /// Returns the claims, if `key` has verified the token's signature before.
    pub(super) fn verified_by(&self, key: &VerifyingKey) -> Option<&'t SessionClaims> {
        match self.parts {
            Parts::Verified(claims) if claims.verified().key == *key => Some(claims),
            _ => None,
        }
    }

    /// Returns the decoded parts.
    pub(super) fn decoded(&self) -> Result<Cow<'_, Decoded>, TokenError> {
        match &self.parts {
            Parts::Decoded(decoded) => Ok(Cow::Borrowed(decoded)),
            Parts::Verified(_) => Decoded::read(self.text, None).map(Cow::Owned),
        }
    }

    /// Returns the length of the signature in bytes.
    pub(crate) fn signature_len(&self) -> Result<usize, TokenError> {
        Ok(self.decoded()?.signature.len())
    }

    pub(super) fn payload(&self) -> &Payload {
        match &self.parts {
            Parts::Decoded(decoded) => &decoded.payload,
            Parts::Verified(claims) => claims.payload(),
        }
    }

    /// Returns the bytes that the signature covers.
    pub(super) fn signed_part(&self, decoded: &Decoded) -> &'t [u8] {
        &self.text.as_bytes()[..decoded.signed_len]
    }
}

impl Header {
    /// Returns `true` if `cat` is present and excludes session tokens.
    pub(super) fn is_of_foreign_category(&self) -> bool {
        let category = self.category.as_ref();
        category.is_some_and(|category| !matches!(category.as_str(), Some(SESSION_CATEGORY | IGNORED_CATEGORY)))
    }
}

impl fmt::Debug for UnverifiedToken<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UnverifiedToken")
            .field("key_id", &self.key_id())
            .field("session_id", &self.session_id())
            .finish_non_exhaustive()
    }
}

impl Decoded {
    fn read(text: &str, verified: Option<&VerifiedTokens>) -> Result<Self, TokenError> {
        if text.len() > MAX_TOKEN_BYTES {
            return Err(TokenError::TooLarge { found: text.len() });
        }
        let [header, payload, signature] = three_parts(text).ok_or(TokenError::Form)?;
        let known = verified.and_then(|tokens| tokens.header(header));
        let read = || json(header).and_then(|text| Header::parse(&text)).map(Arc::new);
        Ok(Self {
            header: known.or_else(read).ok_or(TokenError::Undecodable { part: "header" })?,
            payload: json(payload)
                .and_then(|text| Payload::parse(&text))
                .ok_or(TokenError::Undecodable { part: "payload" })?
                .into(),
            signed_len: text.len() - signature.len() - 1,
            signature: bytes(signature)
                .ok_or(TokenError::Undecodable { part: "signature" })?
                .into(),
        })
    }
}

/// A token that is looked up among the verified ones or decoded, once. Each use passes the same token.
#[derive(Clone, Default)]
pub(crate) struct ReadOnce(OnceCell<Read>);

/// Small, because each context has room for two.
#[derive(Clone)]
enum Read {
    Verified(SessionClaims),
    Decoded(Decoded),
    Undecodable(Box<TokenError>),
}

impl ReadOnce {
    /// Reads a token by its bytes as sent, and by its text if it was not verified before.
    pub(crate) fn read<'t>(
        &'t self,
        sent: &[u8],
        text: impl Fn() -> &'t str,
        verified: Option<&VerifiedTokens>,
    ) -> Result<UnverifiedToken<'t>, TokenError> {
        let known = |token: &[u8]| verified.and_then(|tokens| tokens.get(token));
        let decode = || {
            let text = text();
            // Some software encodes cookies that need no encoding.
            let was_encoded = text.as_bytes() != sent;
            match was_encoded.then(|| known(text.as_bytes())).flatten() {
                Some(claims) => Read::Verified(claims),
                None => match Decoded::read(text, verified) {
                    Ok(decoded) => Read::Decoded(decoded),
                    Err(error) => Read::Undecodable(error.into()),
                },
            }
        };
        match self.0.get_or_init(|| known(sent).map_or_else(decode, Read::Verified)) {
            Read::Verified(claims) => Ok(UnverifiedToken {
                text: claims.token().expose(),
                parts: Parts::Verified(claims),
            }),
            Read::Decoded(decoded) => Ok(UnverifiedToken {
                text: text(),
                parts: Parts::Decoded(Cow::Borrowed(decoded)),
            }),
            Read::Undecodable(error) => Err(TokenError::clone(error)),
        }
    }

    /// Returns the text if the token was read, and verified before.
    pub(crate) fn verified_text(&self) -> Option<&str> {
        match self.0.get() {
            Some(Read::Verified(claims)) => Some(claims.token().expose()),
            _ => None,
        }
    }
}

fn three_parts(text: &str) -> Option<[&str; 3]> {
    let mut dots = memchr_iter(b'.', text.as_bytes());
    let (Some(first), Some(second), None) = (dots.next(), dots.next(), dots.next()) else {
        return None;
    };
    Some([&text[..first], &text[first + 1..second], &text[second + 1..]])
}

/// Returns the encoded header of a token.
pub(super) fn encoded_header(text: &str) -> &str {
    text.split_once('.').map_or(text, |(header, _)| header)
}

/// Returns the claims of a token that was decoded before, as JSON.
pub(super) fn claims_json(text: &str) -> String {
    let claims = three_parts(text).and_then(|[_, payload, _]| json(payload));
    // Never without, because the same text was accepted.
    claims.unwrap_or_default()
}

/// [`claims_json`], parsed.
pub(super) fn claims_map(text: &str) -> Map<String, Value> {
    serde_json::from_str(&claims_json(text)).unwrap_or_default()
}

fn bytes(part: &str) -> Option<Vec<u8>> {
    let part = part.trim_end_matches('=');
    // Exactly as long as needed, because the signature is kept.
    let mut bytes = vec![0; part.len() / 4 * 3 + part.len() % 4 * 3 / 4];
    let len = URL_SAFE_NO_PAD.decode_slice(part, &mut bytes).ok()?;
    (len == bytes.len()).then_some(bytes)
}

/// Returns the JSON of header or payload.
fn json(part: &str) -> Option<String> {
    // Invalid UTF-8 becomes replacement characters and a byte order mark is dropped, as in Clerk's decoder. That is
    // safe because the signature covers the bytes.
    let text = String::from_utf8(bytes(part)?);
    let mut text = text.unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned());
    if text.starts_with('\u{feff}') {
        text.remove(0);
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(header: &str, payload: &str) -> String {
        format!(
            "{}.{}.AAAA",
            URL_SAFE_NO_PAD.encode(header),
            URL_SAFE_NO_PAD.encode(payload)
        )
    }

    #[test]
    fn tokens_without_three_base64url_parts_are_rejected() {
        for text in ["", ".", "a.b", "e30.e30", "e30.e30.AA.AA", "Bearer"] {
            assert_eq!(UnverifiedToken::decode(text).unwrap_err(), TokenError::Form, "{text:?}");
        }
        for (text, part) in [
            ("..", "header"),
            ("e3 0.e30.AA", "header"),
            ("e30.e3+.AA", "payload"),
            // A single leftover character, and leftover bits.
            ("e30.e30.A", "signature"),
            ("e30.e30.AB", "signature"),
        ] {
            assert_eq!(
                UnverifiedToken::decode(text).unwrap_err(),
                TokenError::Undecodable { part },
                "{text:?}"
            );
        }
        assert!(UnverifiedToken::decode("e30=.e30==.AA=").is_ok());
        assert!(UnverifiedToken::decode("e30.e30.").is_ok());
    }

    #[test]
    fn parts_other_than_objects_are_rejected() {
        for json in ["null", "1", "\"x\"", "[]", "{", ""] {
            assert!(UnverifiedToken::decode(&token(json, "{}")).is_err(), "header {json}");
            assert!(UnverifiedToken::decode(&token("{}", json)).is_err(), "payload {json}");
        }
    }

    #[test]
    fn other_kinds_of_tokens_are_recognized() {
        for (header, payload, other) in [
            (r#"{}"#, r#"{}"#, false),
            (r#"{"cat":"cl_B7d4PD111AAA"}"#, r#"{"sub":"user_1"}"#, false),
            (r#"{"cat":"cl_I7d4PD111III"}"#, r#"{}"#, false),
            (r#"{"cat":"cl_B7d4PD222AAA"}"#, r#"{}"#, true),
            (r#"{"cat":"something"}"#, r#"{}"#, true),
            (r#"{"cat":null}"#, r#"{}"#, true),
            (r#"{"typ":"at+jwt"}"#, r#"{}"#, true),
            (r#"{"typ":"application/at+jwt"}"#, r#"{}"#, true),
            (r#"{}"#, r#"{"sub":"mch_1"}"#, true),
        ] {
            let text = token(header, payload);
            let token = UnverifiedToken::decode(&text).unwrap();
            assert_eq!(token.is_other_than_session_token(), other, "{header} {payload}");
        }
    }
}
