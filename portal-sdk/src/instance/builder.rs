//! [`InstanceBuilder`]: the settings of an [`Instance`](super::Instance).

mod build;

use std::fmt;
use std::time::Duration;

use super::redact::redacted;
use super::{AfterRedirects, Satellite};

/// The settings of an [`Instance`](super::Instance); [`build`](Self::build) checks them.
///
/// Origins are strings or [`Origin`](super::Origin)s. For an invalid value, `build` returns an error that names the
/// setting.
///
/// ```
/// use std::time::Duration;
///
/// use portal_sdk::instance::Instance;
///
/// let builder = Instance::builder("pk_live_Y2xlcmsuZXhhbXBsZS5jb20k", "sk_live_example")
///     .public_origin("https://app.example.com")
///     .allowed_request_origins(["https://spa.example.com"])
///     .sign_in_fallback_redirect_url("/dashboard")
///     .clock_skew(Duration::from_secs(10));
/// let instance = builder.clone().build()?;
/// assert_eq!(instance.authorized_parties(), ["https://app.example.com"]);
///
/// let error = builder.allowed_request_origins(["spa.example.com"]).build().unwrap_err();
/// assert!(error.to_string().starts_with("allowed_request_origins: expected an origin"));
/// # Ok::<(), portal_sdk::instance::ConfigError>(())
/// ```
#[derive(Clone, Default)]
#[must_use = "a builder does nothing until `build` is called"]
pub struct InstanceBuilder {
    pub(super) publishable_key: String,
    pub(super) secret_key: String,
    pub(super) api_url: Option<String>,
    pub(super) api_version: Option<String>,
    pub(super) jwt_key: Option<String>,
    pub(super) proxy_url: Option<String>,
    pub(super) frontend_api_url: Option<String>,
    pub(super) satellite: Option<Satellite>,
    pub(super) satellite_origins: Vec<String>,
    pub(super) syncs_from_satellites_only: bool,
    pub(super) public_origin: Option<String>,
    pub(super) trusted_origins: Vec<String>,
    pub(super) allowed_request_origins: Vec<String>,
    pub(super) allowed_redirect_origins: Vec<String>,
    pub(super) discovers_pages: bool,
    pub(super) refreshes_on_get_only: bool,
    pub(super) sign_in_url: Option<String>,
    pub(super) sign_up_url: Option<String>,
    pub(super) after_redirects: AfterRedirects,
    pub(super) authorized_parties: Vec<String>,
    pub(super) audience: Vec<String>,
    pub(super) issuers: Vec<String>,
    pub(super) clock_skew: Option<Duration>,
    pub(super) organization_patterns: Vec<String>,
    pub(super) personal_account_patterns: Vec<String>,
    pub(super) is_debug: bool,
}

impl InstanceBuilder {
    pub(super) fn new(publishable_key: String, secret_key: String) -> Self {
        Self {
            publishable_key,
            secret_key,
            ..Self::default()
        }
    }

    /// The Backend API's base URL. A version at its end (`/v1`) is dropped with a warning.
    ///
    /// Default: the local portal inside the publishable key, else `https://api.clerk.com`.
    pub fn api_url(mut self, url: impl Into<String>) -> Self {
        self.api_url = Some(url.into());
        self
    }

    /// The Backend API's version as a path segment. Default: `v1`.
    pub fn api_version(mut self, version: impl Into<String>) -> Self {
        self.api_version = Some(version.into());
        self
    }

    /// The instance's public key in PEM, so that no key is fetched.
    ///
    /// Line ends may be missing, or written as spaces or as `\n`; the `BEGIN`/`END` lines may be missing.
    pub fn jwt_key(mut self, pem: impl Into<String>) -> Self {
        self.jwt_key = Some(pem.into());
        self
    }

    /// Sets where this application serves the Frontend API.
    ///
    /// An absolute http(s) URL, or a path below the public origin, usually `/__clerk`.
    pub fn proxy_url(mut self, url: impl Into<String>) -> Self {
        self.proxy_url = Some(url.into());
        self
    }

    /// Sets where this application's proxy forwards Frontend API requests.
    ///
    /// An absolute http(s) URL without a query string. Default: Clerk's, or the local portal inside the publishable
    /// key.
    pub fn frontend_api_url(mut self, url: impl Into<String>) -> Self {
        self.frontend_api_url = Some(url.into());
        self
    }

    /// Makes this application a satellite, whose users sign in on the primary (default: `None`).
    pub fn satellite(mut self, satellite: impl Into<Option<Satellite>>) -> Self {
        self.satellite = satellite.into();
        let proxy_url = self.satellite.as_mut().and_then(|satellite| satellite.proxy_url.take());
        self.proxy_url = proxy_url.or(self.proxy_url);
        self
    }

    /// Sets the satellites that may get the development browser's token.
    ///
    /// Loopback origins need not be listed. Default: empty.
    pub fn satellite_origins(mut self, origins: impl IntoIterator<Item: Into<String>>) -> Self {
        self.satellite_origins = strings(origins);
        self
    }

    /// Sets if only links from [`satellite_origins`](Self::satellite_origins) cause a handshake (default: `false`).
    ///
    /// Otherwise a link from any origin but Clerk's causes one, as in Clerk's SDK: each such visit costs a redirect.
    pub fn sync_from_satellites_only(mut self, is_on: bool) -> Self {
        self.syncs_from_satellites_only = is_on;
        self
    }

    /// The origin at which browsers reach this application, such as `https://app.example.com`.
    ///
    /// A request that names another origin, in `Host` or in forwarded headers, is treated as one for this origin.
    /// Unless [`authorized_parties`](Self::authorized_parties) are set, tokens must have been made for it.
    ///
    /// Include the path prefix that a proxy strips from requests, as in `https://example.com/shop`. Links, redirects
    /// and this crate's own cookies are then below it. Paths in settings and patterns do not include it (`/sign-in`,
    /// not `/shop/sign-in`). `X-Forwarded-Prefix` only chooses between several paths set here and in
    /// [`trusted_origins`](Self::trusted_origins).
    ///
    /// Behind a proxy that sends only `X-Forwarded-Port` or `Forwarded` (RFC 7239), set this, because those fields are
    /// never read.
    ///
    /// # Security
    ///
    /// Without this and [`trusted_origins`](Self::trusted_origins) the headers are trusted. A client that can send them
    /// through your proxy then chooses where users are redirected to.
    pub fn public_origin(mut self, origin: impl Into<String>) -> Self {
        self.public_origin = Some(origin.into());
        self
    }

    /// Sets the origins that a request may name (default: empty).
    ///
    /// An origin may have a path prefix. A request that names another origin is treated as one for the
    /// [`public_origin`](Self::public_origin), else for the first of these.
    pub fn trusted_origins(mut self, origins: impl IntoIterator<Item: Into<String>>) -> Self {
        self.trusted_origins = strings(origins);
        self
    }

    /// Sets other origins whose pages may send state-changing requests.
    ///
    /// An example is `https://spa.example.com`. Default: empty, so that such requests are rejected (403). The
    /// application's own origins need not be listed.
    ///
    /// # Security
    ///
    /// A page on one of these origins can do everything that its user may do here.
    pub fn allowed_request_origins(mut self, origins: impl IntoIterator<Item: Into<String>>) -> Self {
        self.allowed_request_origins = strings(origins);
        self
    }

    /// Sets other origins for redirects, such as `https://www.example.net`.
    ///
    /// The portal may send users there. Allow them at Clerk too. The application's own origins, the instance's domain
    /// with its subdomains, and in development the Frontend API are always allowed. Wildcards are not supported.
    pub fn allowed_redirect_origins(mut self, origins: impl IntoIterator<Item: Into<String>>) -> Self {
        self.allowed_redirect_origins = strings(origins);
        self
    }

    /// Sets if the portal's page URLs are read from the instance (default: `false`, derived).
    ///
    /// For instances whose Frontend API is not called `clerk.…`, or whose pages were moved. The URLs are read in the
    /// background from `GET /v1/environment` of the Frontend API, and again every hour. Until then, and during an
    /// outage, links use the last known or the derived URLs.
    pub fn discover_pages(mut self, is_on: bool) -> Self {
        self.discovers_pages = is_on;
        self
    }

    /// Sets if only GET requests refresh an expired session (default: `false`).
    ///
    /// Clerk's SDK behaves like `true`. Otherwise every method refreshes it, unless another site's page made the
    /// request, so that a form is not lost if filling it in took longer than a minute.
    pub fn refresh_on_get_only(mut self, is_on: bool) -> Self {
        self.refreshes_on_get_only = is_on;
        self
    }

    /// The application's own sign-in page instead of the portal's: a path or an absolute http(s) URL.
    pub fn sign_in_url(mut self, url: impl Into<String>) -> Self {
        self.sign_in_url = Some(url.into());
        self
    }

    /// The application's own sign-up page instead of the portal's: a path or an absolute http(s) URL.
    pub fn sign_up_url(mut self, url: impl Into<String>) -> Self {
        self.sign_up_url = Some(url.into());
        self
    }

    /// Sets where the portal always sends users after sign-in.
    ///
    /// A path or an absolute http(s) URL, which takes precedence over the link's. See
    /// <https://clerk.com/docs/guides/development/customize-redirect-urls>.
    pub fn sign_in_force_redirect_url(mut self, url: impl Into<String>) -> Self {
        self.after_redirects.sign_in_force = Some(url.into().into());
        self
    }

    /// Sets where the portal sends users after sign-in by default.
    ///
    /// A path or an absolute http(s) URL, for links without a return-back URL.
    pub fn sign_in_fallback_redirect_url(mut self, url: impl Into<String>) -> Self {
        self.after_redirects.sign_in_fallback = Some(url.into().into());
        self
    }

    /// Sets where the portal always sends users after sign-up.
    ///
    /// A path or an absolute http(s) URL, which takes precedence over the link's.
    pub fn sign_up_force_redirect_url(mut self, url: impl Into<String>) -> Self {
        self.after_redirects.sign_up_force = Some(url.into().into());
        self
    }

    /// Sets where the portal sends users after sign-up by default.
    ///
    /// A path or an absolute http(s) URL, for links without a return-back URL.
    pub fn sign_up_fallback_redirect_url(mut self, url: impl Into<String>) -> Self {
        self.after_redirects.sign_up_fallback = Some(url.into().into());
        self
    }

    /// Accepted authorized parties (claim `azp`). Default: the public origins; if they are unset, all.
    ///
    /// Examples are `https://app.example.com` and an extension's `chrome-extension://…`.
    ///
    /// # Security
    ///
    /// Without this and without a public origin, tokens made for other applications of the Clerk instance are accepted.
    pub fn authorized_parties(mut self, origins: impl IntoIterator<Item: Into<String>>) -> Self {
        self.authorized_parties = strings(origins);
        self
    }

    /// Accepted audiences (claim `aud`). Default: all. A token without the claim is accepted too.
    pub fn audience(mut self, audience: impl IntoIterator<Item: Into<String>>) -> Self {
        self.audience = strings(audience);
        self
    }

    /// Accepted issuers (claim `iss`), such as `https://clerk.example.com`. Default: the URLs of the Frontend API.
    ///
    /// These are the host of the publishable key, a production satellite's `clerk.<domain>`, and the
    /// [`proxy_url`](Self::proxy_url); a proxy path is resolved against each public origin. The list replaces all of
    /// them. A trailing slash is ignored.
    ///
    /// An application that only checks the tokens of other front ends, such as an API, needs this setting or `proxy_url`
    /// if these front ends are behind a proxy or on a satellite's domain. The issuer of their tokens is then the URL of this
    /// proxy or satellite.
    ///
    /// The default cannot be derived from a proxy path without a public origin, or in production with
    /// [`satellite_origins`](Self::satellite_origins). Then every issuer is accepted, and building the instance logs
    /// a warning.
    ///
    /// # Security
    ///
    /// The check refuses tokens of another instance that signs with the same key.
    pub fn issuers(mut self, issuers: impl IntoIterator<Item: Into<String>>) -> Self {
        self.issuers = strings(issuers);
        self
    }

    /// The tolerated difference between this machine's clock and Clerk's. Default: 5 seconds; at most a day.
    pub fn clock_skew(mut self, skew: Duration) -> Self {
        self.clock_skew = Some(skew);
        self
    }

    /// Sets patterns of paths that name an organization, such as `/orgs/:slug/(.*)`.
    ///
    /// Default: empty. For a user with another active organization, a handshake activates the named one.
    ///
    /// A pattern has a parameter `:id` or `:slug`. The syntax is that of the npm package `path-to-regexp` 6: `:name`
    /// matches one segment, `:name(expression)` and `(expression)` match the regular expression, `{…}` groups, `?`, `*`
    /// and `+` follow parameters and groups. Letter case and one trailing slash are ignored. An expression that needs
    /// more than linear time (look-around, back references) is rejected.
    ///
    /// Clerk leaves the active organization unchanged if the user is not a member of the named one. The signed-in state
    /// then has [`organization_mismatch`](crate::state::SignedInState::organization_mismatch), and guards and
    /// extractors reject the request. The same happens to requests that cannot be redirected, such as a script's.
    pub fn organization_patterns(mut self, patterns: impl IntoIterator<Item: Into<String>>) -> Self {
        self.organization_patterns = strings(patterns);
        self
    }

    /// Paths at which the personal account must be active, such as `/me/(.*)`. Default: empty.
    ///
    /// Tried after the [`organization_patterns`](Self::organization_patterns).
    pub fn personal_account_patterns(mut self, patterns: impl IntoIterator<Item: Into<String>>) -> Self {
        self.personal_account_patterns = strings(patterns);
        self
    }

    /// Sets whether responses carry `x-clerk-auth-message`, which explains a refusal. Default: `false`.
    ///
    /// # Security
    ///
    /// The message can name expected origins, key IDs and this machine's time. Leave it off in production.
    pub fn debug(mut self, is_on: bool) -> Self {
        self.is_debug = is_on;
        self
    }
}

impl fmt::Debug for InstanceBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InstanceBuilder")
            .field("publishable_key", &redacted(&self.publishable_key))
            .finish_non_exhaustive()
    }
}

fn strings(items: impl IntoIterator<Item: Into<String>>) -> Vec<String> {
    items.into_iter().map(Into::into).collect()
}
