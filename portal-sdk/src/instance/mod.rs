//! The settings of one Clerk application, checked once: [`Instance`].

mod builder;
mod env;
mod error;
mod frontend_api;
mod issuers;
mod organization_patterns;
mod origin;
mod parse;
mod public_origins;
mod publishable_key;
mod redact;
mod satellite;
mod secret_key;
mod webhook_secret;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use url::Url;

pub use builder::InstanceBuilder;
pub(crate) use env::process_variable;
pub use error::{ConfigError, Setting};
pub(crate) use frontend_api::with_scheme;
pub use frontend_api::{FrontendApi, ProxyUrl};
pub(crate) use organization_patterns::{OrganizationPatterns, OrganizationTarget};
pub use origin::{Origin, OriginError};
pub(crate) use origin::{is_loopback, is_same_origin};
pub use public_origins::PublicOrigins;
pub(crate) use public_origins::{base_path, join_below};
pub use publishable_key::{InstanceType, PublishableKey, PublishableKeyError};
pub(crate) use redact::without_user_info;
pub use satellite::Satellite;
pub use secret_key::{SecretKey, SecretKeyError};
pub use webhook_secret::WebhookSecretError;
pub(crate) use webhook_secret::parse_webhook_secrets;

use crate::key::VerifyingKey;

/// One Clerk application in one environment: its keys and settings.
///
/// Build it once at start-up, with [`Instance::builder`] or [`Instance::from_env`], which check every setting. Cloning
/// is cheap.
///
/// ```
/// use portal_sdk::instance::Instance;
///
/// let instance = Instance::builder("pk_live_Y2xlcmsuZXhhbXBsZS5jb20k", "sk_live_example")
///     .proxy_url("/__clerk")
///     .build()?;
/// assert_eq!(instance.frontend_api_base("https://app.example.com"), "https://app.example.com/__clerk");
/// # Ok::<(), portal_sdk::instance::ConfigError>(())
/// ```
#[derive(Clone)]
pub struct Instance(Arc<Settings>);

struct Settings {
    publishable_key: PublishableKey,
    secret_key: SecretKey,
    api_url: Url,
    api_version: Box<str>,
    jwt_key: Option<VerifyingKey>,
    proxy_url: Option<ProxyUrl>,
    frontend_api_url: Option<Url>,
    satellite: Option<Satellite>,
    satellite_origins: Vec<Origin>,
    syncs_from_satellites_only: bool,
    public_origins: PublicOrigins,
    allowed_request_origins: Vec<Origin>,
    allowed_redirect_origins: Vec<Origin>,
    discovers_pages: bool,
    refreshes_on_get_only: bool,
    sign_in_url: Option<Box<str>>,
    sign_up_url: Option<Box<str>>,
    after_redirects: AfterRedirects,
    authorized_parties: Vec<Origin>,
    audience: Vec<Box<str>>,
    issuers: Vec<Box<str>>,
    clock_skew: Duration,
    organization_patterns: OrganizationPatterns,
    is_debug: bool,
}

/// The redirect targets after sign-in and sign-up: paths or absolute URLs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct AfterRedirects {
    pub(crate) sign_in_force: Option<Box<str>>,
    pub(crate) sign_in_fallback: Option<Box<str>>,
    pub(crate) sign_up_force: Option<Box<str>>,
    pub(crate) sign_up_fallback: Option<Box<str>>,
}

impl Instance {
    /// Starts a builder with the instance's two keys.
    pub fn builder(publishable_key: impl Into<String>, secret_key: impl Into<String>) -> InstanceBuilder {
        InstanceBuilder::new(publishable_key.into(), secret_key.into())
    }

    /// Reads the `CLERK_*` variables of the process; see [`InstanceBuilder::from_env`].
    ///
    /// # Errors
    ///
    /// Returns [`ConfigError`] for the first invalid variable, with its name, the expected and the found value.
    pub fn from_env() -> Result<Self, ConfigError> {
        InstanceBuilder::from_env()?.build()
    }

    /// The publishable key.
    #[must_use]
    pub fn publishable_key(&self) -> &PublishableKey {
        &self.0.publishable_key
    }

    /// The secret key.
    #[must_use]
    pub fn secret_key(&self) -> &SecretKey {
        &self.0.secret_key
    }

    /// Development or production, by the prefix of the keys.
    #[must_use]
    pub fn instance_type(&self) -> InstanceType {
        self.0.publishable_key.instance_type()
    }

    /// Returns `true` for a development instance.
    #[must_use]
    pub fn is_development(&self) -> bool {
        self.instance_type() == InstanceType::Development
    }

    /// The Backend API's base URL, without the version.
    #[must_use]
    pub fn api_url(&self) -> &Url {
        &self.0.api_url
    }

    /// The Backend API's version as a path segment, such as `v1`.
    #[must_use]
    pub fn api_version(&self) -> &str {
        &self.0.api_version
    }

    /// The configured key that verifies session tokens. With it, keys are not fetched.
    #[must_use]
    pub fn jwt_key(&self) -> Option<&VerifyingKey> {
        self.0.jwt_key.as_ref()
    }

    /// The Frontend API proxy.
    #[must_use]
    pub fn proxy_url(&self) -> Option<&ProxyUrl> {
        self.0.proxy_url.as_ref()
    }

    /// The configured URL that a proxy forwards Frontend API requests to.
    fn frontend_api_url(&self) -> Option<&Url> {
        self.0.frontend_api_url.as_ref()
    }

    /// The satellite's settings, or `None` for a primary application.
    #[must_use]
    pub fn satellite(&self) -> Option<&Satellite> {
        self.0.satellite.as_ref()
    }

    /// Returns `true` for a satellite.
    #[must_use]
    pub fn is_satellite(&self) -> bool {
        self.0.satellite.is_some()
    }

    /// The satellites that may get the development browser's token.
    #[must_use]
    pub fn satellite_origins(&self) -> &[Origin] {
        &self.0.satellite_origins
    }

    /// Returns `true` if only links from [`satellite_origins`](Self::satellite_origins) cause a handshake.
    #[must_use]
    pub fn syncs_from_satellites_only(&self) -> bool {
        self.0.syncs_from_satellites_only
    }

    /// The application's own origins.
    #[must_use]
    pub fn public_origins(&self) -> &PublicOrigins {
        &self.0.public_origins
    }

    /// Other origins whose pages may send state-changing requests with cookies.
    #[must_use]
    pub fn allowed_request_origins(&self) -> &[Origin] {
        &self.0.allowed_request_origins
    }

    /// Other origins that the portal may send users back to.
    #[must_use]
    pub fn allowed_redirect_origins(&self) -> &[Origin] {
        &self.0.allowed_redirect_origins
    }

    /// Returns `true` if the portal's page URLs are read from the instance.
    #[must_use]
    pub fn discovers_pages(&self) -> bool {
        self.0.discovers_pages
    }

    /// Returns `true` if an expired session is refreshed for GET requests only.
    #[must_use]
    pub fn refreshes_on_get_only(&self) -> bool {
        self.0.refreshes_on_get_only
    }

    /// The application's own sign-in page: a path or an absolute URL.
    #[must_use]
    pub fn sign_in_url(&self) -> Option<&str> {
        self.0.sign_in_url.as_deref()
    }

    /// The application's own sign-up page: a path or an absolute URL.
    #[must_use]
    pub fn sign_up_url(&self) -> Option<&str> {
        self.0.sign_up_url.as_deref()
    }

    /// The forced redirect target after sign-in: a path or an absolute URL.
    #[must_use]
    pub fn sign_in_force_redirect_url(&self) -> Option<&str> {
        self.0.after_redirects.sign_in_force.as_deref()
    }

    /// The default redirect target after sign-in: a path or an absolute URL.
    #[must_use]
    pub fn sign_in_fallback_redirect_url(&self) -> Option<&str> {
        self.0.after_redirects.sign_in_fallback.as_deref()
    }

    /// The forced redirect target after sign-up: a path or an absolute URL.
    #[must_use]
    pub fn sign_up_force_redirect_url(&self) -> Option<&str> {
        self.0.after_redirects.sign_up_force.as_deref()
    }

    /// The default redirect target after sign-up: a path or an absolute URL.
    #[must_use]
    pub fn sign_up_fallback_redirect_url(&self) -> Option<&str> {
        self.0.after_redirects.sign_up_fallback.as_deref()
    }

    pub(crate) fn after_redirects(&self) -> &AfterRedirects {
        &self.0.after_redirects
    }

    /// Origins whose tokens are accepted (claim `azp`); empty accepts all.
    #[must_use]
    pub fn authorized_parties(&self) -> &[Origin] {
        &self.0.authorized_parties
    }

    /// Accepted audiences (claim `aud`); empty accepts all. A token without the claim is accepted too.
    #[must_use]
    pub fn audience(&self) -> impl ExactSizeIterator<Item = &str> {
        self.accepted_audience().iter().map(AsRef::as_ref)
    }

    pub(crate) fn accepted_audience(&self) -> &[Box<str>] {
        &self.0.audience
    }

    /// Accepted issuers (claim `iss`): those of the builder, else the URLs of the Frontend API.
    ///
    /// Empty accepts all. It is empty if these URLs cannot be derived; see
    /// [`InstanceBuilder::issuers`](InstanceBuilder::issuers).
    #[must_use]
    pub fn issuers(&self) -> impl ExactSizeIterator<Item = &str> {
        self.accepted_issuers().iter().map(AsRef::as_ref)
    }

    pub(crate) fn accepted_issuers(&self) -> &[Box<str>] {
        &self.0.issuers
    }

    /// The tolerated difference between this machine's clock and Clerk's.
    #[must_use]
    pub fn clock_skew(&self) -> Duration {
        self.0.clock_skew
    }

    /// The paths that name an organization or the personal account.
    pub(crate) fn organization_patterns(&self) -> &OrganizationPatterns {
        &self.0.organization_patterns
    }

    /// Returns `true` if responses carry `x-clerk-auth-message`.
    #[must_use]
    pub fn is_debug(&self) -> bool {
        self.0.is_debug
    }
}

impl fmt::Debug for Instance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Instance")
            .field("publishable_key", &self.0.publishable_key)
            .field("secret_key", &self.0.secret_key)
            .field("api_url", &self.0.api_url.as_str())
            .field("proxy_url", &self.0.proxy_url)
            .field("satellite", &self.0.satellite)
            .field("sign_in_url", &self.0.sign_in_url)
            .field("sign_up_url", &self.0.sign_up_url)
            .finish_non_exhaustive()
    }
}
