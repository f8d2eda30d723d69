//! The signing secrets of webhooks, parsed once.

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

const PREFIX: &str = "whsec_";
/// The minimum length of a secret: 192 bits (Standard Webhooks, "Signature scheme").
const MIN_BYTES: usize = 24;

/// Reads secrets with and without padding, and ignores the last bits, as Clerk's package does.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// Parses one secret, or several with commas between, into the bytes of their keys. The list is never empty.
///
/// # Errors
///
/// Returns [`WebhookSecretError`] if one of them is malformed.
pub(crate) fn parse_webhook_secrets(text: &str) -> Result<Vec<Vec<u8>>, WebhookSecretError> {
    // A comma can separate secrets, because base64 contains none.
    text.split(',').map(|secret| parse(secret.trim())).collect()
}

fn parse(secret: &str) -> Result<Vec<u8>, WebhookSecretError> {
    if secret.is_empty() {
        return Err(WebhookSecretError::Missing);
    }
    let Some(encoded) = secret.strip_prefix(PREFIX) else {
        return Err(WebhookSecretError::Prefix { length: secret.len() });
    };
    let key = BASE64.decode(encoded).map_err(|_| WebhookSecretError::Base64)?;
    match key.len() {
        length if length < MIN_BYTES => Err(WebhookSecretError::Short { length }),
        _ => Ok(key),
    }
}

/// The error of a string that is not a signing secret of webhooks. No variant contains the string.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WebhookSecretError {
    /// The string, or an entry of the list, is empty.
    #[error(
        "expected a signing secret, found an empty string; copy it from the endpoint's page in the Clerk dashboard"
    )]
    Missing,
    /// The prefix is unknown.
    #[error(
        "expected a signing secret that starts with whsec_, found {length} bytes that do not (not shown); copy the secret \
         again, without quotes"
    )]
    Prefix {
        /// The length of the string in bytes.
        length: usize,
    },
    /// The text after the prefix is not base64.
    #[error("expected base64 after whsec_, found other characters (not shown); copy the secret again")]
    Base64,
    /// The secret is too short to be safe.
    #[error("expected a secret of at least {MIN_BYTES} bytes, found {length}; copy the whole secret")]
    Short {
        /// The length of the decoded secret in bytes.
        length: usize,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secret_is_read_with_and_without_padding() {
        // 25 bytes have two characters of padding.
        let padded = format!("whsec_{}", BASE64.encode([7; 25]));
        assert!(padded.ends_with("=="));
        for text in [&*padded, padded.trim_end_matches('='), &format!(" {padded}\n")] {
            assert_eq!(parse_webhook_secrets(text).unwrap(), [[7; 25]], "{text:?}");
        }
    }

    #[test]
    fn secrets_with_commas_between_are_a_list() {
        let secret = |byte| format!("whsec_{}", BASE64.encode([byte; 32]));
        let text = format!("{}, {}", secret(1), secret(2));
        assert_eq!(parse_webhook_secrets(&text).unwrap(), [[1; 32], [2; 32]]);
    }

    #[test]
    fn malformed_secret_is_refused_and_not_shown() {
        let short = BASE64.encode([1; 23]);
        let url_safe = format!("whsec_{}", "hunter2-".repeat(4));
        let listed = format!("whsec_{},", BASE64.encode([1; 24]));
        for (text, error) in [
            ("", WebhookSecretError::Missing),
            (" \n", WebhookSecretError::Missing),
            (&*listed, WebhookSecretError::Missing),
            ("hunter2", WebhookSecretError::Prefix { length: 7 }),
            ("sk_test_hunter2", WebhookSecretError::Prefix { length: 15 }),
            ("WHSEC_hunter2", WebhookSecretError::Prefix { length: 13 }),
            ("whsec_", WebhookSecretError::Short { length: 0 }),
            ("whsec_hunter2!", WebhookSecretError::Base64),
            (&url_safe, WebhookSecretError::Base64),
            ("whsec_hunter2hunter2", WebhookSecretError::Short { length: 10 }),
            (&*format!("whsec_{short}"), WebhookSecretError::Short { length: 23 }),
        ] {
            let found = parse_webhook_secrets(text).unwrap_err();
            assert_eq!(found, error, "{text:?}");
            assert!(!format!("{found} {found:?}").contains("hunter2"), "{found}");
        }
    }
}
