//! [`ConfigError`]: errors that an operator can fix at start-up.

use std::fmt;

use serde::{Serialize, Serializer};

use super::redact::redacted;
use super::{PublishableKeyError, SecretKeyError, WebhookSecretError};

/// A setting of an [`Instance`](super::Instance) or of its webhooks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Setting {
    /// `CLERK_PUBLISHABLE_KEY`
    PublishableKey,
    /// `CLERK_SECRET_KEY`
    SecretKey,
    /// `CLERK_API_URL`
    ApiUrl,
    /// `CLERK_API_VERSION`
    ApiVersion,
    /// `CLERK_JWT_KEY`
    JwtKey,
    /// `CLERK_PROXY_URL`
    ProxyUrl,
    /// `CLERK_FAPI_URL`
    FrontendApiUrl,
    /// `CLERK_DOMAIN`
    Domain,
    /// `CLERK_IS_SATELLITE`
    IsSatellite,
    /// `CLERK_SIGN_IN_URL`
    SignInUrl,
    /// `CLERK_SIGN_UP_URL`
    SignUpUrl,
    /// `CLERK_SIGN_IN_FORCE_REDIRECT_URL`
    SignInForceRedirectUrl,
    /// `CLERK_SIGN_IN_FALLBACK_REDIRECT_URL`, formerly `CLERK_AFTER_SIGN_IN_URL`
    SignInFallbackRedirectUrl,
    /// `CLERK_SIGN_UP_FORCE_REDIRECT_URL`
    SignUpForceRedirectUrl,
    /// `CLERK_SIGN_UP_FALLBACK_REDIRECT_URL`, formerly `CLERK_AFTER_SIGN_UP_URL`
    SignUpFallbackRedirectUrl,
    /// The builder's `satellite_origins`
    SatelliteOrigins,
    /// `PORTAL_PUBLIC_ORIGIN`
    PublicOrigin,
    /// `PORTAL_TRUSTED_ORIGINS`
    TrustedOrigins,
    /// `PORTAL_AUTHORIZED_PARTIES`
    AuthorizedParties,
    /// The builder's `audience`
    Audience,
    /// `PORTAL_ISSUERS`
    Issuers,
    /// The builder's `allowed_request_origins`
    AllowedRequestOrigins,
    /// The builder's `allowed_redirect_origins`
    AllowedRedirectOrigins,
    /// The builder's `organization_patterns`
    OrganizationPatterns,
    /// The builder's `personal_account_patterns`
    PersonalAccountPatterns,
    /// `CLERK_WEBHOOK_SIGNING_SECRET`, which [`WebhookVerifier`](crate::webhook::WebhookVerifier) reads
    WebhookSigningSecret,
    /// `PORTAL_REDIS_URL`
    RedisUrl,
    /// The fleet builder's `prefix`
    RedisPrefix,
}

impl Setting {
    /// The environment variable, or the builder's setter if there is no variable.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::PublishableKey => "CLERK_PUBLISHABLE_KEY",
            Self::SecretKey => "CLERK_SECRET_KEY",
            Self::ApiUrl => "CLERK_API_URL",
            Self::ApiVersion => "CLERK_API_VERSION",
            Self::JwtKey => "CLERK_JWT_KEY",
            Self::ProxyUrl => "CLERK_PROXY_URL",
            Self::FrontendApiUrl => "CLERK_FAPI_URL",
            Self::Domain => "CLERK_DOMAIN",
            Self::IsSatellite => "CLERK_IS_SATELLITE",
            Self::SignInUrl => "CLERK_SIGN_IN_URL",
            Self::SignUpUrl => "CLERK_SIGN_UP_URL",
            Self::SignInForceRedirectUrl => "CLERK_SIGN_IN_FORCE_REDIRECT_URL",
            Self::SignInFallbackRedirectUrl => "CLERK_SIGN_IN_FALLBACK_REDIRECT_URL",
            Self::SignUpForceRedirectUrl => "CLERK_SIGN_UP_FORCE_REDIRECT_URL",
            Self::SignUpFallbackRedirectUrl => "CLERK_SIGN_UP_FALLBACK_REDIRECT_URL",
            Self::SatelliteOrigins => "satellite_origins",
            Self::PublicOrigin => "PORTAL_PUBLIC_ORIGIN",
            Self::TrustedOrigins => "PORTAL_TRUSTED_ORIGINS",
            Self::AuthorizedParties => "PORTAL_AUTHORIZED_PARTIES",
            Self::Audience => "audience",
            Self::Issuers => "PORTAL_ISSUERS",
            Self::AllowedRequestOrigins => "allowed_request_origins",
            Self::AllowedRedirectOrigins => "allowed_redirect_origins",
            Self::OrganizationPatterns => "organization_patterns",
            Self::PersonalAccountPatterns => "personal_account_patterns",
            Self::WebhookSigningSecret => "CLERK_WEBHOOK_SIGNING_SECRET",
            Self::RedisUrl => "PORTAL_REDIS_URL",
            Self::RedisPrefix => "prefix",
        }
    }

    /// The builder's setter, for variables that only this crate reads.
    fn setter(self) -> Option<&'static str> {
        match self {
            Self::PublicOrigin => Some("public_origin"),
            Self::TrustedOrigins => Some("trusted_origins"),
            Self::AuthorizedParties => Some("authorized_parties"),
            Self::Issuers => Some("issuers"),
            Self::RedisUrl => Some("RedisFleet::connect"),
            _ => None,
        }
    }
}

/// The [`name`](Setting::name).
impl Serialize for Setting {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl fmt::Display for Setting {
    /// Writes the [`name`](Setting::name). This crate's own variables follow their setter, as in
    /// `public_origin (PORTAL_PUBLIC_ORIGIN)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.setter() {
            Some(setter) => write!(f, "{setter} ({})", self.name()),
            None => f.write_str(self.name()),
        }
    }
}

/// The error of an [`Instance`](super::Instance) or a webhook's verifier that cannot be built.
///
/// Every message names the setting, the expected and the found value, without secrets. Causes are part of the message
/// and in the variant's field, so that [`source`](std::error::Error::source) is `None`.
///
/// `Debug` prints the message too, for a `main` that returns the error.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// A required setting is missing.
    #[error("{setting} is not set; expected {expected}")]
    Missing {
        /// The setting.
        setting: Setting,
        /// The expected value.
        expected: &'static str,
    },
    /// The publishable key is malformed.
    #[error("CLERK_PUBLISHABLE_KEY: {0}")]
    PublishableKey(PublishableKeyError),
    /// The secret key is malformed.
    #[error("CLERK_SECRET_KEY: {0}")]
    SecretKey(SecretKeyError),
    /// One key is for development, the other for production.
    #[error(
        "CLERK_SECRET_KEY is a {secret_key} key but CLERK_PUBLISHABLE_KEY is a {publishable_key} key; \
         copy both from the same instance"
    )]
    MismatchedKeys {
        /// `development` or `production`.
        publishable_key: &'static str,
        /// `development` or `production`.
        secret_key: &'static str,
    },
    /// A setting has an invalid value.
    #[error("{setting}: expected {expected}, found {found:?}")]
    Invalid {
        /// The setting.
        setting: Setting,
        /// The value. A secret in it is replaced by its kind.
        found: String,
        /// The expected value.
        expected: &'static str,
    },
    /// The PEM key is invalid.
    #[error("CLERK_JWT_KEY: {problem}; expected an RSA public key of at least 2048 bits in PEM (BEGIN PUBLIC KEY)")]
    JwtKey {
        /// The reason.
        problem: &'static str,
    },
    /// An organization pattern is invalid.
    #[error("{setting}: pattern {pattern:?}: {problem}")]
    Pattern {
        /// The list that holds the pattern.
        setting: Setting,
        /// The pattern.
        pattern: String,
        /// The reason.
        problem: String,
    },
    /// `CLERK_IS_SATELLITE` is set without a domain and a proxy URL.
    #[error("CLERK_IS_SATELLITE: expected CLERK_DOMAIN or CLERK_PROXY_URL to be set too")]
    SatelliteWithoutDomain,
    /// A satellite's sign-in page is on the satellite, or a development satellite has none.
    #[error(
        "CLERK_SIGN_IN_URL: expected an absolute http(s) URL on the primary application of this satellite (a production \
         satellite may leave it out), found {found:?}"
    )]
    SatelliteSignInUrl {
        /// The value of `CLERK_SIGN_IN_URL`.
        found: Option<String>,
    },
    /// The signing secret of webhooks is malformed.
    #[error("CLERK_WEBHOOK_SIGNING_SECRET: {0}")]
    WebhookSecret(WebhookSecretError),
    /// An environment variable is not UTF-8.
    #[error("{name}: expected UTF-8")]
    NotUnicode {
        /// The variable.
        name: &'static str,
    },
}

impl fmt::Debug for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ConfigError: {self}")
    }
}

impl ConfigError {
    /// Creates an [`Invalid`](Self::Invalid) that shows `found` without secrets.
    pub(crate) fn invalid(setting: Setting, found: &str, expected: &'static str) -> Self {
        Self::Invalid {
            setting,
            found: redacted(found),
            expected,
        }
    }
}

impl From<PublishableKeyError> for ConfigError {
    fn from(error: PublishableKeyError) -> Self {
        Self::PublishableKey(error)
    }
}

impl From<SecretKeyError> for ConfigError {
    fn from(error: SecretKeyError) -> Self {
        Self::SecretKey(error)
    }
}

impl From<WebhookSecretError> for ConfigError {
    fn from(error: WebhookSecretError) -> Self {
        Self::WebhookSecret(error)
    }
}
