//! [`WebhookError`]: why a delivery is not accepted.

/// The error of a request that is not a genuine delivery. Respond with 400, as applications with Clerk's package do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum WebhookError {
    /// A header field is missing or empty.
    #[error("the header {name} is missing; check that Clerk sent the request, and that proxies keep its fields")]
    MissingHeader {
        /// The field's name.
        name: &'static str,
    },
    /// The ID is malformed or repeated.
    #[error("the ID is malformed: expected one field of at most 256 visible ASCII characters without a full stop")]
    Id,
    /// The timestamp is malformed or repeated.
    #[error("the timestamp is malformed: expected one field with Unix seconds")]
    Timestamp,
    /// The timestamp is more than five minutes in the past.
    #[error("the delivery was sent more than five minutes ago; check this machine's clock")]
    TooOld,
    /// The timestamp is more than five minutes in the future.
    #[error("the delivery was sent more than five minutes in the future; check this machine's clock")]
    TooNew,
    /// No signature matches.
    #[error("no signature matches; check that CLERK_WEBHOOK_SIGNING_SECRET is the secret of this endpoint")]
    Signature,
    /// The body is genuine, but not an event.
    #[error("the body is not a JSON object with a type")]
    Payload,
}

impl WebhookError {
    /// Returns the error as a word, for metrics and log lines.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::MissingHeader { .. } => "webhook-header-missing",
            Self::Id => "webhook-id-invalid",
            Self::Timestamp => "webhook-timestamp-invalid",
            Self::TooOld => "webhook-too-old",
            Self::TooNew => "webhook-too-new",
            Self::Signature => "webhook-signature-invalid",
            Self::Payload => "webhook-payload-invalid",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_error_has_its_own_word() {
        let errors = [
            WebhookError::MissingHeader { name: "id" },
            WebhookError::Id,
            WebhookError::Timestamp,
            WebhookError::TooOld,
            WebhookError::TooNew,
            WebhookError::Signature,
            WebhookError::Payload,
        ];
        let words: std::collections::BTreeSet<_> = errors.iter().map(|error| error.as_str()).collect();
        assert_eq!(words.len(), errors.len());
        assert!(words.iter().all(|word| word.starts_with("webhook-")), "{words:?}");
        assert_eq!(WebhookError::Signature.as_str(), "webhook-signature-invalid");
    }
}
