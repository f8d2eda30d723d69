//! [`SecretKey`]: what authorises calls to the Backend API.

use std::fmt;
use std::str::FromStr;

use super::InstanceType;
use crate::secret::Secret;

/// An instance's secret key: `sk_test_…` or `sk_live_…`, or the older `test_…` and `live_…`.
///
/// # Security
///
/// `Debug` shows the prefix only. [`expose`](Self::expose) is the one way to the text.
#[derive(Clone)]
pub struct SecretKey {
    text: Secret,
    instance_type: InstanceType,
}

impl SecretKey {
    /// Development or production, by the prefix.
    #[must_use]
    pub fn instance_type(&self) -> InstanceType {
        self.instance_type
    }

    /// The key itself. Do not log it.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.text.expose()
    }
}

impl FromStr for SecretKey {
    type Err = SecretKeyError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.is_empty() {
            return Err(SecretKeyError::Missing);
        }
        let starts_with_one_of = |prefixes: [&str; 2]| {
            prefixes
                .iter()
                .any(|prefix| text.strip_prefix(prefix).is_some_and(|body| !body.is_empty()))
        };
        let instance_type = if starts_with_one_of(["sk_test_", "test_"]) {
            InstanceType::Development
        } else if starts_with_one_of(["sk_live_", "live_"]) {
            InstanceType::Production
        } else if text.starts_with("pk_") {
            return Err(SecretKeyError::PublishableKey);
        } else {
            return Err(SecretKeyError::Prefix { length: text.len() });
        };
        if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(SecretKeyError::Characters);
        }
        Ok(Self {
            text: Secret::new(text),
            instance_type,
        })
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let prefix = match self.instance_type {
            InstanceType::Development => "sk_test_",
            InstanceType::Production => "sk_live_",
        };
        write!(f, "SecretKey({prefix}[redacted])")
    }
}

/// Why a text is not a secret key. No variant carries the text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SecretKeyError {
    /// The text is empty.
    #[error("the secret key is empty; copy it from the API keys page of the Clerk dashboard")]
    Missing,
    /// The text is a publishable key.
    #[error(
        "found a publishable key (pk_…); expected a secret key, which starts with sk_test_ or sk_live_; if the \
         publishable key holds that one, the two keys are swapped"
    )]
    PublishableKey,
    /// The text starts otherwise.
    #[error(
        "found {length} characters that start otherwise (not shown); a secret key starts with sk_test_ or sk_live_"
    )]
    Prefix {
        /// How long the text is, in bytes.
        length: usize,
    },
    /// The text holds a character that cannot travel in a header.
    #[error("found white space or another character that a secret key (not shown) cannot hold")]
    Characters,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_decide_the_environment() {
        for (text, instance_type) in [
            ("sk_test_a", InstanceType::Development),
            ("test_a", InstanceType::Development),
            ("sk_live_a", InstanceType::Production),
            ("live_a", InstanceType::Production),
        ] {
            assert_eq!(text.parse::<SecretKey>().unwrap().instance_type(), instance_type);
        }
    }

    #[test]
    fn nothing_prints_the_key() {
        let key: SecretKey = "sk_test_hunter2".parse().unwrap();
        assert_eq!(format!("{key:?}"), "SecretKey(sk_test_[redacted])");
        for text in ["", "sk_test_", "hunter2", "pk_test_hunter2", "sk_live_hunter2\n"] {
            let error = text.parse::<SecretKey>().unwrap_err();
            assert!(!format!("{error} {error:?}").contains("hunter2"), "{error}");
        }
    }
}
