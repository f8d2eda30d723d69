//! The signature of a delivery (Standard Webhooks, version 1).

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::hmac::{Context, HMAC_SHA256, Key};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Returns the key of a secret.
pub(crate) fn key(secret: &[u8]) -> Key {
    Key::new(HMAC_SHA256, secret)
}

/// Returns the base64 of the signature over `{id}.{timestamp}.{body}`.
pub(crate) fn sign(key: &Key, id: &str, timestamp: i64, body: &[u8]) -> String {
    let mut context = Context::with_key(key);
    let timestamp = timestamp.to_string();
    for part in [id.as_bytes(), b".", timestamp.as_bytes(), b".", body] {
        context.update(part);
    }
    STANDARD.encode(context.sign())
}

/// Compares signatures in base64, in constant time, so that the time does not reveal how many characters match.
pub(super) fn is_equal(expected: &str, found: &[u8]) -> bool {
    verify_slices_are_equal(expected.as_bytes(), found).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the documentation of Svix: docs.svix.com, "Verifying webhooks manually".
    #[test]
    fn signature_is_that_of_the_published_example() {
        let secret = STANDARD.decode("plJ3nmyCDGBKInavdOK15jsl").unwrap();
        let body = br#"{"event_type":"ping","data":{"success":true}}"#;
        let signature = sign(&key(&secret), "msg_loFOjxBNrRLzqYUf", 1_731_705_121, body);
        assert_eq!(signature, "rAvfW3dJ/X/qxhsaXPOyyCGmRKsaKWcsNccKXlIktD0=");
        assert!(is_equal(&signature, signature.as_bytes()));
        assert!(!is_equal(&signature, &signature.as_bytes()[..43]));
        assert!(!is_equal(&signature, signature.to_lowercase().as_bytes()));
    }
}
