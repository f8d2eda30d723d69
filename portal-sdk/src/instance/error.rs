//! [`ConfigError`]: what you can mend, at start-up.

use std::fmt;

use super::redact::redacted;
use super::{PublishableKeyError, SecretKeyError};

/// A setting of an [`Instance`](super::Instance), by the environment variable that holds it and the builder's setter.
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
    /// The builder's `issuers`
    Issuers,
    /// The builder's `allowed_request_origins`
    AllowedRequestOrigins,
    /// The builder's `allowed_redirect_origins`
    AllowedRedirectOrigins,
    /// The builder's `organization_patterns`
    OrganizationPatterns,
    /// The builder's `personal_account_patterns`
    PersonalAccountPatterns,
}

impl Setting {
    /// The environment variable, where there is one; otherwise the builder's setter.
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
            Self::Issuers => "issuers",
            Self::AllowedRequestOrigins => "allowed_request_origins",
            Self::AllowedRedirectOrigins => "allowed_redirect_origins",
            Self::OrganizationPatterns => "organization_patterns",
            Self::PersonalAccountPatterns => "personal_account_patterns",
        }
    }

    /// The builder's setter of a variable that only this crate reads.
    fn setter(self) -> Option<&'static str> {
        match self {
            Self::PublicOrigin => Some("public_origin"),
            Self::TrustedOrigins => Some("trusted_origins"),
            Self::AuthorizedParties => Some("authorized_parties"),
            _ => None,
        }
    }
}

impl fmt::Display for Setting {
    /// The [`name`](Setting::name). Variables that other SDKs do not know follow their setter, as in
    /// `public_origin (PORTAL_PUBLIC_ORIGIN)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.setter() {
            Some(setter) => write!(f, "{setter} ({})", self.name()),
            None => f.write_str(self.name()),
        }
    }
}

/// Why an [`Instance`](super::Instance) cannot be built. Every message names the setting and says what was expected;
/// secrets are never shown.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// A setting without which nothing works is absent.
    #[error("{setting} is not set; expected {expected}")]
    Missing {
        /// The setting.
        setting: Setting,
        /// What belongs there.
        expected: &'static str,
    },
    /// The publishable key is none.
    #[error("CLERK_PUBLISHABLE_KEY: {0}")]
    PublishableKey(#[from] PublishableKeyError),
    /// The secret key is none.
    #[error("CLERK_SECRET_KEY: {0}")]
    SecretKey(#[from] SecretKeyError),
    /// The two keys belong to different environments, so nothing signed by one could be read by the other.
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
    /// A setting holds something else than it should.
    #[error("{setting}: found {found:?}; expected {expected}")]
    Invalid {
        /// The setting.
        setting: Setting,
        /// The value. A secret in it is replaced by what it is.
        found: Box<str>,
        /// What belongs there.
        expected: &'static str,
    },
    /// The PEM key cannot be used.
    #[error("CLERK_JWT_KEY: {problem}; expected an RSA public key of at least 2048 bits in PEM (BEGIN PUBLIC KEY)")]
    JwtKey {
        /// What is wrong with it.
        problem: &'static str,
    },
    /// An organization pattern cannot be used.
    #[error("{setting}: pattern {pattern:?}: {problem}")]
    Pattern {
        /// Which list the pattern is in.
        setting: Setting,
        /// The pattern.
        pattern: Box<str>,
        /// What is wrong with it.
        problem: Box<str>,
    },
    /// A satellite must be told where it lives.
    #[error("CLERK_IS_SATELLITE is set; expected CLERK_DOMAIN (its own domain) or CLERK_PROXY_URL beside it")]
    SatelliteWithoutDomain,
    /// A satellite's people sign in on the primary, and a development satellite must be told where that is.
    #[error(
        "CLERK_IS_SATELLITE is set; expected CLERK_SIGN_IN_URL to be an absolute http(s) address on the primary \
         application, not on the satellite itself (a production satellite may leave it out), found {found:?}"
    )]
    SatelliteSignInUrl {
        /// What `CLERK_SIGN_IN_URL` holds.
        found: Option<Box<str>>,
    },
    /// An environment variable does not hold text.
    #[error("{name} holds bytes that are not UTF-8")]
    NotUnicode {
        /// The variable.
        name: &'static str,
    },
}

impl ConfigError {
    /// [`Invalid`](Self::Invalid) with as much of the value `found` as may be shown.
    pub(super) fn invalid(setting: Setting, found: &str, expected: &'static str) -> Self {
        Self::Invalid {
            setting,
            found: redacted(found),
            expected,
        }
    }
}
