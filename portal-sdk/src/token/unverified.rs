//! [`UnverifiedToken`]: a token taken apart, nothing about it checked.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};

use super::TokenError;
use crate::limits::MAX_TOKEN_BYTES;

/// Category of session and handshake tokens.
const SESSION_CATEGORY: &str = "cl_B7d4PD111AAA";
/// Category that says nothing about the kind of token.
const IGNORED_CATEGORY: &str = "cl_I7d4PD111III";
/// Category of machine-to-machine tokens.
const M2M_CATEGORY: &str = "cl_B7d4PD333AAA";

/// A JWT's parts (RFC 7519 in the compact form of RFC 7515 section 3.1).
///
/// # Security
///
/// Anyone can write these. Decide nothing by them that needs a signature.
#[derive(Clone)]
pub struct UnverifiedToken<'t> {
    text: &'t str,
    signed_part: &'t str,
    header: Map<String, Value>,
    payload: Map<String, Value>,
    signature: Vec<u8>,
}

impl<'t> UnverifiedToken<'t> {
    /// Takes `text` apart.
    ///
    /// # Errors
    ///
    /// [`TokenError::TooLarge`] if it has more than [`MAX_TOKEN_BYTES`]; [`TokenError::Form`] unless there are three parts; [`TokenError::Undecodable`] unless header and payload are
    /// base64url of JSON objects and the signature is base64url. Closing `=` are tolerated, bits left over are not.
    pub fn decode(text: &'t str) -> Result<Self, TokenError> {
        if text.len() > MAX_TOKEN_BYTES {
            return Err(TokenError::TooLarge { found: text.len() });
        }
        let mut parts = text.split('.');
        let (Some(header), Some(payload), Some(signature), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(TokenError::Form);
        };
        let signed_part = &text[..header.len() + 1 + payload.len()];
        Ok(Self {
            text,
            signed_part,
            header: object(header).ok_or(TokenError::Undecodable { part: "header" })?,
            payload: object(payload).ok_or(TokenError::Undecodable { part: "payload" })?,
            signature: bytes(signature).ok_or(TokenError::Undecodable { part: "signature" })?,
        })
    }

    /// The whole token.
    #[must_use]
    pub fn text(&self) -> &'t str {
        self.text
    }

    /// The header's JSON.
    #[must_use]
    pub fn header(&self) -> &Map<String, Value> {
        &self.header
    }

    /// The payload's JSON.
    #[must_use]
    pub fn payload(&self) -> &Map<String, Value> {
        &self.payload
    }

    /// `kid`: which key is said to have signed it.
    #[must_use]
    pub fn key_id(&self) -> Option<&str> {
        self.header.get("kid").and_then(Value::as_str)
    }

    /// `sid`: which session it is said to belong to.
    #[must_use]
    pub fn session_id(&self) -> Option<&str> {
        self.payload
            .get("sid")
            .and_then(Value::as_str)
            .filter(|session_id| !session_id.is_empty())
    }

    /// `iat` in seconds, as JavaScript compares it: a text is the number it holds, anything else that is none is not a
    /// number and compares with nothing. (Only numbers verify.)
    #[must_use]
    pub fn issued_at_secs(&self) -> Option<f64> {
        Some(match self.payload.get("iat")? {
            Value::Null | Value::Bool(false) => 0.0,
            Value::Bool(true) => 1.0,
            Value::String(text) if text.trim().is_empty() => 0.0,
            Value::String(text) => text.trim().parse().unwrap_or(f64::NAN),
            other => other.as_f64().unwrap_or(f64::NAN),
        })
    }

    /// `exp` in seconds, if it is a number.
    #[must_use]
    pub fn expires_at_secs(&self) -> Option<f64> {
        self.payload.get("exp").and_then(Value::as_f64)
    }

    /// Whether it calls itself another kind than a session token: an OAuth access token by `typ` (RFC 9068), a
    /// machine's by `sub`, or any category but the session's. Without a signature type and subject say nothing, as at
    /// Clerk: such a token cannot be genuine.
    #[must_use]
    pub fn is_other_than_session_token(&self) -> bool {
        if self.text.ends_with('.') {
            return self.is_of_foreign_category();
        }
        let is_oauth = matches!(
            self.header.get("typ").and_then(Value::as_str),
            Some("at+jwt" | "application/at+jwt")
        );
        let is_machine = self
            .payload
            .get("sub")
            .and_then(Value::as_str)
            .is_some_and(|sub| sub.starts_with("mch_"));
        is_oauth || is_machine || self.is_of_foreign_category()
    }

    /// Whether `cat` is present and names neither sessions nor nothing in particular.
    pub(super) fn is_of_foreign_category(&self) -> bool {
        self.header
            .get("cat")
            .is_some_and(|category| !matches!(category.as_str(), Some(SESSION_CATEGORY | IGNORED_CATEGORY)))
    }

    /// Whether it calls itself a machine's token. It is refused before any key is looked for.
    pub(crate) fn is_of_machine_category(&self) -> bool {
        self.header.get("cat").and_then(Value::as_str) == Some(M2M_CATEGORY)
    }

    pub(super) fn signed_part(&self) -> &'t str {
        self.signed_part
    }

    pub(super) fn signature(&self) -> &[u8] {
        &self.signature
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

fn bytes(part: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(part.trim_end_matches('=')).ok()
}

fn object(part: &str) -> Option<Map<String, Value>> {
    let bytes = bytes(part)?;
    // Bytes that are not UTF-8 become replacement characters and a byte order mark is dropped, as in Clerk's decoder; the
    // signature covers the bytes.
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
    fn three_parts_of_base64url() {
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
    fn parts_are_objects() {
        for json in ["null", "1", "\"x\"", "[]", "{", ""] {
            assert!(UnverifiedToken::decode(&token(json, "{}")).is_err(), "header {json}");
            assert!(UnverifiedToken::decode(&token("{}", json)).is_err(), "payload {json}");
        }
    }

    #[test]
    fn other_kinds_are_noticed() {
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
