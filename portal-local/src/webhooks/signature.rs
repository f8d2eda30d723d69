//! The signature of a message, by the rule of Standard Webhooks
//! (<https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md>).

use aws_lc_rs::hmac;
use data_encoding::BASE64;
use portal_sdk::secret::Secret;

/// The key in a secret `whsec_…`.
pub(super) struct SigningKey(hmac::Key);

impl SigningKey {
    /// Returns `None` if the secret is not `whsec_` with Base64.
    pub(super) fn parse(secret: &Secret) -> Option<Self> {
        let encoded = secret.expose().strip_prefix("whsec_")?;
        let bytes = BASE64.decode(encoded.as_bytes()).ok()?;
        Some(Self(hmac::Key::new(hmac::HMAC_SHA256, &bytes)))
    }

    /// The value of `svix-signature`.
    pub(super) fn sign(&self, message_id: &str, timestamp_secs: i64, body: &str) -> String {
        let signed = format!("{message_id}.{timestamp_secs}.{body}");
        let tag = hmac::sign(&self.0, signed.as_bytes());
        format!("v1,{}", BASE64.encode(tag.as_ref()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of Svix's documentation: <https://docs.svix.com/receiving/verifying-payloads/how-manual>.
    #[test]
    fn signature_is_that_of_the_documented_example() {
        let secret = Secret::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
        let key = SigningKey::parse(&secret).unwrap();
        assert_eq!(
            key.sign("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, r#"{"test": 2432232314}"#),
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
        );
    }

    #[test]
    fn malformed_secret_gives_no_key() {
        for text in ["", "whsec_?", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"] {
            assert!(SigningKey::parse(&Secret::new(text)).is_none(), "{text}");
        }
    }
}
