//! The settings of one Clerk application, validated once: [`Instance`].

mod builder;
mod env;
mod error;
mod frontend_api;
mod organization_patterns;
mod origin;
mod parse;
mod public_origins;
mod publishable_key;
mod redact;
mod secret_key;

use std::fmt;
use std::sync::Arc;

use url::Url;

pub use builder::InstanceBuilder;
pub use error::{ConfigError, Setting};
pub(crate) use frontend_api::with_scheme;
pub use frontend_api::{FrontendApi, ProxyUrl};
pub(crate) use organization_patterns::{OrganizationPatterns, OrganizationTarget};
pub(crate) use origin::is_loopback;
pub use public_origins::PublicOrigins;
pub(crate) use public_origins::{base_path, join_below};
pub use publishable_key::{InstanceType, PublishableKey, PublishableKeyError};
pub use secret_key::{SecretKey, SecretKeyError};

use crate::key::VerifyingKey;

/// One Clerk application in one environment: its keys and everything the request's decision depends on.
///
/// Cloning is cheap. Build it once, at start-up, with [`Instance::builder`] or [`Instance::from_env`]; what is wrong is
/// said then and never during a request.
///
/// ```
/// use portal_sdk::instance::Instance;
///
/// let instance = Instance::builder("pk_live_Y2xlcmsuZXhhbXBsZS5jb20k", "sk_live_…not-a-real-one…".replace('…', "x"))
///     .proxy_url("/__clerk")
///     .build()?;
/// assert_eq!(instance.frontend_api_base("https://app.example.com"), "https://app.example.com/__clerk");
/// # Ok::<(), portal_sdk::instance::ConfigError>(())
/// ```
#[derive(Clone)]
pub struct Instance(Arc<Settings>);

pub(crate) struct Settings {
    publishable_key: PublishableKey,
    secret_key: SecretKey,
    api_url: Url,
    api_version: Box<str>,
    jwt_key: Option<VerifyingKey>,
    proxy_url: Option<ProxyUrl>,
    frontend_api_url: Option<Url>,
    domain: Option<Box<str>>,
    is_satellite: bool,
    satellite_auto_sync: bool,
    satellite_origins: Vec<Box<str>>,
    syncs_from_satellites_only: bool,
    public_origins: PublicOrigins,
    allowed_request_origins: Vec<Box<str>>,
    allowed_redirect_origins: Vec<Box<str>>,
    discovers_pages: bool,
    refreshes_on_get_only: bool,
    sign_in_url: Option<Box<str>>,
    sign_up_url: Option<Box<str>>,
    redirects: AfterRedirects,
    authorized_parties: Vec<Box<str>>,
    audience: Vec<Box<str>>,
    issuers: Vec<Box<str>>,
    clock_skew_millis: i64,
    organization_patterns: OrganizationPatterns,
    debug: bool,
}

/// Where the portal sends people after sign-in and sign-up, as far as the application says so. Paths or addresses.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AfterRedirects {
    /// Where sign-in ends, whatever else is asked for.
    pub sign_in_force: Option<Box<str>>,
    /// Where sign-in ends if nothing else says so.
    pub sign_in_fallback: Option<Box<str>>,
    /// Where sign-up ends, whatever else is asked for.
    pub sign_up_force: Option<Box<str>>,
    /// Where sign-up ends if nothing else says so.
    pub sign_up_fallback: Option<Box<str>>,
}

impl Instance {
    /// Starts with the two keys every instance has. They are checked by [`InstanceBuilder::build`].
    pub fn builder(publishable_key: impl Into<String>, secret_key: impl Into<String>) -> InstanceBuilder {
        InstanceBuilder::new(publishable_key.into(), secret_key.into())
    }

    /// Reads the `CLERK_*` variables of the process; see [`InstanceBuilder::from_env`].
    ///
    /// # Errors
    ///
    /// [`ConfigError`] names the variable, what was found and what was expected.
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

    /// Development or production.
    #[must_use]
    pub fn instance_type(&self) -> InstanceType {
        self.0.publishable_key.instance_type()
    }

    /// Whether this is a development instance.
    #[must_use]
    pub fn is_development(&self) -> bool {
        self.instance_type() == InstanceType::Development
    }

    /// The Backend API's address, without the version.
    #[must_use]
    pub fn api_url(&self) -> &Url {
        &self.0.api_url
    }

    /// The Backend API's version as a path segment, such as `v1`.
    #[must_use]
    pub fn api_version(&self) -> &str {
        &self.0.api_version
    }

    /// The key session tokens are verified with when no key is to be fetched.
    #[must_use]
    pub fn jwt_key(&self) -> Option<&VerifyingKey> {
        self.0.jwt_key.as_ref()
    }

    /// The Frontend API proxy.
    #[must_use]
    pub fn proxy_url(&self) -> Option<&ProxyUrl> {
        self.0.proxy_url.as_ref()
    }

    /// Where a proxy passes requests for the Frontend API on to, if the application says so.
    pub(crate) fn frontend_api_url(&self) -> Option<&Url> {
        self.0.frontend_api_url.as_ref()
    }

    /// A satellite's own domain, without scheme.
    #[must_use]
    pub fn domain(&self) -> Option<&str> {
        self.0.domain.as_deref()
    }

    /// Whether this application is a satellite, so that people sign in on the primary.
    #[must_use]
    pub fn is_satellite(&self) -> bool {
        self.0.is_satellite
    }

    /// Whether a satellite asks the primary about a browser it has never seen.
    #[must_use]
    pub fn satellite_auto_sync(&self) -> bool {
        self.0.satellite_auto_sync
    }

    /// Origins of satellites that a development primary may send its development token to.
    #[must_use]
    pub fn satellite_origins(&self) -> &[Box<str>] {
        &self.0.satellite_origins
    }

    /// Whether a link from another origin asks for a handshake only if it comes from one of
    /// [`satellite_origins`](Self::satellite_origins).
    #[must_use]
    pub fn syncs_from_satellites_only(&self) -> bool {
        self.0.syncs_from_satellites_only
    }

    /// The application's own origins, as far as it names them.
    #[must_use]
    pub fn public_origins(&self) -> &PublicOrigins {
        &self.0.public_origins
    }

    /// Origins of other applications whose pages may send forms and scripts' requests here with cookies.
    #[must_use]
    pub fn allowed_request_origins(&self) -> &[Box<str>] {
        &self.0.allowed_request_origins
    }

    /// Other origins that the portal may send people back to.
    #[must_use]
    pub fn allowed_redirect_origins(&self) -> &[Box<str>] {
        &self.0.allowed_redirect_origins
    }

    /// Whether the addresses of the portal's pages are read from the instance.
    #[must_use]
    pub fn discovers_pages(&self) -> bool {
        self.0.discovers_pages
    }

    /// Whether an expired session is renewed for GET requests only.
    #[must_use]
    pub fn refreshes_on_get_only(&self) -> bool {
        self.0.refreshes_on_get_only
    }

    /// The application's own sign-in page: a path or an absolute address.
    #[must_use]
    pub fn sign_in_url(&self) -> Option<&str> {
        self.0.sign_in_url.as_deref()
    }

    /// The application's own sign-up page: a path or an absolute address.
    #[must_use]
    pub fn sign_up_url(&self) -> Option<&str> {
        self.0.sign_up_url.as_deref()
    }

    /// Where the portal sends people afterwards.
    #[must_use]
    pub fn after_redirects(&self) -> &AfterRedirects {
        &self.0.redirects
    }

    /// Origins whose tokens are accepted (`azp`); empty accepts all.
    #[must_use]
    pub fn authorized_parties(&self) -> &[Box<str>] {
        &self.0.authorized_parties
    }

    /// Audiences of which a token must name one if it names any; empty accepts all.
    #[must_use]
    pub fn audience(&self) -> &[Box<str>] {
        &self.0.audience
    }

    /// Issuers of which a token must name one; empty accepts all.
    #[must_use]
    pub fn issuers(&self) -> &[Box<str>] {
        &self.0.issuers
    }

    /// How far this machine's clock may be off, in milliseconds.
    #[must_use]
    pub fn clock_skew_millis(&self) -> i64 {
        self.0.clock_skew_millis
    }

    /// Which paths name an organization or the personal account.
    pub(crate) fn organization_patterns(&self) -> &OrganizationPatterns {
        &self.0.organization_patterns
    }

    /// Whether answers may say more than a visitor needs to know.
    #[must_use]
    pub fn is_debug(&self) -> bool {
        self.0.debug
    }
}

impl fmt::Debug for Instance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Instance")
            .field("publishable_key", &self.0.publishable_key)
            .field("secret_key", &self.0.secret_key)
            .field("api_url", &self.0.api_url.as_str())
            .field("proxy_url", &self.0.proxy_url)
            .field("domain", &self.0.domain)
            .field("is_satellite", &self.0.is_satellite)
            .field("sign_in_url", &self.0.sign_in_url)
            .field("sign_up_url", &self.0.sign_up_url)
            .finish_non_exhaustive()
    }
}
