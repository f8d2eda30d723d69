//! [`WebhookVerifier`]: the secrets, and the check of a delivery.

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::hmac;
use http::HeaderMap;

use super::fields::Fields;
use super::{WebhookDelivery, WebhookError, signature};
use crate::clock::UnixTime;
use crate::instance::{ConfigError, Setting, parse_webhook_secrets, process_variable};

/// Verifies deliveries of Clerk's webhooks. Cloning is cheap.
///
/// ```
/// use portal_sdk::webhook::WebhookVerifier;
///
/// let verifier = WebhookVerifier::new("whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD")?;
/// assert!(!format!("{verifier:?}").contains("C2FV"));
/// # Ok::<(), portal_sdk::instance::ConfigError>(())
/// ```
#[derive(Clone)]
pub struct WebhookVerifier {
    keys: Arc<[hmac::Key]>,
}

impl WebhookVerifier {
    /// Creates a verifier with the secret in `CLERK_WEBHOOK_SIGNING_SECRET`.
    ///
    /// # Errors
    ///
    /// Returns [`ConfigError`] if the variable is unset or empty, is not UTF-8, or holds a malformed secret.
    pub fn from_env() -> Result<Self, ConfigError> {
        Self::from_variable(process_variable)
    }

    fn from_variable<F>(variable: F) -> Result<Self, ConfigError>
    where
        F: FnOnce(&'static str) -> Result<Option<String>, ConfigError>,
    {
        let setting = Setting::WebhookSigningSecret;
        let secret = variable(setting.name())?.filter(|secret| !secret.trim().is_empty());
        Self::new(&secret.ok_or(ConfigError::Missing {
            setting,
            expected: "whsec_… from the endpoint's page in the Clerk dashboard or from the local portal's first lines",
        })?)
    }

    /// Creates a verifier with a secret, `whsec_…`, or several with commas between.
    ///
    /// # Errors
    ///
    /// Returns [`ConfigError::WebhookSecret`] if a secret is malformed. The error does not contain it.
    pub fn new(secrets: &str) -> Result<Self, ConfigError> {
        let secrets = parse_webhook_secrets(secrets)?;
        Ok(Self {
            keys: secrets.iter().map(|secret| signature::key(secret)).collect(),
        })
    }

    /// Verifies a delivery and reads its event. See the [module](super) for the rules.
    ///
    /// `body` is the whole body as it was sent. `now` is the current time, which the timestamp is compared with.
    ///
    /// # Errors
    ///
    /// Returns [`WebhookError`] if a field is missing or malformed, the timestamp is more than five minutes away from `now`,
    /// no signature matches, or the body is not an event. An event of an unknown type is not an error.
    pub fn verify(&self, headers: &HeaderMap, body: &[u8], now: UnixTime) -> Result<WebhookDelivery, WebhookError> {
        let fields = Fields::read(headers, now)?;
        if !self.has_signed(&fields, body) {
            return Err(WebhookError::Signature);
        }
        WebhookDelivery::read(&fields, body).ok_or(WebhookError::Payload)
    }

    fn has_signed(&self, fields: &Fields<'_>, body: &[u8]) -> bool {
        self.keys.iter().any(|key| {
            let expected = signature::sign(key, fields.id, fields.timestamp, body);
            fields.signatures().any(|found| signature::is_equal(&expected, found))
        })
    }
}

impl fmt::Debug for WebhookVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebhookVerifier")
            .field("secrets", &self.keys.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variable_is_named_if_it_is_unset_or_malformed() {
        for (value, expected) in [
            (None, "CLERK_WEBHOOK_SIGNING_SECRET is not set; expected whsec_… from"),
            (
                Some(" "),
                "CLERK_WEBHOOK_SIGNING_SECRET is not set; expected whsec_… from",
            ),
            (
                Some("hunter2"),
                "CLERK_WEBHOOK_SIGNING_SECRET: expected a signing secret that starts with whsec_, found 7 bytes",
            ),
            (
                Some("whsec_hunter2!"),
                "CLERK_WEBHOOK_SIGNING_SECRET: expected base64 after whsec_, found other characters",
            ),
        ] {
            let error = WebhookVerifier::from_variable(|name| {
                assert_eq!(name, "CLERK_WEBHOOK_SIGNING_SECRET");
                Ok(value.map(str::to_owned))
            });
            let error = error.unwrap_err().to_string();
            assert!(error.starts_with(expected) && !error.contains("hunter2"), "{error}");
        }
        let error = WebhookVerifier::from_variable(|name| Err(ConfigError::NotUnicode { name })).unwrap_err();
        assert_eq!(error.to_string(), "CLERK_WEBHOOK_SIGNING_SECRET: expected UTF-8");
    }

    #[test]
    fn secret_with_a_trailing_line_feed_is_accepted() {
        let secret = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD\n";
        assert!(WebhookVerifier::from_variable(|_| Ok(Some(secret.to_owned()))).is_ok());
    }
}
