//! Tokens decoded without verification.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};

use super::TokenError;
use crate::limits::MAX_TOKEN_BYTES;

/// Category of session and handshake tokens.
const SESSION_CATEGORY: &str = "cl_B7d4PD111AAA";
/// Category without a meaning.
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
    parts: Cow<'t, Parts>,
}

#[derive(Clone)]
struct Parts {
    header: Map<String, Value>,
    /// Shared with the claims, so that verification copies no JSON.
    payload: Arc<Map<String, Value>>,
    signature: Vec<u8>,
}

impl<'t> UnverifiedToken<'t> {
    /// Decodes the three parts of `text`.
    ///
    /// Trailing `=` are accepted; leftover bits are rejected.
    ///
    /// # Errors
    ///
    /// Returns [`TokenError::TooLarge`] if `text` has more than [`MAX_TOKEN_BYTES`], [`TokenError::Form`] if it does
    /// not have three parts, and [`TokenError::Undecodable`] if header or payload is not base64url of a JSON object or
    /// the signature is not base64url.
    pub fn decode(text: &'t str) -> Result<Self, TokenError> {
        let parts = Cow::Owned(Parts::decode(text)?);
        Ok(Self { text, parts })
    }

    /// Returns the whole token.
    #[must_use]
    pub fn text(&self) -> &'t str {
        self.text
    }

    /// Returns the header's JSON.
    #[must_use]
    pub fn header(&self) -> &Map<String, Value> {
        &self.parts.header
    }

    /// Returns the payload's JSON.
    #[must_use]
    pub fn payload(&self) -> &Map<String, Value> {
        &self.parts.payload
    }

    /// Returns `kid`, the ID of the key that the token claims.
    #[must_use]
    pub fn key_id(&self) -> Option<&str> {
        self.header().get("kid").and_then(Value::as_str)
    }

    /// Returns `sid`, the ID of the session that the token claims; `None` if it is missing or empty.
    #[must_use]
    pub fn session_id(&self) -> Option<&str> {
        self.payload()
            .get("sid")
            .and_then(Value::as_str)
            .filter(|session_id| !session_id.is_empty())
    }

    /// Returns `iat` in seconds, coerced as JavaScript's `<` would.
    ///
    /// Numeric strings are parsed, `null` and booleans are 0 or 1, anything else is NaN. Only numbers pass
    /// verification.
    pub(crate) fn issued_at_secs(&self) -> Option<f64> {
        Some(match self.payload().get("iat")? {
            Value::Null | Value::Bool(false) => 0.0,
            Value::Bool(true) => 1.0,
            Value::String(text) if text.trim().is_empty() => 0.0,
            Value::String(text) => text.trim().parse().unwrap_or(f64::NAN),
            other => other.as_f64().unwrap_or(f64::NAN),
        })
    }

    /// Returns `exp` in seconds; `None` if it is not a number.
    pub(crate) fn expires_at_secs(&self) -> Option<f64> {
        self.payload().get("exp").and_then(Value::as_f64)
    }

    /// Returns `true` if the token claims not to be a session token.
    ///
    /// OAuth access tokens are recognized by `typ` (RFC 9068), machine tokens by `sub`, others by their category. `typ`
    /// and `sub` of a token without a signature are ignored, as in Clerk's SDK, because such a token is never valid.
    pub(crate) fn is_other_than_session_token(&self) -> bool {
        if self.text.ends_with('.') {
            return self.is_of_foreign_category();
        }
        let is_oauth = matches!(
            self.header().get("typ").and_then(Value::as_str),
            Some("at+jwt" | "application/at+jwt")
        );
        let is_machine = self
            .payload()
            .get("sub")
            .and_then(Value::as_str)
            .is_some_and(|sub| sub.starts_with("mch_"));
        is_oauth || is_machine || self.is_of_foreign_category()
    }

    /// Returns `true` if `cat` is present and excludes session tokens.
    pub(super) fn is_of_foreign_category(&self) -> bool {
        self.header()
            .get("cat")
            .is_some_and(|category| !matches!(category.as_str(), Some(SESSION_CATEGORY | IGNORED_CATEGORY)))
    }

    /// Returns `true` if the token claims to be a machine token, which is rejected before any key is fetched.
    pub(crate) fn is_of_machine_category(&self) -> bool {
        self.header().get("cat").and_then(Value::as_str) == Some(M2M_CATEGORY)
    }

    /// Returns the shared payload.
    pub(super) fn shared_payload(&self) -> Arc<Map<String, Value>> {
        Arc::clone(&self.parts.payload)
    }

    pub(super) fn signed_part(&self) -> &'t str {
        self.text.rsplit_once('.').map_or("", |(signed, _)| signed)
    }

    pub(crate) fn signature(&self) -> &[u8] {
        &self.parts.signature
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

impl Parts {
    fn decode(text: &str) -> Result<Self, TokenError> {
        if text.len() > MAX_TOKEN_BYTES {
            return Err(TokenError::TooLarge { found: text.len() });
        }
        let mut parts = text.split('.');
        let (Some(header), Some(payload), Some(signature), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(TokenError::Form);
        };
        Ok(Self {
            header: object(header).ok_or(TokenError::Undecodable { part: "header" })?,
            payload: object(payload)
                .ok_or(TokenError::Undecodable { part: "payload" })?
                .into(),
            signature: bytes(signature).ok_or(TokenError::Undecodable { part: "signature" })?,
        })
    }
}

/// Decodes a token once. Each use passes the same text.
#[derive(Clone, Default)]
pub(crate) struct DecodeOnce(OnceCell<Result<Parts, TokenError>>);

impl DecodeOnce {
    pub(crate) fn decode<'t>(&'t self, text: &'t str) -> Result<UnverifiedToken<'t>, TokenError> {
        match self.0.get_or_init(|| Parts::decode(text)) {
            Ok(parts) => Ok(UnverifiedToken {
                text,
                parts: Cow::Borrowed(parts),
            }),
            Err(error) => Err(error.clone()),
        }
    }
}

fn bytes(part: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(part.trim_end_matches('=')).ok()
}

fn object(part: &str) -> Option<Map<String, Value>> {
    let bytes = bytes(part)?;
    // Invalid UTF-8 becomes replacement characters and a byte order mark is dropped, as in Clerk's decoder. That is
    // safe because the signature covers the bytes.
    let text = String::from_utf8_lossy(&bytes);
    match serde_json::from_str(text.strip_prefix('\u{feff}').unwrap_or(&text)).ok()? {
        Value::Object(map) => Some(map),
        _ => None,
    }
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
            // One character over, and bits left over.
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
